/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The archive's file, damaged in any way: what is read is what was written, and what is added then is found. */
#include "client/archive.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define ID    "000102030405060708090a0b0c0d0e0f"
#define LINES 3

static const uint8_t key[FERNET_KEY_LEN] = {3};
static char path[256];
static int dir;
static struct buf whole; /* a file of three messages */

static struct record make(unsigned n)
{
    struct record record = {.kind = RECORD_SENT, .id = ID, .peer = "bob", .type = "text/plain"};
    record.id[0] = (char)('0' + n);
    return record;
}

static void add(unsigned n)
{
    struct archive archive;
    struct record record = make(n);
    FUZZ_OK(archive_open(&archive, dir, key));
    FUZZ_OK(archive_add(&archive, &record, SPAN("body")));
    archive_close(&archive);
}

void fuzz_start(void)
{
    snprintf(path, sizeof(path), "%s/archive", fuzz_directory());
    dir = open(fuzz_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned n = 0; n < LINES; n++)
        add(n);
    whole = BUF_INIT(1 << 20);
    FILE *file = fopen(path, "re");
    for (int c; (c = getc(file)) != EOF;)
        FUZZ_OK(buf_append_byte(&whole, (uint8_t)c));
    fclose(file);
}

/* Changes that the input lists, to a copy; then what is left of the input behind it. */
static void damage(struct span in)
{
    struct buf copy = BUF_INIT(1 << 20);
    FUZZ_OK(buf_append_span(&copy, buf_span(&whole)));
    for (unsigned changes = fuzz_take_byte(&in) % 4; changes > 0; changes--) {
        size_t at = fuzz_take_number(&in, 65536);
        copy.data[at % copy.len] ^= fuzz_take_byte(&in);
    }
    buf_truncate(&copy, copy.len - fuzz_take_number(&in, 65536) % (copy.len + 1));
    FUZZ_OK(buf_append_span(&copy, in));
    fuzz_write_file(path, buf_span(&copy));
    buf_free(&copy);
}

static unsigned read_all(struct archive *archive, const char *prefix)
{
    struct archive_entry entry;
    unsigned found = 0;
    enum err e;
    archive_rewind(archive, prefix);
    while ((e = archive_next(archive, &entry)) == ERR_OK) {
        struct buf body = BUF_INIT(1 << 20);
        FUZZ_HOLDS(strncmp(entry.record.id, prefix, strlen(prefix)) == 0);
        e = archive_read(archive, &entry, &body);
        FUZZ_HOLDS(e == ERR_OK || e == ERR_DAMAGED);
        FUZZ_HOLDS(e != ERR_OK || span_equal(buf_span(&body), SPAN("body")));
        buf_free(&body);
        found++;
    }
    FUZZ_HOLDS(e == ERR_NOT_FOUND);
    return found;
}

void fuzz_one(struct span in)
{
    struct archive archive;
    struct record last = make(LINES);
    bool is_there = false;
    damage(in);
    FUZZ_OK(archive_open(&archive, dir, key));
    unsigned before = read_all(&archive, "");
    FUZZ_OK(archive_look(&archive, &last, &is_there));
    FUZZ_HOLDS(!is_there);
    FUZZ_OK(archive_add(&archive, &last, SPAN("body")));
    FUZZ_OK(archive_look(&archive, &last, &is_there));
    FUZZ_HOLDS(is_there);
    FUZZ_HOLDS(read_all(&archive, "") == before + 1);
    FUZZ_HOLDS(read_all(&archive, "3001") == 1);
    archive_close(&archive);
}
