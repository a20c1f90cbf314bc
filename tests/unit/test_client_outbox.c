/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was put into the outbox comes out of it whole, in order, or is said to be damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "temporary.h"

#include "base/file.h"
#include "client/outbox.h"
#include "crypto/crypto.h"

static const uint8_t key[FERNET_KEY_LEN] = "an archive key of thirty-two byt";

static int dir;

static void open_outbox(struct outbox *outbox)
{
    dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    assert_int_equal(outbox_open(outbox, dir, key), ERR_OK);
}

/* Removes what is left too: the tear-down goes one level deep. */
static void close_outbox(struct outbox *outbox)
{
    struct buf numbers = BUF_INIT(1 << 20);
    assert_int_equal(outbox_list(outbox, &numbers), ERR_OK);
    for (size_t at = 0; at < numbers.len; at += sizeof(uint64_t)) {
        uint64_t number;
        memcpy(&number, numbers.data + at, sizeof(number));
        assert_int_equal(outbox_remove(outbox, number), ERR_OK);
    }
    buf_free(&numbers);
    outbox_close(outbox);
    assert_int_equal(close(dir), 0);
}

static uint64_t add(struct outbox *outbox, const char *to, const char *text)
{
    struct outbox_item item;
    outbox_item_init(&item);
    item.record.kind = RECORD_WAITING;
    field_make_id(item.record.id);
    strcpy(item.record.peer, to);
    strcpy(item.record.type, "text/plain");
    assert_int_equal(buf_append_str(&item.data, text), ERR_OK);
    assert_int_equal(outbox_add(outbox, &item), ERR_OK);
    assert_int_equal(item.record.size, strlen(text));
    outbox_item_free(&item);
    return item.number;
}

static enum err load(const struct outbox *outbox, uint64_t number)
{
    struct outbox_item item;
    outbox_item_init(&item);
    enum err err = outbox_load(outbox, number, &item);
    outbox_item_free(&item);
    return err;
}

static void test_order(void **state)
{
    /* Numbers grow as long as anything waits, and the list is in their order, also beyond nine. */
    struct outbox o;
    struct buf numbers = BUF_INIT(4096);
    uint64_t last = 0;
    (void)state;
    open_outbox(&o);
    for (int i = 0; i < 12; i++) {
        uint64_t number = add(&o, "bob", "x");
        assert_true(number > last);
        last = number;
        if (i == 3)
            assert_int_equal(outbox_remove(&o, number - 1), ERR_OK);
    }
    assert_int_equal(outbox_list(&o, &numbers), ERR_OK);
    assert_int_equal(numbers.len, 11 * sizeof(uint64_t));
    last = 0;
    for (size_t at = 0; at < numbers.len; at += sizeof(uint64_t)) {
        uint64_t number;
        memcpy(&number, numbers.data + at, sizeof(number));
        assert_true(number > last);
        last = number;
    }
    buf_free(&numbers);
    close_outbox(&o);
}

static void test_states(void **state)
{
    /* Reason and envelope come and go with the item; one that is gone isn't found, and can be removed again. */
    struct outbox o;
    struct outbox_item item;
    (void)state;
    open_outbox(&o);
    uint64_t number = add(&o, "bob", "hello");
    outbox_item_init(&item);
    assert_int_equal(outbox_load(&o, number, &item), ERR_OK);
    assert_true(span_is(buf_span(&item.data), "hello"));
    assert_int_equal(item.envelope.len, 0);
    item.sealed = 77;
    strcpy(item.sealed_for, "SHA256:somebody");
    strcpy(item.reason, "no answer came");
    assert_int_equal(buf_append_str(&item.envelope, "lines\nof an envelope\n"), ERR_OK);
    assert_int_equal(outbox_store(&o, &item), ERR_OK);
    outbox_item_free(&item);
    outbox_item_init(&item);
    assert_int_equal(outbox_load(&o, number, &item), ERR_OK);
    assert_true(span_is(buf_span(&item.envelope), "lines\nof an envelope\n"));
    assert_string_equal(item.reason, "no answer came");
    assert_int_equal(item.sealed, 77);
    assert_string_equal(item.sealed_for, "SHA256:somebody");
    outbox_item_free(&item);
    assert_int_equal(outbox_remove(&o, number), ERR_OK);
    assert_int_equal(outbox_remove(&o, number), ERR_OK);
    assert_int_equal(load(&o, number), ERR_NOT_FOUND);
    close_outbox(&o);
}

