/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A record has one text, and only that is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/record.h"

#define ID     "000102030405060708090a0b0c0d0e0f"
#define DIGEST "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
#define HEAD   "kind: sent\nid: " ID "\npeer: bob\n"
#define TAIL   "size: 4\ndigest: " DIGEST "\n"
#define GOOD   HEAD "time: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL

static void test_there_and_back(void **state)
{
    /* The text of each kind is read back as the same record, and what follows it is left. */
    (void)state;
    for (int kind = RECORD_RECEIVED; kind <= RECORD_WAITING; kind++) {
        struct record r = {.kind = (enum record_kind)kind, .time = 5, .size = 4}, back;
        struct buf text = BUF_INIT(RECORD_TEXT_MAX);
        memcpy(r.id, ID, sizeof(ID));
        memcpy(r.peer, "bob", 4);
        memcpy(r.type, "text/plain", 11);
        memset(r.digest, 7, HASH_LEN);
        assert_int_equal(record_append(&text, &r), ERR_OK);
        if (kind == RECORD_SENT)
            assert_true(span_is(buf_span(&text), GOOD));
        assert_int_equal(buf_append_str(&text, "more"), ERR_OK);
        struct span rest = buf_span(&text);
        assert_int_equal(record_take(&back, &rest), ERR_OK);
        assert_true(span_is(rest, "more"));
        assert_memory_equal(&r, &back, sizeof(r));
        buf_free(&text);
    }
}

static void test_the_longest(void **state)
{
    /* The longest fields fit, with what the outbox adds. */
    struct record r = {.kind = RECORD_RECEIVED,
                       .time = UINT64_C(1) << 52,
                       .stored = UINT64_C(1) << 52};
    struct buf text = BUF_INIT(RECORD_TEXT_MAX);
    (void)state;
    memset(r.id, 'a', FIELD_ID_LEN);
    memset(r.peer, 'a', FIELD_USER_MAX);
    memset(r.type, 'a', FIELD_TYPE_MAX);
    r.type[60] = '/';
    memset(r.name, 'a', FIELD_NAME_MAX);
    assert_int_equal(record_append(&text, &r), ERR_OK);
    assert_true(text.len + 256 <= RECORD_TEXT_MAX);
    struct span rest = buf_span(&text);
    assert_int_equal(record_take(&r, &rest), ERR_OK);
    buf_free(&text);
}

static void test_every_cut(void **state)
{
    /* A text that ends early isn't a record. */
    struct record r;
    (void)state;
    for (size_t len = 0; len < sizeof(GOOD) - 1; len++) {
        struct span rest = span_of(GOOD, len);
        assert_int_equal(record_take(&r, &rest), ERR_MALFORMED);
    }
}

static void test_what_is_none(void **state)
{
    /* Unknown kinds, bad fields, control bytes, other orders and repeated lines are refused. */
    static const char *const bad[] = {
        "kind: other\nid: " ID "\npeer: bob\ntime: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        "kind: \nid: " ID "\npeer: bob\ntime: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        "kind: sent\nid: x\npeer: bob\ntime: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        "kind: sent\nid: " ID "0\npeer: bob\ntime: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        "kind: sent\nid: " ID "\npeer: Bob\ntime: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        "kind: sent\nid: " ID "\npeer: \ntime: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        HEAD "time: 05\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        HEAD "time: -5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        HEAD "time: 5\nstored: \ntype: text/plain\nname: \n" TAIL,
        HEAD "time: 5\nstored: 0\ntype: text\nname: \n" TAIL,
        HEAD "time: 5\nstored: 0\ntype: text/plain\nname: ../x\n" TAIL,
        HEAD "time: 5\nstored: 0\ntype: text/plain\nname: .x\n" TAIL,
        HEAD "time: 5\nstored: 0\ntype: text/plain\nname: a\x1b\n" TAIL,
        HEAD "stored: 0\ntime: 5\ntype: text/plain\nname: \n" TAIL,
        HEAD "time: 5\ntime: 5\nstored: 0\ntype: text/plain\nname: \n" TAIL,
        HEAD "time: 5\nstored: 0\ntype: text/plain\nname: \nsize: 4\ndigest: BwcH\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct record r;
        struct span rest = span_str(bad[i]);
        if (record_take(&r, &rest) != ERR_MALFORMED)
            fail_msg("taken: %s", bad[i]);
    }
}

static void test_prefixes(void **state)
{
    /* 6 to 32 lower-case hex digits begin an id. */
    (void)state;
    assert_true(record_is_prefix("012345"));
    assert_true(record_is_prefix(ID));
    assert_false(record_is_prefix("01234"));
    assert_false(record_is_prefix(""));
    assert_false(record_is_prefix(ID "0"));
    assert_false(record_is_prefix("01234G"));
    assert_false(record_is_prefix("01234A"));
    assert_false(record_is_prefix("012345 "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_the_longest),
        cmocka_unit_test(test_every_cut),      cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
