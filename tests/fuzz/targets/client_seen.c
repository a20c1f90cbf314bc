/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of what was shown, of any bytes: what is noted then is known, and nothing else of it. */
#include "client/seen.h"

#include "crypto/field.h"

#include <fcntl.h>

#include "tests/fuzz/fuzz.h"

#define ID "000102030405060708090a0b0c0d0e0f"

static char path[256];
static int dir;

void fuzz_start(void)
{
    snprintf(path, sizeof(path), "%s/seen", fuzz_directory());
    dir = open(fuzz_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void fuzz_one(struct span in)
{
    struct seen seen, again;
    enum seen_found found;
    struct seen_message message = {.id = ID,
                                   .sender = "alice",
                                   .is_signed = fuzz_take_byte(&in) % 2};
    fuzz_write_file(path, in);
    FUZZ_OK(seen_open(&seen, dir));
    FUZZ_OK(seen_look(&seen, &message, &found));
    if (found == SEEN_NEVER) {
        FUZZ_OK(seen_add(&seen, &message));
        FUZZ_OK(seen_look(&seen, &message, &found));
        FUZZ_HOLDS(found == SEEN_SAME);
    }
    enum seen_found before = found;
    FUZZ_OK(seen_open(&again, dir));
    FUZZ_OK(seen_look(&again, &message, &found));
    FUZZ_HOLDS(found == before);
    message.id = "ffffffffffffffffffffffffffffffff";
    FUZZ_OK(seen_look(&again, &message, &found));
    FUZZ_HOLDS(found == SEEN_NEVER || memmem(in.data, in.len, message.id, FIELD_ID_LEN) != NULL);
    seen_close(&seen);
    seen_close(&again);
}
