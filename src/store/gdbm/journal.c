/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log: made, opened, appended to. Invariant: behind the end that the marker names there are only
 * bytes that don't chain, so the log's end can be found from its content alone. */
#include "store/gdbm/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "crypto/keyed_hash.h"
#include "crypto/random.h"
#include "store/gdbm/ahead.h"
#include "store/gdbm/names.h"
#include "store/gdbm/place.h"

#include "base/banned.h"

#define ZEROS     65536
#define PARTS_MAX 4 /* that a tag is made of */

static const uint8_t zeros[ZEROS];

enum err journal_failed(const struct journal *j, const char *what)
{
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return ERR_NO_SPACE;
    if (errno == EROFS)
        return ERR_READ_ONLY;
    log_event(LOG_LEVEL_ERROR, "log_io_failed", "call=%s generation=%" PRIu64 " errno=%d", what,
              j->generation, errno);
    return ERR_IO;
}

static uint64_t header_tag(const struct journal_header *h)
{
    return keyed_hash(h->key, SPANS(span_of(h, offsetof(struct journal_header, tag))));
}

uint64_t journal_tag(const struct journal *j, struct journal_end before, const struct span parts[],
                     size_t n)
{
    struct span all[PARTS_MAX + 1] = {span_of(&before.tag, sizeof(before.tag))};
    if (j->format > 1)
        all[0] = span_of(&before, sizeof(before));
    memcpy(all + 1, parts, n * sizeof(parts[0]));
    return keyed_hash(j->key, all, n + 1);
}

static enum err write_at(const struct journal *j, const void *data, size_t n, uint64_t place)
{
    return place_write(j->fd, data, n, place) ? ERR_OK : journal_failed(j, "pwrite");
}

void journal_name(char name[static JOURNAL_NAME], uint64_t generation, const char *suffix)
{
    snprintf(name, JOURNAL_NAME, "log.%" PRIu64 "%s", generation, suffix);
}

static enum err fill_new(struct journal *j, struct journal_owner owner)
{
    struct journal_header h = {.magic = JOURNAL_MAGIC,
                               .format = JOURNAL_FORMAT,
                               .shard = owner.shard,
                               .generation = j->generation,
                               .time = clock_wall()};
    memcpy(h.store_id, owner.store_id, sizeof(h.store_id));
    random_bytes(h.key, sizeof(h.key));
    h.tag = header_tag(&h);
    j->format = h.format;
    j->first_tag = h.tag;
    memcpy(j->key, h.key, sizeof(j->key));
    enum err e = write_at(j, &h, sizeof(h), 0);
    bytes_wipe(&h, sizeof(h));
    j->size = sizeof(h);
    return e;
}

/* A file that somebody left half-way is taken over; one that somebody works on isn't. Whoever renamed it
 * while it was opened here has let go of the lock too. */