static void test_damage(void **state)
{
    /* A file that was cut, changed, put together of two, or sealed under other keys isn't believed; one that is
     * being written isn't listed. */
    struct outbox o;
    struct buf one = BUF_INIT(1 << 16), two = BUF_INIT(1 << 16), mixed = BUF_INIT(1 << 16);
    struct buf numbers = BUF_INIT(4096);
    (void)state;
    open_outbox(&o);
    uint64_t number = add(&o, "bob", "one");
    add(&o, "bob", "two");
    assert_int_equal(file_read(o.dir, "000000000001", &one), ERR_OK);
    assert_int_equal(file_read(o.dir, "000000000002", &two), ERR_OK);
    for (size_t len = 0; len < one.len; len += 7) {
        assert_int_equal(file_replace(o.dir, "000000000001", span_of(one.data, len), 0600), ERR_OK);
        assert_int_not_equal(load(&o, number), ERR_OK);
    }
    for (size_t at = 0; at < one.len; at += 5) {
        one.data[at] ^= 1;
        assert_int_equal(file_replace(o.dir, "000000000001", buf_span(&one), 0600), ERR_OK);
        assert_int_not_equal(load(&o, number), ERR_OK);
        one.data[at] ^= 1;
    }
    const uint8_t *first = memchr(one.data, '\n', one.len),
                  *second = memchr(two.data, '\n', two.len);
    size_t head = (size_t)(first - one.data) + 1, other = (size_t)(second - two.data) + 1;
    assert_int_equal(buf_append(&mixed, one.data, head), ERR_OK);
    assert_int_equal(buf_append(&mixed, two.data + other, two.len - other), ERR_OK);
    assert_int_equal(file_replace(o.dir, "000000000001", buf_span(&mixed), 0600), ERR_OK);
    assert_int_equal(load(&o, number), ERR_DAMAGED);
    assert_int_equal(file_replace(o.dir, "000000000001", buf_span(&one), 0600), ERR_OK);
    assert_int_equal(load(&o, number), ERR_OK);
    o.key[0] ^= 1;
    assert_int_equal(load(&o, number), ERR_FORGED);
    o.key[0] ^= 1;
    assert_int_equal(file_replace(o.dir, "000000000003.77.new", SPAN("x"), 0600), ERR_OK);
    assert_int_equal(outbox_list(&o, &numbers), ERR_OK);
    assert_int_equal(numbers.len, 2 * sizeof(uint64_t));
    assert_int_equal(unlinkat(o.dir, "000000000003.77.new", 0), 0);
    buf_free(&one);
    buf_free(&two);
    buf_free(&mixed);
    buf_free(&numbers);
    close_outbox(&o);
}

static void test_another_token_in_its_place(void **state)
{
    /* Both are sealed under the right key; but one is longer than any state of a message. */
    struct outbox o;
    struct buf file = BUF_INIT(1 << 16);
    static const uint8_t text[RECORD_TEXT_MAX + 1];
    (void)state;
    open_outbox(&o);
    uint64_t number = add(&o, "bob", "one");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fernet_seal(&file, key, 0, span_of(text, sizeof(text))), ERR_OK);
        assert_int_equal(buf_append_byte(&file, '\n'), ERR_OK);
    }
    assert_int_equal(file_replace(o.dir, "000000000001", buf_span(&file), 0600), ERR_OK);
    assert_int_equal(load(&o, number), ERR_DAMAGED);
    buf_free(&file);
    close_outbox(&o);
}

static int start(void **state)
{
    (void)state;
    return crypto_init(65536) == ERR_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    crypto_end();
    return 0;
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_order),
        IN_DIRECTORY(test_states),
        IN_DIRECTORY(test_damage),
        IN_DIRECTORY(test_another_token_in_its_place),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
