/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first bytes of a log, and the two pages of a lock file: any bytes, some with a right check. */
#include "store/gdbm/journal.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "store/gdbm/marker.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t store_id[LAYOUT_STORE_ID_LEN] = {4}, boot[LAYOUT_BOOT_LEN] = {5};
static struct keys keys;
static char path[256];
static int dir;

void fuzz_start(void)
{
    dir = open(fuzz_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof(path), "%s/log.7", fuzz_directory());
    FUZZ_OK(keys_derive(&keys, SPAN("secret"), span_of(store_id, sizeof(store_id))));
}

static void check_log(struct span in)
{
    struct journal j = JOURNAL_CLOSED;
    struct journal_header h = {.magic = 0};
    const struct journal_owner owner = {.store_id = store_id, .shard = 3, .is_tried = true};
    uint8_t fixed = fuzz_take_byte(&in);
    memcpy(&h, in.data, in.len < sizeof(h) ? in.len : sizeof(h));
    if (fixed & 1) {
        h.magic = JOURNAL_MAGIC;
        h.format = fixed & 2 ? JOURNAL_FORMAT : h.format;
        h.shard = fixed & 4 ? 3 : h.shard;
        h.generation = fixed & 8 ? 7 : h.generation;
        memcpy(h.store_id, store_id, fixed & 16 ? sizeof(store_id) : 0);
        h.tag = keyed_hash(h.key, SPANS(span_of(&h, offsetof(struct journal_header, tag))));
    }
    fuzz_write_file(path, span_of(&h, in.len < sizeof(h) && !(fixed & 1) ? in.len : sizeof(h)));
    enum err e = journal_open(&j, dir, owner, 7, false);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_DAMAGED || e == ERR_UNSUPPORTED);
    FUZZ_HOLDS(e != ERR_OK ||
               (h.generation == 7 && h.shard == 3 &&
                memcmp(h.store_id, store_id, sizeof(store_id)) == 0 && j.births == h.births));
    FUZZ_HOLDS((e == ERR_OK) == (j.fd >= 0));
    journal_close(&j);
}

static void put(int fd, struct span bytes, off_t at)
{
    FUZZ_HOLDS(pwrite(fd, bytes.data, bytes.len, at) == (ssize_t)bytes.len);
}

static void check_marker(struct span in)
{
    struct marker marker = {.magic = 0}, read;
    struct durable durable = {.magic = 0};
    uint8_t fixed = fuzz_take_byte(&in);
    memcpy(&marker, in.data, in.len < sizeof(marker) ? in.len : sizeof(marker));
    fuzz_take(&in, sizeof(marker));
    memcpy(&durable, in.data, in.len < sizeof(durable) ? in.len : sizeof(durable));
    int fd = fuzz_memory_file(SPAN(""));
    const struct marker_file file =
        {.fd = fd, .shard = 3, .keys = &keys, .boot = boot, .device = 1, .inode = 2};
    if (fixed & 1) {
        marker.magic = MARKER_MAGIC;
        memcpy(marker.boot, boot, fixed & 2 ? sizeof(boot) : 0);
        marker.lock_device = fixed & 4 ? 1 : marker.lock_device;
        marker.lock_inode = fixed & 4 ? 2 : marker.lock_inode;
        marker.checksum = keys_check_marker(&keys, 3, &marker);
    }
    if (fixed & 8) {
        durable.magic = DURABLE_MAGIC;
        durable.lock_inode = fixed & 16 ? 2 : durable.lock_inode;
        durable.checksum = keys_check_durable(&keys, 3, &durable);
    }
    put(fd, span_of(&marker, sizeof(marker)), 0);
    put(fd, span_of(&durable, sizeof(durable)), LAYOUT_DURABLE_OFFSET);
    enum err e = marker_read(&file, &read);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_NOT_FOUND);
    FUZZ_HOLDS((e == ERR_OK) == ((fixed & 7) == 7) || (fixed & 1));
    if (e == ERR_OK)
        FUZZ_HOLDS(memcmp(&read, &marker, sizeof(read)) == 0 && read.lock_inode == 2);
    uint64_t end = marker_durable_end(&file, durable.generation);
    FUZZ_HOLDS(end == 0 || ((fixed & 8) && end == durable.end));
    struct marker_origin origin = marker_origin(&file, durable.generation);
    FUZZ_HOLDS(origin.durable == 0 || origin.durable == durable.end);
    (void)!marker_raise_durable(&file, 9, 4096);
    FUZZ_HOLDS(marker_durable_end(&file, 9) >= 4096 || durable.generation >= 9);
    close(fd);
}

void fuzz_one(struct span in)
{
    if (fuzz_take_byte(&in) % 2)
        check_marker(in);
    else
        check_log(in);
}
