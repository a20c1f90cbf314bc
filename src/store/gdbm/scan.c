/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a log by windows of a megabyte. A record is judged by the 8 bytes before it and the log's key
 * alone, so behind a damaged stretch the next whole record is found by trying each place. */
#include "store/gdbm/scan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/keyed_hash.h"

#include "base/banned.h"

#define WINDOW (UINT64_C(1) << 20)

void scan_open(struct scan *scan, const struct journal *journal, uint64_t known_end)
{
    *scan = (struct scan){.journal = journal,
                          .end = journal_start(journal),
                          .known_end = known_end,
                          .window_size = WINDOW};
}

void scan_close(struct scan *scan)
{
    free(scan->window);
    *scan = (struct scan){0};
}

/* Makes bytes [place, place + n) of the file readable at *bytes; the caller knows that they exist. */
static enum err look(struct scan *scan, uint64_t place, uint64_t n, const uint8_t **bytes)
{
    if (place < scan->window_at || place + n > scan->window_at + scan->window_len) {
        uint64_t cap = n > scan->window_size ? n : scan->window_size;
        if (cap > scan->window_cap) {
            free(scan->window);
            scan->window = malloc(cap);
            scan->window_cap = scan->window == NULL ? 0 : cap;
        }
        scan->window_len = 0;
        if (scan->window == NULL)
            return ERR_NO_MEMORY;
        ssize_t got = pread(scan->journal->fd, scan->window, scan->window_cap, (off_t)place);
        if (got < 0)
            return journal_failed(scan->journal, "pread");
        if ((uint64_t)got < n)
            return ERR_NOT_FOUND;
        scan->window_at = place;
        scan->window_len = (uint64_t)got;
    }
    *bytes = scan->window + (place - scan->window_at);
    return ERR_OK;
}

/* Reads what stands at `place` as a record: its right tag, were it one, and the tag it has. ERR_NOT_FOUND
 * where no record can stand. */
static enum err read_record(struct scan *scan, struct journal_end at, struct scan_record *record,
                            uint64_t tags[static 2])
{
    const uint8_t *bytes = NULL;
    if (at.place + journal_record_size(0) > scan->journal->size)
        return ERR_NOT_FOUND;
    enum err e = look(scan, at.place, sizeof(struct record_head), &bytes);
    if (e)
        return e;
    memcpy(&record->head, bytes, sizeof(record->head));
    record->place = at.place;
    record->size = journal_record_size(record->head.length);
    if (record->head.type == 0 || record->head.zero != 0 ||
        at.place + record->size > scan->journal->size)
        return ERR_NOT_FOUND;
    e = look(scan, at.place, record->size, &bytes);
    if (e)
        return e;
    size_t covered = record->size - sizeof(uint64_t);
    memcpy(&tags[1], bytes + covered, sizeof(tags[1]));
    tags[0] = keyed_hash(scan->journal->key,
                         SPANS(span_of(&at.tag, sizeof(at.tag)), span_of(bytes, covered)));
    record->payload = span_of(bytes + sizeof(record->head), record->head.length);
    return ERR_OK;
}

/* Judges the record at `at`: ERR_OK, or ERR_NOT_FOUND if there is none that chains. */
static enum err try_record(struct scan *scan, struct journal_end at, struct scan_record *record)
{
    uint64_t tags[2];
    enum err e = read_record(scan, at, record, tags);
    if (!e && tags[0] != tags[1])
        e = ERR_NOT_FOUND;
    if (!e)
        scan->end = (struct journal_end){.place = at.place + record->size, .tag = tags[0]};
    return e;
}

/* Judges a broken record by the next one: if that chains from the tag that this one should have, nothing
 * but the tag is damaged. */
static enum err try_mend(struct scan *scan, struct scan_record *record)
{
    uint64_t tags[2];
    uint64_t next_tags[2];
    struct scan_record next;
    enum err e = read_record(scan, scan->end, record, tags);
    if (e)
        return e;
    struct journal_end behind = {.place = scan->end.place + record->size, .tag = tags[0]};
    e = read_record(scan, behind, &next, next_tags);
    if (!e && next_tags[0] != next_tags[1])
        e = ERR_NOT_FOUND;
    if (!e)
        e = read_record(scan, scan->end, record, tags); /* the window may have moved */
    if (!e) {
        record->is_mended = true;
        scan->end = behind;
    }
    return e;
}

/* Behind damage at scan->end: the next place that a whole record stands at, or the known end. */
static enum err skip_damage(struct scan *scan, struct scan_record *record)
{
    uint64_t from = scan->end.place;
    struct record_head head = record->head;
    for (uint64_t place = from + 8; place <= scan->known_end; place += 8) {
        const uint8_t *at = NULL;
        uint64_t before;
        enum err e = look(scan, place - 8, 8, &at);
        if (e)
            return e;
        memcpy(&before, at, sizeof(before));
        const struct journal_end there = {.place = place, .tag = before};
        e = place == scan->known_end ? ERR_OK : try_record(scan, there, record);
        if (e == ERR_NOT_FOUND)
            continue;
        if (e)
            return e;
        scan->end = there;
        *record = (struct scan_record){.place = from,
                                       .size = place - from,
                                       .head = head,
                                       .is_lost = true};
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

enum err scan_next(struct scan *scan, struct scan_record *record)
{
    *record = (struct scan_record){0};
    enum err e = try_record(scan, scan->end, record);
    if (e == ERR_NOT_FOUND && scan->end.place < scan->known_end)
        e = try_mend(scan, record);
    if (e == ERR_NOT_FOUND && scan->end.place < scan->known_end)
        e = skip_damage(scan, record);
    return e;
}

enum err scan_check(const struct journal *journal, uint64_t from, struct journal_end end)
{
    struct scan scan;
    struct scan_record record;
    const uint8_t *tag = NULL;
    enum err e = ERR_OK;
    scan_open(&scan, journal, 0);
    if (end.place - from < scan.window_size)
        scan.window_size = end.place - from + sizeof(end.tag);
    if (from > scan.end.place) {
        e = look(&scan, from - sizeof(end.tag), sizeof(end.tag), &tag);
        scan.end.place = from;
    }
    if (tag != NULL)
        memcpy(&scan.end.tag, tag, sizeof(scan.end.tag));
    while (!e && scan.end.place < end.place)
        e = scan_next(&scan, &record);
    if (e == ERR_NOT_FOUND || (!e && (scan.end.place != end.place || scan.end.tag != end.tag)))
        e = ERR_DAMAGED;
    scan_close(&scan);
    return e;
}
