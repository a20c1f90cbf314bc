/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A shard's log, written by the input and then damaged by it: what is read of it was written, each record once and in
 * order; without damage all of it is, and a mended record is what it was. */
#include "store/gdbm/scan.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define RECORDS 24
/* Of bytes to hash: enough to find a bit in a small record, and not a third of a second. */
#define MEND_BUDGET (UINT64_C(1) << 20)

static const uint8_t store_id[LAYOUT_STORE_ID_LEN] = {4};
static const struct journal_owner owner = {.store_id = store_id, .shard = 3, .is_tried = true};
static int dir;

/* What was written. */
struct written {
    struct record_head head;
    uint64_t place;
    struct span payload;
};

struct book {
    struct written records[RECORDS];
    size_t n;
    struct journal_end end;
    struct span in;
    bool is_damaged;
};

void fuzz_start(void)
{
    dir = open(fuzz_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void write_log(struct journal *j, struct book *book)
{
    static const enum record_type types[] = {RECORD_PUT, RECORD_ACK, RECORD_REGISTER, RECORD_VOID};
    size_t n = fuzz_take_byte(&book->in) % (RECORDS + 1);
    FUZZ_OK(journal_begin(j, dir, owner, 1));
    FUZZ_OK(journal_complete(j, 0));
    book->end = journal_start(j);
    for (; book->n < n; book->n++) {
        uint8_t kind = fuzz_take_byte(&book->in);
        struct span payload = fuzz_take(&book->in, fuzz_take_number(&book->in, 700));
        const struct journal_append a = {.type = types[kind % 4],
                                         .flags = kind >> 7,
                                         .is_leaving = kind & 64,
                                         .time = kind,
                                         .age = kind,
                                         .fixed = span_of(payload.data, payload.len / 2),
                                         .rest = span_of(payload.data + payload.len / 2,
                                                         payload.len - payload.len / 2)};
        book->records[book->n] = (struct written){.place = book->end.place, .payload = payload};
        book->records[book->n].head.type = (uint8_t)a.type;
        FUZZ_OK(journal_append(j, &book->end, &a));
    }
}

static void change(const struct journal *j, uint64_t at, struct span bytes)
{
    FUZZ_HOLDS(pwrite(j->fd, bytes.data, bytes.len, (off_t)at) == (ssize_t)bytes.len);
}

/* Bits turned, bytes overwritten, records copied elsewhere, the file cut. */
static void damage(struct journal *j, struct book *book)
{
    uint64_t size = book->end.place + 1024;
    for (unsigned n = fuzz_take_byte(&book->in) % 4; n > 0; n--) {
        uint64_t at = sizeof(struct journal_header) +
                      fuzz_take_number(&book->in, (uint32_t)(size - sizeof(struct journal_header)));
        uint8_t how = fuzz_take_byte(&book->in), bytes[512] = {0};
        book->is_damaged = true;
        if (how < 128) {
            ssize_t got = pread(j->fd, bytes, 1, (off_t)at); /* 0: it was cut off before */
            bytes[0] ^= (uint8_t)(1u << how % 8);
            change(j, at, span_of(bytes, (size_t)got));
        } else if (how < 192) {
            change(j, at, fuzz_take(&book->in, how - 127));
        } else if (how < 250) {
            uint64_t from = fuzz_take_number(&book->in, (uint32_t)size);
            ssize_t got = pread(j->fd, bytes, sizeof(bytes), (off_t)(from & ~UINT64_C(7)));
            change(j, at & ~UINT64_C(7), span_of(bytes, (size_t)got));
        } else {
            FUZZ_HOLDS(ftruncate(j->fd, (off_t)at) == 0);
        }
    }
    FUZZ_OK(journal_measure(j));
}

/* Which of the written records this is: the same place, type and bytes. */
static void check_record(const struct book *book, const struct scan_record *record)
{
    for (size_t i = 0; i < book->n; i++) {
        const struct written *w = &book->records[i];
        if (w->place == record->place) {
            FUZZ_HOLDS(w->head.type == record->head.type);
            FUZZ_HOLDS(span_equal(w->payload, record->payload));
            return;
        }
    }
    fuzz_fail(__FILE__, __LINE__, "somebody wrote this record");
}

static void read_log(const struct journal *j, const struct book *book, const struct scan *limits)
{
    struct scan scan;
    struct scan_record record;
    uint64_t place = 0;
    size_t n = 0;
    enum err e;
    scan_open(&scan, j, limits->known_end);
    scan.mend_budget = MEND_BUDGET;
    scan.doubted_end = limits->doubted_end;
    scan.heard_end = limits->heard_end;
    while ((e = scan_next(&scan, &record)) == ERR_OK) {
        FUZZ_HOLDS(record.place > place || (place == 0 && n == 0));
        FUZZ_HOLDS(record.size > 0 && record.place % 8 == 0 && record.size % 8 == 0);
        place = record.place;
        if (!record.is_lost) {
            check_record(book, &record);
            n++;
        }
        FUZZ_HOLDS(book->is_damaged || (!record.is_lost && !record.is_mended));
    }
    FUZZ_HOLDS(e == ERR_NOT_FOUND);
    FUZZ_HOLDS(n <= book->n && (book->is_damaged || n == book->n));
    FUZZ_HOLDS(book->is_damaged ||
               (scan.end.place == book->end.place && scan.end.tag == book->end.tag));
    scan_close(&scan);
}

/* Any place and length, as an index that is wrong would have them. */
static void read_anywhere(const struct journal *j, struct book *book)
{
    struct record_head head;
    struct buf out = BUF_INIT(1 << 20);
    uint64_t place = fuzz_take_number(&book->in, 65536);
    uint64_t length = fuzz_take_number(&book->in, UINT32_MAX);
    (void)!journal_read(j, place, length % 1000, &head, &out);
    enum err e = journal_read(j, UINT64_MAX - place, length, &head, &out);
    FUZZ_HOLDS(e != ERR_OK);
    e = journal_check_end(j, (struct journal_end){.place = place + 80, .tag = length});
    FUZZ_HOLDS(e == ERR_OK || e == ERR_DAMAGED);
    e = scan_check(j, 0, book->end);
    FUZZ_HOLDS(e == ERR_OK || (e == ERR_DAMAGED && book->is_damaged));
    buf_free(&out);
}

void fuzz_one(struct span in)
{
    struct journal j = JOURNAL_CLOSED;
    struct book book = {.in = in};
    write_log(&j, &book);
    damage(&j, &book);
    uint8_t how = fuzz_take_byte(&book.in);
    const struct scan limits = {.known_end = how & 1 ? book.end.place : 0,
                                .doubted_end = how & 2 ? UINT64_MAX : 0,
                                .heard_end = how & 4 ? book.end.place : 0};
    read_log(&j, &book, &limits);
    read_anywhere(&j, &book);
    journal_abandon(&j, dir);
}
