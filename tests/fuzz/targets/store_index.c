/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An index whose bytes changed behind its marker's back, as a disk changes them, or that is any bytes: whatever GDBM
 * makes of it, no call crashes or hangs, and what is found is what was put there. */
#include "store/gdbm/index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define ENTRIES 40

static struct keys keys;
static struct buf whole; /* a good file */
static char path[256];
static int dir;

struct place {
    uint8_t key[INDEX_KEY_LEN];
    uint64_t value[INDEX_LARGE / sizeof(uint64_t)];
    size_t size;
};

static struct place make(unsigned n)
{
    struct place p = {.size = n % 3 == 0 ? INDEX_LARGE : INDEX_SMALL};
    uint64_t number = n;
    keys_entry(&keys, p.key, n % 3 == 0 ? ENTRY_CHUNK : ENTRY_ID, span_of(&number, sizeof(number)),
               SPAN(""));
    for (size_t i = 1; i < p.size / sizeof(uint64_t); i++)
        p.value[i] = n;
    return p;
}

static struct buf read_file(void)
{
    struct buf content = BUF_INIT(64 << 20);
    uint8_t block[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0;)
        FUZZ_OK(buf_append(&content, block, (size_t)n));
    close(fd);
    return content;
}

void fuzz_start(void)
{
    struct index *index = NULL;
    dir = open(fuzz_directory(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof(path), "%s/" INDEX_NAME, fuzz_directory());
    FUZZ_OK(keys_derive(&keys, SPAN("secret"), SPAN("0123456789abcdef")));
    FUZZ_OK(index_open(&index, dir, INDEX_NAME, &keys, true));
    for (unsigned n = 0; n < ENTRIES; n++) {
        struct place p = make(n);
        FUZZ_OK(index_put(index, p.key, p.value, p.size));
    }
    for (unsigned n = 0; n < ENTRIES; n += 7) { /* holes */
        struct place p = make(n);
        FUZZ_OK(index_remove(index, p.key, p.size));
    }
    FUZZ_OK(index_flush(index));
    index_drop(index);
    whole = read_file();
}

static void write_damaged(struct span *in)
{
    struct buf copy = BUF_INIT(64 << 20);
    uint8_t how = fuzz_take_byte(in);
    FUZZ_OK(buf_append_span(&copy, buf_span(&whole)));
    for (unsigned n = how % 8; n > 0; n--) {
        uint8_t width = fuzz_take_byte(in);
        /* Most of what GDBM believes stands in its header and directory. */
        size_t at = fuzz_take_number(in, width & 128 ? 4096 : (uint32_t)copy.len) % copy.len;
        struct span bytes = fuzz_take(in, width % 16 + 1);
        for (size_t i = 0; i < bytes.len && at + i < copy.len; i++)
            copy.data[at + i] = bytes.data[i];
    }
    if (how & 64)
        buf_truncate(&copy, fuzz_take_number(in, (uint32_t)copy.len));
    if (how & 128)
        buf_clear(&copy);
    if (how & 128)
        FUZZ_OK(buf_append_span(&copy, *in));
    fuzz_write_file(path, buf_span(&copy));
    buf_free(&copy);
}

static void check_size(void)
{
    struct stat st;
    FUZZ_HOLDS(stat(path, &st) == 0 && st.st_size < 256 << 20);
}

/* What is found is right, or found to be wrong. */
static bool use(struct index *index, unsigned n, uint8_t what)
{
    struct place p = make(n), found = {.size = 0};
    enum err e;
    switch (what % 4) {
    case 0:
        e = index_put(index, p.key, p.value, p.size);
        break;
    case 1:
        e = index_remove(index, p.key, p.size);
        break;
    case 2:
        e = index_flush(index);
        break;
    default:
        e = index_get(index, p.key, found.value, p.size);
        FUZZ_HOLDS(e != ERR_OK || memcmp(found.value + 1, p.value + 1, p.size - 8) == 0);
    }
    return e == ERR_OK || e == ERR_NOT_FOUND;
}

static void use_all(struct index *index, struct span in)
{
    bool is_good = true;
    for (unsigned n = 0; is_good && n < ENTRIES; n++)
        is_good = use(index, n, 3);
    for (unsigned i = 0; is_good && in.len > 0 && i < 64; i++) {
        uint8_t what = fuzz_take_byte(&in);
        is_good = use(index, what / 4, what);
    }
    if (is_good)
        (void)!index_flush(index);
}

static void compare(void)
{
    struct index *a = NULL, *b = NULL;
    uint64_t differences;
    if (index_open_read_only(&a, dir, INDEX_NAME, &keys) == ERR_OK &&
        index_open_in_memory(&b, dir, &keys) == ERR_OK)
        (void)!index_compare(a, b, &differences);
    index_drop(a);
    index_drop(b);
}

void fuzz_one(struct span in)
{
    struct index *index = NULL;
    write_damaged(&in);
    compare();
    enum err e = index_open(&index, dir, INDEX_NAME, &keys, false);
    FUZZ_HOLDS((e == ERR_OK) == (index != NULL));
    if (e == ERR_OK)
        use_all(index, in);
    index_drop(index);
    check_size();
}
