/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot id is the kernel's own file, which is what sd_id128_get_boot reads; libsystemd for it alone would cost
 * each process 0.4 ms. */
#include "base/boot.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"

#include "base/banned.h"

static bool is_known;
static uint8_t known[BOOT_ID_LEN];

/* Hex digits, with hyphens between some. */
static bool parse(struct span text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < 2 * sizeof(known); i++) {
        uint8_t digit = text.data[i];
        if (digit == '-')
            continue;
        digit = digit >= 'a' && digit <= 'f' ? (uint8_t)(digit - 'a' + 10) : (uint8_t)(digit - '0');
        if (digit > 15)
            return false;
        known[n / 2] = (uint8_t)(known[n / 2] << 4 | digit);
        n++;
    }
    return n == 2 * sizeof(known);
}

enum err boot_id(uint8_t id[static BOOT_ID_LEN])
{
    if (!is_known) {
        struct buf text = BUF_INIT(64);
        is_known = !file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &text) &&
                   parse(buf_span(&text));
        buf_free(&text);
    }
    memcpy(id, known, BOOT_ID_LEN);
    return is_known ? ERR_OK : ERR_UNSUPPORTED;
}
