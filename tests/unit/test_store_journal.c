/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A record is one in its own place alone; and logs of the format before are read, and go on. */
#include "store/gdbm/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/keyed_hash.h"
#include "store/gdbm/place.h"
#include "tests/unit/temporary.h"

#include "base/banned.h"

#define RECORDS 6

static const uint8_t store_id[LAYOUT_STORE_ID_LEN] = {4};
static const struct journal_owner owner = {.store_id = store_id, .shard = 3, .is_tried = true};
static int dir;
static struct journal_end ends[RECORDS + 1]; /* before each record, and behind the last */

static void append(struct journal *j, struct journal_end *end, unsigned n)
{
    char text[64];
    snprintf(text, sizeof(text), "record %u, with some bytes to read back", n);
    const struct journal_append a = {.type = RECORD_PUT, .fixed = span_str(text)};
    assert_int_equal(journal_append(j, end, &a), ERR_OK);
}

/* As a program of that format would have begun it. */
static void set_format(struct journal *j, uint32_t format)
{
    struct journal_header h;
    assert_int_equal(pread(j->fd, &h, sizeof(h), 0), sizeof(h));
    h.format = j->format = format;
    h.tag = keyed_hash(h.key, SPANS(span_of(&h, offsetof(struct journal_header, tag))));
    j->first_tag = h.tag;
    assert_true(place_write(j->fd, &h, sizeof(h), 0));
}

static void begin(struct journal *j, uint32_t format)
{
    dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(journal_begin(j, dir, owner, 1), ERR_OK);
    set_format(j, format);
    assert_int_equal(journal_complete(j, 0), ERR_OK);
    ends[0] = journal_start(j);
    for (unsigned n = 0; n < RECORDS; n++) {
        ends[n + 1] = ends[n];
        append(j, &ends[n + 1], n);
    }
    assert_int_equal(journal_measure(j), ERR_OK);
}

/* How many whole records there are, each in the place where it was written. */
static unsigned count(const struct journal *j, bool is_doubted)
{
    struct scan scan;
    struct scan_record record;
    unsigned found = 0;
    scan_open(&scan, j, 0);
    scan.doubted_end = is_doubted ? UINT64_MAX : 0;
    while (scan_next(&scan, &record) == ERR_OK) {
        if (record.is_lost)
            continue;
        assert_in_range(found, 0, RECORDS - 1);
        assert_true(record.place == ends[found].place);
        found++;
    }
    scan_close(&scan);
    return found;
}

static void a_record_that_was_copied_is_none(void **state)
{
    /* With the tag before it, behind the end and over another: where nobody knows what exists, it isn't taken for one. */
    (void)state;
    struct journal j;
    uint8_t bytes[200];
    struct record_head head;
    struct buf out = BUF_INIT(1000);
    begin(&j, JOURNAL_FORMAT);
    assert_int_equal(count(&j, true), RECORDS);
    uint64_t from = ends[1].place - 8, behind = ends[RECORDS].place + 512;
    assert_int_equal(pread(j.fd, bytes, sizeof(bytes), (off_t)from), sizeof(bytes));
    assert_true(place_write(j.fd, bytes, sizeof(bytes), behind));
    assert_int_equal(count(&j, true), RECORDS);
    uint64_t length = ends[2].place - ends[1].place - sizeof(head) - sizeof(uint64_t);
    while (journal_read(&j, ends[1].place, length, &head, &out) != ERR_OK && length > 0)
        length--; /* without the zeros behind it */
    assert_true(length > 0);
    assert_int_equal(journal_read(&j, behind + 8, length, &head, &out), ERR_DAMAGED);
    buf_free(&out);
    journal_close(&j);
    close(dir);
}

static void a_log_of_format_1_is_read_and_appended_to(void **state)
{
    (void)state;
    struct journal j, again;
    begin(&j, 1);
    assert_int_equal(journal_publish(&j, dir), ERR_OK);
    journal_close(&j);
    assert_int_equal(journal_open(&again, dir, owner, 1, false), ERR_OK);
    assert_int_equal(again.format, 1);
    assert_int_equal(count(&again, false), RECORDS);
    struct journal_end end = ends[RECORDS - 1];
    append(&again, &end, RECORDS - 1);
    assert_true(end.place == ends[RECORDS].place && end.tag == ends[RECORDS].tag);
    assert_int_equal(count(&again, false), RECORDS);
    journal_close(&again);
    assert_int_equal(unlink("log.1"), 0);
    close(dir);
}

static void a_log_of_a_format_to_come_is_left_alone(void **state)
{
    (void)state;
    struct journal j, again;
    begin(&j, JOURNAL_FORMAT + 1);
    assert_int_equal(journal_publish(&j, dir), ERR_OK);
    journal_close(&j);
    assert_int_equal(journal_open(&again, dir, owner, 1, false), ERR_UNSUPPORTED);
    close(dir);
}

static void what_nobody_could_read_is_not_written(void **state)
{
    (void)state;
    struct journal j;
    begin(&j, JOURNAL_FORMAT);
    struct journal_end end = ends[RECORDS];
    const struct journal_append a = {.type = RECORD_PUT,
                                     .fixed = span_of(store_id, RECORD_MAX + (size_t)1)};
    assert_int_equal(journal_append(&j, &end, &a), ERR_TOO_LARGE);
    assert_true(end.place == ends[RECORDS].place);
    assert_int_equal(count(&j, false), RECORDS);
    journal_close(&j);
    close(dir);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_that_was_copied_is_none),
        TEST(a_log_of_format_1_is_read_and_appended_to),
        TEST(a_log_of_a_format_to_come_is_left_alone),
        TEST(what_nobody_could_read_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
