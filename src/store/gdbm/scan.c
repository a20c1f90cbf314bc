/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a log by windows of a megabyte. A record is judged by its place, the 8 bytes before it and the log's key
 * alone, so behind a damaged stretch the next whole record is found by trying each place. */
#include "store/gdbm/scan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "store/gdbm/mend.h"
#include "store/gdbm/place.h"

#include "base/banned.h"

#define WINDOW (UINT64_C(1) << 20)
#define SECTOR 512

#define MEND_BUDGET (UINT64_C(256) << 20) /* 0.3 s */
#define FIND_MOST   16                    /* times the log */

void scan_open(struct scan *scan, const struct journal *journal, uint64_t known_end)
{
    *scan = (struct scan){.journal = journal,
                          .end = journal_start(journal),
                          .known_end = known_end,
                          .window_size = WINDOW,
                          .mend_budget = MEND_BUDGET};
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
        ssize_t got = place_read(scan->journal->fd, scan->window, scan->window_cap, place);
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
    if (record->head.type == 0 || record->head.zero != 0 || record->head.length > RECORD_MAX ||
        at.place + record->size > scan->journal->size)
        return ERR_NOT_FOUND;
    e = look(scan, at.place, record->size, &bytes);
    if (e)
        return e;
    size_t covered = record->size - sizeof(uint64_t);
    scan->hashed += record->size;
    memcpy(&tags[1], bytes + covered, sizeof(tags[1]));
    tags[0] = journal_tag(scan->journal, at, SPANS(span_of(bytes, covered)));
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
        record->mended = behind;
        scan->end = behind;
    }
    return e;
}

/* A head that looks like one costs its length: who could forge many would have us read for hours. */
static bool is_exhausted(const struct scan *scan)
{
    return scan->hashed > WINDOW + FIND_MOST * scan->journal->size;
}

/* A lost stretch that is one record with one wrong bit, or a wrong length, is lost no more. */
static enum err try_bits(struct scan *scan, struct journal_end before, struct scan_record *record)
{
    const uint8_t *bytes = NULL;
    uint64_t at;
    if (record->size > journal_record_size(RECORD_MAX))
        return ERR_OK;
    enum err e = look(scan, record->place, record->size, &bytes);
    if (e)
        return e;
    uint8_t *window = scan->window + (record->place - scan->window_at);
    const struct mend m = {.journal = scan->journal,
                           .before = before,
                           .bytes = window,
                           .size = record->size,
                           .budget = &scan->mend_budget};
    if (!mend_record(&m, &at))
        return ERR_OK;
    memcpy(&record->head, window, sizeof(record->head));
    memcpy(&record->mended.tag, window + at, sizeof(record->mended.tag));
    record->mended.place = record->place + at + sizeof(record->mended.tag);
    record->payload = span_of(window + sizeof(record->head), record->head.length);
    record->is_lost = false;
    record->is_mended = true;
    return ERR_OK;
}

/* Behind damage at scan->end: the next place that a whole record stands at, or the known end. */
static enum err skip_damage(struct scan *scan, struct scan_record *record)
{
    const struct journal_end start = scan->end;
    uint64_t from = start.place;
    struct record_head head = record->head;
    for (uint64_t place = from + 8; place <= scan->known_end; place += 8) {
        const uint8_t *at = NULL;
        uint64_t before;
        enum err e = look(scan, place - 8, 8, &at);
        if (e)
            return e;
        memcpy(&before, at, sizeof(before));
        const struct journal_end there = {.place = place, .tag = before};
        e = place == scan->known_end ? ERR_OK
            : is_exhausted(scan)     ? ERR_NOT_FOUND
                                     : try_record(scan, there, record);
        if (e == ERR_NOT_FOUND)
            continue;
        if (e)
            return e;
        scan->end = there;
        *record = (struct scan_record){.place = from,
                                       .size = place - from,
                                       .head = head,
                                       .is_lost = true};
        return try_bits(scan, start, record);
    }
    return ERR_NOT_FOUND;
}

static enum err read_word(struct scan *scan, uint64_t place, uint64_t *word)
{
    const uint8_t *at = NULL;
    enum err e = look(scan, place, sizeof(*word), &at);
    if (!e)
        memcpy(word, at, sizeof(*word));
    return e;
}

/* The end of the first whole record anywhere behind a broken one at `from`; ERR_NOT_FOUND for none. */
static enum err find_whole(struct scan *scan, uint64_t from, uint64_t *end)
{
    struct scan_record record;
    uint64_t tags[2];
    enum err e = ERR_NOT_FOUND;
    struct journal_end at = {.place = from + sizeof(at.tag)};
    while (e == ERR_NOT_FOUND && at.place + journal_record_size(0) <= scan->journal->size) {
        e = read_word(scan, at.place - sizeof(at.tag), &at.tag);
        if (!e)
            e = read_record(scan, at, &record, tags);
        if (!e && tags[0] != tags[1])
            e = ERR_NOT_FOUND;
        at.place += sizeof(at.tag);
        if (e == ERR_NOT_FOUND && is_exhausted(scan))
            e = ERR_DAMAGED; /* nobody can say that the log ends here */
    }
    if (!e)
        *end = record.place + record.size;
    return e;
}

/* Whether a record's place is empty up to the sector's end, though its sector has what stands before it. No
 * damage begins just there: a copy was made of it before that record was written, and of what stands behind it
 * afterwards. */
static enum err is_hole(struct scan *scan, uint64_t from, bool *is_it)
{
    uint64_t end = (from + SECTOR - 1) / SECTOR * SECTOR;
    uint64_t word = 0;
    enum err e = ERR_OK;
    *is_it = from < end;
    for (uint64_t place = from; !e && *is_it && place < end; place += sizeof(word)) {
        e = read_word(scan, place, &word);
        *is_it = word == 0;
    }
    return e;
}

/* Of a log that reached heard_end when its lock file was copied: whether a broken record's head and that
 * end's tag are both there. Where the log is only an older copy there are zeros in place of one of them. */
static enum err has_both_ends(struct scan *scan, uint64_t from)
{
    uint64_t head = 0, tag = 0;
    if (from >= scan->heard_end || scan->heard_end > scan->journal->size)
        return ERR_NOT_FOUND;
    enum err e = read_word(scan, from, &head);
    if (!e)
        e = read_word(scan, scan->heard_end - sizeof(tag), &tag);
    return !e && (head == 0 || tag == 0) ? ERR_NOT_FOUND : e;
}

/* The chain breaks where nobody knows whether the log ends: is that damage? If so, known_end is raised;
 * ERR_NOT_FOUND: it isn't. */
static enum err doubt_end(struct scan *scan)
{
    bool is_copied = false;
    uint64_t end = scan->heard_end;
    enum err e = is_hole(scan, scan->end.place, &is_copied);
    if (e || is_copied)
        return e ? e : ERR_NOT_FOUND;
    e = has_both_ends(scan, scan->end.place);
    if (e == ERR_NOT_FOUND)
        e = find_whole(scan, scan->end.place, &end);
    if (!e)
        scan->known_end = end;
    return e;
}

enum err scan_next(struct scan *scan, struct scan_record *record)
{
    *record = (struct scan_record){0};
    enum err e = try_record(scan, scan->end, record);
    if (e == ERR_NOT_FOUND && scan->end.place >= scan->known_end &&
        scan->end.place < scan->doubted_end) {
        enum err doubted = doubt_end(scan);
        e = doubted ? doubted : e;
    }
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
