/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal.h: the log of a shard, `log.<G>`: the truth, of which the index is only a view.
 *
 * Append-only. Each record's tag chains from the tag before it and covers its place, so the 8 bytes before a record
 * and the log's key suffice to check it, and a record that a disk has copied elsewhere is none. Callers hold the shard's lock for everything but journal_read. */
#ifndef SECMSG_STORE_GDBM_JOURNAL_H
#define SECMSG_STORE_GDBM_JOURNAL_H

#include "base/buf.h"
#include "store/gdbm/layout.h"

#define JOURNAL_FORMAT \
    2 /* of new logs; those of format 1, whose tags don't cover places, are read and appended to */
#define JOURNAL_NAME   32     /* room for a log's file name */
#define JOURNAL_UNBORN ".new" /* behind the name of one that isn't complete */

struct journal {
    int fd; /* -1 when closed */
    bool is_read_only;
    bool is_unborn; /* begun, and not yet complete: it grows without zeros ahead */
    uint64_t generation;
    uint64_t size; /* of the file: records, then zeros */
    uint64_t births;
    uint32_t format;
    uint64_t first_tag; /* what the first record chains from */
    uint8_t key[16];
};

/* Where a record goes, or what follows one. */
struct journal_end {
    uint64_t place;
    uint64_t tag; /* of the record before it */
};

/* The tag of a record behind `before`, over its parts. */
uint64_t journal_tag(const struct journal *j, struct journal_end before, const struct span parts[],
                     size_t n);

#define JOURNAL_CLOSED ((struct journal){.fd = -1})

struct journal_owner {
    const uint8_t *store_id; /* LAYOUT_STORE_ID_LEN bytes */
    unsigned shard;
    bool is_tried; /* a rebuild follows where the log is damaged, and names it */
};

void journal_name(char name[static JOURNAL_NAME], uint64_t generation, const char *suffix);

/* A log is made in three steps, and until the last has only its temporary name: begin, with records
 * appended after it; complete, which writes how many there are and syncs; publish. Syncing the directory is
 * the caller's. ERR_BUSY: another process is making that very log, or the temporary name has become another
 * file's. Whoever began a log has its flock till it is closed, and as long as that and the temporary name
 * are ours nobody else begins that generation. */
enum err journal_begin(struct journal *j, int dir, struct journal_owner owner,
                       uint64_t generation) MUST_USE;
enum err journal_complete(struct journal *j, uint64_t births) MUST_USE;
enum err journal_publish(const struct journal *j, int dir) MUST_USE;

/* Whether a log that was begun still has its temporary name, and that name is its own. */
bool journal_is_ours(const struct journal *j, int dir);

/* Instead of completing or publishing it: removes the temporary name if it is ours, and closes. */
void journal_abandon(struct journal *j, int dir);

/* ERR_NOT_FOUND, ERR_DAMAGED (not this shard's log, or a broken header), ERR_UNSUPPORTED, ERR_IO. */
enum err journal_open(struct journal *j, int dir, struct journal_owner owner, uint64_t generation,
                      bool is_read_only) MUST_USE;
void journal_close(struct journal *j);

/* Sees how far others have extended the file. */
enum err journal_measure(struct journal *j) MUST_USE;

/* Where the first record stands, and what it chains from. */
struct journal_end journal_start(const struct journal *j);

/* What a record with that payload takes up in all. */
uint64_t journal_record_size(uint64_t payload);

struct journal_append {
    enum record_type type;
    uint8_t flags;
    bool is_leaving; /* may use the headroom, because it makes room */
    uint32_t time;   /* both as in record_head */
    uint32_t age;
    struct span fixed; /* the payload: these two, one after the other */
    struct span rest;
};

/* Writes a record at *end and moves *end behind it. ERR_NO_SPACE or ERR_IO: *end as it was, and no
 * record stands there. */
enum err journal_append(struct journal *j, struct journal_end *end,
                        const struct journal_append *record) MUST_USE;

/* Makes the record at `place`, the last one, no record again, durably. */
enum err journal_void(struct journal *j, uint64_t place) MUST_USE;

/* Writes the tag that stands before end.place again, where a scan has shown it to be damaged. */
enum err journal_mend(struct journal *j, struct journal_end end) MUST_USE;

/* Whether `end` is the log's end: the tag stands before it, and no record chains behind it. ERR_OK,
 * ERR_DAMAGED, ERR_IO. */
enum err journal_check_end(const struct journal *j, struct journal_end end) MUST_USE;

/* Reads the record at `place`, whose payload has that length: its head, and its payload, appended to
 * out once its tag is right. Needs no lock. ERR_DAMAGED, ERR_IO, ERR_TOO_LARGE, ERR_NO_MEMORY. */
enum err journal_read(const struct journal *j, uint64_t place, uint64_t length,
                      struct record_head *head, struct buf *out) MUST_USE;

/* Writes the bytes from `from` to `to` again: rule 2 of the store. */
enum err journal_rewrite(struct journal *j, uint64_t from, uint64_t to) MUST_USE;

/* ERR_NO_SPACE for ENOSPC, EDQUOT, EFBIG; ERR_READ_ONLY for EROFS; else logged, and ERR_IO. */
enum err journal_failed(const struct journal *j, const char *what) MUST_USE;

#endif
