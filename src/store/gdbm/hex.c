/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Half the bytes for what an index holds most of. */
#include "store/gdbm/hex.h"

#include "base/banned.h"

static uint8_t value_of(char digit)
{
    return (uint8_t)(digit >= 'a' ? digit - 'a' + 10 : digit - '0');
}

void hex_to_id(uint8_t id[static LAYOUT_ID_LEN], const char *text)
{
    for (size_t i = 0; i < LAYOUT_ID_LEN; i++)
        id[i] = (uint8_t)(value_of(text[2 * i]) << 4 | value_of(text[2 * i + 1]));
}

void hex_from_id(char text[static FIELD_ID_SIZE], const uint8_t id[static LAYOUT_ID_LEN])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < LAYOUT_ID_LEN; i++) {
        text[2 * i] = digits[id[i] >> 4];
        text[2 * i + 1] = digits[id[i] & 15];
    }
    text[FIELD_ID_LEN] = '\0';
}