static enum err take_over(const struct journal *j, int dir, const char *name)
{
    if (flock(j->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? ERR_BUSY : journal_failed(j, "flock");
    return names_lead_to_open(dir, name, j->fd) ? ERR_OK : ERR_BUSY;
}

enum err journal_begin(struct journal *j, int dir, struct journal_owner owner, uint64_t generation)
{
    char name[JOURNAL_NAME];
    journal_name(name, generation, JOURNAL_UNBORN);
    *j = (struct journal){.generation = generation, .is_unborn = true};
    j->fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0)
        return journal_failed(j, "open");
    enum err e = take_over(j, dir, name);
    if (e) {
        journal_close(j);
        return e;
    }
    e = ftruncate(j->fd, 0) == 0 ? fill_new(j, owner) : journal_failed(j, "ftruncate");
    if (e)
        journal_abandon(j, dir);
    return e;
}

enum err journal_complete(struct journal *j, uint64_t births)
{
    struct journal_header h;
    if (place_read(j->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
        return journal_failed(j, "pread");
    h.births = births;
    h.tag = header_tag(&h);
    j->births = births;
    j->is_unborn = false;
    enum err e = write_at(j, &h, sizeof(h), 0);
    bytes_wipe(&h, sizeof(h));
    if (!e)
        e = ahead_extend(j, j->size + 2 * AHEAD_HEADROOM);
    if (!e && fsync(j->fd) != 0)
        e = journal_failed(j, "fsync");
    return e;
}

enum err journal_publish(const struct journal *j, int dir)
{
    char name[JOURNAL_NAME], unborn[JOURNAL_NAME];
    journal_name(name, j->generation, "");
    journal_name(unborn, j->generation, JOURNAL_UNBORN);
    if (!names_lead_to_open(dir, unborn, j->fd))
        return ERR_BUSY;
    return renameat(dir, unborn, dir, name) == 0 ? ERR_OK : journal_failed(j, "rename");
}

bool journal_is_ours(const struct journal *j, int dir)
{
    char unborn[JOURNAL_NAME];
    journal_name(unborn, j->generation, JOURNAL_UNBORN);
    return names_lead_to_open(dir, unborn, j->fd);
}

void journal_abandon(struct journal *j, int dir)
{
    char unborn[JOURNAL_NAME];
    journal_name(unborn, j->generation, JOURNAL_UNBORN);
    if (names_lead_to_open(dir, unborn, j->fd))
        unlinkat(dir, unborn, 0);
    journal_close(j);
}

static enum err check_header(struct journal *j, struct journal_owner owner)
{
    struct journal_header h;
    struct stat st;
    ssize_t n = place_read(j->fd, &h, sizeof(h), 0);
    if (n < 0 || fstat(j->fd, &st) != 0)
        return journal_failed(j, "pread");
    if (n != (ssize_t)sizeof(h) || h.magic != JOURNAL_MAGIC)
        return ERR_DAMAGED;
    if (h.format > JOURNAL_FORMAT)
        return ERR_UNSUPPORTED;
    if (h.tag != header_tag(&h) || h.shard != owner.shard || h.generation != j->generation ||
        memcmp(h.store_id, owner.store_id, sizeof(h.store_id)) != 0)
        return ERR_DAMAGED;
    j->size = (uint64_t)st.st_size;
    j->births = h.births;
    j->format = h.format;
    memcpy(j->key, h.key, sizeof(j->key));
    h.births = 0; /* they were counted only after the first record had been chained */
    j->first_tag = header_tag(&h);
    bytes_wipe(&h, sizeof(h));
    return ERR_OK;
}

enum err journal_open(struct journal *j, int dir, struct journal_owner owner, uint64_t generation,
                      bool is_read_only)
{
    char name[JOURNAL_NAME];
    journal_name(name, generation, "");
    *j = (struct journal){.generation = generation, .is_read_only = is_read_only};
    j->fd = openat(dir, name, (is_read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
    if (j->fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : journal_failed(j, "open");
    enum err e = check_header(j, owner);
    if ((e == ERR_DAMAGED && !owner.is_tried) || e == ERR_UNSUPPORTED)
        log_event(LOG_LEVEL_ERROR, "log_header_bad", "shard=%u file=%s error=\"%s\" do=\"%s\"",
                  owner.shard, name, err_text(e),
                  e == ERR_DAMAGED ? "restore its directory from the backup"
                                   : "use the secmsg that made it, or a later one");
    if (e)
        journal_close(j);
    return e;
}

void journal_close(struct journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    bytes_wipe(j->key, sizeof(j->key));
    j->fd = -1;
}

struct journal_end journal_start(const struct journal *j)
{
    return (struct journal_end){.place = sizeof(struct journal_header), .tag = j->first_tag};
}

uint64_t journal_record_size(uint64_t payload)
{
    return sizeof(struct record_head) + ((payload + 7) & ~UINT64_C(7)) + sizeof(uint64_t);
}

enum err journal_measure(struct journal *j)
{
    struct stat st;
    if (fstat(j->fd, &st) != 0)
        return journal_failed(j, "fstat");
    j->size = (uint64_t)st.st_size;
    return ERR_OK;
}

static enum err write_parts(struct journal *j, struct iovec *parts, int n, uint64_t place)
{
    while (n > 0) {
        ssize_t done = pwritev(j->fd, parts, n, (off_t)place);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return journal_failed(j, "pwritev");
        place += (uint64_t)done;
        for (; n > 0 && (size_t)done >= parts->iov_len; parts++, n--)
            done -= (ssize_t)parts->iov_len;
        if (n > 0) {
            parts->iov_base = (uint8_t *)parts->iov_base + done;
            parts->iov_len -= (size_t)done;
        }
    }
    return ERR_OK;
}

/* pwritev only reads what it is given, though its type doesn't say so. */
static struct iovec part(const void *data, size_t len)
{
    union {
        const void *in;
        void *out;
    } p = {.in = data};
    return (struct iovec){.iov_base = p.out, .iov_len = len};
}

enum err journal_append(struct journal *j, struct journal_end *end,
                        const struct journal_append *record)
{
    size_t length = record->fixed.len + record->rest.len;
    if (length > RECORD_MAX) /* nobody could read it */
        return ERR_TOO_LARGE;
    size_t pad = (8 - length % 8) % 8;
    uint64_t size = journal_record_size(length);
    enum err e = ahead_make_room(j, end->place + size, record->is_leaving);
    if (e)
        return e;
    struct record_head head = {.length = (uint32_t)length,
                               .type = (uint8_t)record->type,
                               .flags = record->flags,
                               .time = record->time,
                               .age = record->age};
    uint64_t tag = journal_tag(j, *end,
                               SPANS(span_of(&head, sizeof(head)), record->fixed, record->rest,
                                     span_of(zeros, pad)));
    struct iovec parts[] = {part(&head, sizeof(head)), part(record->fixed.data, record->fixed.len),
                            part(record->rest.data, record->rest.len), part(zeros, pad),
                            part(&tag, sizeof(tag))};
    e = write_parts(j, parts, 5, end->place);
    if (!e)
        *end = (struct journal_end){.place = end->place + size, .tag = tag};
    if (j->size < end->place)
        j->size = end->place;
    return e;
}

/* Eight aligned bytes lie in one sector, so this too happens whole or not at all. */
enum err journal_void(struct journal *j, uint64_t place)
{
    enum err e = write_at(j, zeros, sizeof(uint64_t), place);
    if (!e && fdatasync(j->fd) != 0)
        e = journal_failed(j, "fdatasync");
    return e;
}

enum err journal_mend(struct journal *j, struct journal_end end)
{
    return write_at(j, &end.tag, sizeof(end.tag), end.place - sizeof(end.tag));
}

/* Reads the record at `place` with the tag before it, and checks it. */
static enum err read_checked(const struct journal *j, uint64_t place, uint64_t length,
                             struct buf *raw)
{
    size_t size = sizeof(uint64_t) + journal_record_size(length);
    enum err e = buf_reserve(raw, size);
    if (e)
        return e;
    ssize_t n = place_read(j->fd, raw->data, size, place - sizeof(uint64_t));
    if (n < 0)
        return journal_failed(j, "pread");
    if ((size_t)n != size)
        return ERR_DAMAGED;
    raw->len = size;
    struct journal_end before = {.place = place};
    uint64_t tag;
    memcpy(&before.tag, raw->data, sizeof(before.tag));
    memcpy(&tag, raw->data + size - sizeof(tag), sizeof(tag));
    struct span record = span_of(raw->data + sizeof(before.tag), size - 2 * sizeof(tag));
    return journal_tag(j, before, &record, 1) == tag ? ERR_OK : ERR_DAMAGED;
}

enum err journal_check_end(const struct journal *j, struct journal_end end)
{
    struct {
        uint64_t tag;
        struct record_head head;
    } at = {0};
    ssize_t n = place_read(j->fd, &at, sizeof(at), end.place - sizeof(at.tag));
    if (n < 0)
        return journal_failed(j, "pread");
    if (n < (ssize_t)sizeof(at.tag) || at.tag != end.tag)
        return ERR_DAMAGED;
    if (at.head.type == 0)
        return ERR_OK;
    struct stat st;
    if (fstat(j->fd, &st) != 0)
        return journal_failed(j, "fstat");
    if (end.place + journal_record_size(at.head.length) > (uint64_t)st.st_size)
        return ERR_OK;
    struct buf raw = BUF_INIT(SIZE_MAX / 2);
    enum err e = read_checked(j, end.place, at.head.length, &raw);
    buf_free(&raw);
    return e == ERR_OK ? ERR_DAMAGED : e == ERR_DAMAGED ? ERR_OK : e;
}

enum err journal_read(const struct journal *j, uint64_t place, uint64_t length,
                      struct record_head *head, struct buf *out)
{
    struct buf raw = BUF_INIT(SIZE_MAX / 2);
    if (length > RECORD_MAX || place < sizeof(struct journal_header))
        return ERR_DAMAGED;
    enum err e = read_checked(j, place, length, &raw);
    if (!e)
        memcpy(head, raw.data + sizeof(uint64_t), sizeof(*head));
    if (!e && head->length != length)
        e = ERR_DAMAGED;
    if (!e)
        e = buf_append(out, raw.data + sizeof(uint64_t) + sizeof(*head), length);
    buf_free(&raw);
    return e;
}

enum err journal_rewrite(struct journal *j, uint64_t from, uint64_t to)
{
    uint8_t *block = malloc(ZEROS);
    enum err e = block == NULL ? ERR_NO_MEMORY : ERR_OK;
    while (!e && from < to) {
        size_t want = to - from < ZEROS ? (size_t)(to - from) : ZEROS;
        ssize_t n = place_read(j->fd, block, want, from);
        if (n <= 0)
            e = n < 0 ? journal_failed(j, "pread") : ERR_DAMAGED;
        else
            e = write_at(j, block, (size_t)n, from);
        from += n > 0 ? (uint64_t)n : 0;
    }
    free(block);
    return e;
}
