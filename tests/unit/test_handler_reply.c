/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies: whatever a command says, what leaves is one head line that a client can parse. */
#include "handler/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "crypto/identity.h"
#include "handler/decoy.h"

#include "base/banned.h"

/* The head of a reply, checked: at most 512 printable bytes. */
static struct span head_of(char line[static WIRE_HEAD_MAX + 1], enum code code,
                           const struct reply *reply)
{
    struct span head = reply_head(line, code, reply);
    assert_in_range(head.len, 1, WIRE_HEAD_MAX);
    for (size_t i = 0; i < head.len; i++)
        assert_in_range(head.data[i], 0x20, 0x7e);
    return head;
}

static void every_code_has_a_text_of_its_own(void **state)
{
    /* `ERR <code> <text>`, and no two codes say the same. */
    (void)state;
    char lines[CODE_COUNT][WIRE_HEAD_MAX + 1];
    struct span texts[CODE_COUNT];
    for (enum code code = CODE_NONE + 1; code < CODE_COUNT; code++) {
        struct reply reply = {.has_body = false};
        struct answer answer;
        struct span head = head_of(lines[code], code, &reply);
        assert_int_equal(answer_parse(&answer, head, false, SPAN("")), ERR_OK);
        assert_int_equal(answer.kind, ANSWER_ERR);
        assert_int_equal(answer.code, code);
        assert_true(answer.text.len > 5 && !span_is(answer.text, "(null)"));
        texts[code] = answer.text;
        for (enum code other = CODE_NONE + 1; other < code; other++)
            assert_false(span_equal(texts[code], texts[other]));
    }
}

static void a_text_of_its_own_takes_the_place_of_the_codes(void **state)
{
    /* The refusal returns its code; the text is what the client gets. */
    (void)state;
    char line[WIRE_HEAD_MAX + 1];
    struct reply reply = {.has_body = false};
    enum code code = reply_refuse(&reply, CODE_TOO_LARGE, "limit=%d used=%d too much", 10, 11);
    assert_int_equal(code, CODE_TOO_LARGE);
    assert_true(span_is(head_of(line, code, &reply), "ERR too-large limit=10 used=11 too much"));
}

static void a_head_is_never_too_long(void **state)
{
    /* Texts of every length up to far beyond the limit, with every code. */
    (void)state;
    char text[2000], line[WIRE_HEAD_MAX + 1];
    for (size_t n = 1; n < sizeof(text); n += n < 460 || n > 520 ? 37 : 1) {
        struct reply reply = {.has_body = false};
        memset(text, 'x', n);
        text[n] = '\0';
        for (enum code code = CODE_NONE + 1; code < CODE_COUNT; code++)
            head_of(line, reply_refuse(&reply, code, "%s", text), &reply);
        head_of(line, reply_ok(&reply, "OK %s", text), &reply);
    }
}

static void a_success_is_its_text(void **state)
{
    /* Always CODE_NONE, and the head as it was made. */
    (void)state;
    char line[WIRE_HEAD_MAX + 1];
    struct reply reply = {.has_body = false};
    enum code code = reply_ok(&reply, "OK %d", 3);
    assert_int_equal(code, CODE_NONE);
    assert_true(span_is(head_of(line, code, &reply), "OK 3"));
}

static void a_stores_error_becomes_a_code(void **state)
{
    /* What the client can do something about is told; everything else is internal, never a success. */
    (void)state;
    for (enum err e = ERR_OK + 1; e <= ERR_INTERNAL; e++) {
        struct reply reply = {.has_body = false};
        enum code expected = CODE_INTERNAL;
        if (e == ERR_BUSY)
            expected = CODE_BUSY;
        else if (e == ERR_NO_SPACE || e == ERR_READ_ONLY)
            expected = CODE_STORAGE_FULL;
        else if (e == ERR_DENIED)
            expected = CODE_AUTH_FAILED;
        assert_int_equal(reply_store_error(&reply, e), expected);
        assert_int_equal(reply.is_last, e == ERR_DENIED);
    }
}

static void the_decoy_is_a_real_identity(void **state)
{
    /* A proof for an unknown name is verified against it: that must be the same work. */
    (void)state;
    struct identity identity;
    assert_int_equal(crypto_init(0), ERR_OK);
    assert_int_equal(identity_parse(&identity, span_str(decoy_identity)), ERR_OK);
    assert_true(strlen(decoy_identity) <= IDENTITY_MAX);
    crypto_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_text_of_its_own),
        cmocka_unit_test(a_text_of_its_own_takes_the_place_of_the_codes),
        cmocka_unit_test(a_head_is_never_too_long),
        cmocka_unit_test(a_success_is_its_text),
        cmocka_unit_test(a_stores_error_becomes_a_code),
        cmocka_unit_test(the_decoy_is_a_real_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
