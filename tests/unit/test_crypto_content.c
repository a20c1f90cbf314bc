/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sealed content: one form each, so that two readers never see two things. */
#include "crypto/content.h"

#include "crypto/padme.h"
#include "people.h"

#include "base/banned.h"

#define ID          "00112233445566778899aabbccddeeff"
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Makes the content of a message from alice to bob. */
static enum err make(struct buf *plain, const char *type, const char *name, struct span data)
{
    struct message message = {.id = ID, .time = 1, .type = type, .name = name, .data = data};
    return content_make(plain, &message, &alice.identity, &bob.identity);
}

/* Parses a text as content; what it says is in *content then, freed by content_free. */
static enum fault parse(struct content *content, struct content_claims *claims, struct span text)
{
    *content = (struct content){.plain = people_copy(text)};
    return content_parse(content, claims);
}

static enum fault fault_of(struct span text)
{
    struct content content;
    struct content_claims claims;
    enum fault fault = parse(&content, &claims, text);
    content_free(&content);
    return fault;
}

static void what_was_made_is_parsed(void **state)
{
    /* Fields and data come back, whatever the data's length, and the length is a Padme length. */
    (void)state;
    static uint8_t data[3000];
    memset(data, 0, sizeof data); /* data that looks like padding */
    for (size_t n = 0; n <= sizeof data; n += n < 70 ? 1 : 271) {
        struct buf plain = BUF_INIT(10000);
        struct content content;
        struct content_claims claims;
        const char *name = n % 2 ? "na\xc3\xafve file.txt" : NULL;
        assert_int_equal(make(&plain, "text/plain", name, span_of(data, n)), ERR_OK);
        assert_true(padme_len(plain.len) == plain.len);
        assert_int_equal(parse(&content, &claims, buf_span(&plain)), FAULT_NONE);
        assert_string_equal(content.type, "text/plain");
        assert_string_equal(content.name, name ? name : "");
        assert_span_equal(content.data, span_of(data, n));
        assert_true(span_is(claims.from, "alice") && span_is(claims.to, "bob"));
        assert_true(span_is(claims.id, ID));
        assert_true(span_is(claims.from_identity, alice.identity.fingerprint));
        assert_true(span_is(claims.to_identity, bob.identity.fingerprint));
        content_free(&content);
        buf_free(&plain);
    }
    content_free(NULL);
}

static void bad_fields_are_not_sealed(void **state)
{
    /* A bad id, type or name makes nothing. */
    (void)state;
    struct buf plain = BUF_INIT(10000);
    static const char *const names[] = {"../x", ".x", "a/b", "a\\b", "a\nb", "\xff", "."};
    static const char *const types[] = {"", "text", "text/", "Text/plain", "a/b\n"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(make(&plain, "text/plain", names[i], SPAN("x")), ERR_MALFORMED);
    for (size_t i = 0; i < COUNT(types); i++)
        assert_int_equal(make(&plain, types[i], NULL, SPAN("x")), ERR_MALFORMED);
    struct message message = {.id = "0011", .type = "a/b"};
    assert_int_equal(content_make(&plain, &message, &alice.identity, &bob.identity), ERR_MALFORMED);
    assert_int_equal(plain.len, 0);
    assert_int_equal(make(&plain, "a/b", "", SPAN("x")), ERR_OK); /* "" is no name */
    buf_free(&plain);
}

static void a_cut_content_is_refused(void **state)
{
    /* At every length. */
    (void)state;
    struct buf plain = BUF_INIT(10000);
    assert_int_equal(make(&plain, "text/plain", "name", SPAN("some data")), ERR_OK);
    for (size_t n = 0; n < plain.len; n++)
        assert_int_not_equal(fault_of(span_of(plain.data, n)), FAULT_NONE);
    assert_int_equal(fault_of(span_of(NULL, 0)), FAULT_CONTENT);
    buf_free(&plain);
}

/* `lines` and 'abc' behind the fixed fields, padded as it should be. */
static enum fault fault_of_lines(const char *lines)
{
    struct buf text = BUF_INIT(10000);
    assert_int_equal(buf_printf(&text,
                                "from: alice\nto: bob\nid: " ID
                                "\nfrom-identity: %s\nto-identity: %s\n%s",
                                alice.identity.fingerprint, bob.identity.fingerprint, lines),
                     ERR_OK);
    size_t padded = (size_t)padme_len(text.len);
    while (text.len < padded)
        assert_int_equal(buf_append_byte(&text, 0), ERR_OK);
    enum fault fault = fault_of(buf_span(&text));
    buf_free(&text);
    return fault;
}

static void other_forms_are_refused(void **state)
{
    /* One line too many, too few, twice, moved, or of another form. */
    (void)state;
    assert_int_equal(fault_of_lines("type: a/b\nsize: 3\n\nabc"), FAULT_NONE);
    assert_int_equal(fault_of_lines("type: a/b\nname: n\nsize: 3\n\nabc"), FAULT_NONE);
    static const char *const bad[] = {
        "size: 3\n\nabc",
        "type: a/b\n\nabc",
        "type: a/b\nsize: 3\nabc",
        "type: a/b\nsize: 3\n\n",
        "type: a/b\nsize: 03\n\nabc",
        "type: a/b\nsize: +3\n\nabc",
        "type: a/b\nsize: -3\n\nabc",
        "type: a/b\nsize:  3\n\nabc",
        "type: a/b\nsize: 3 \n\nabc",
        "type: a/b\nsize: \n\nabc",
        "type: a/b\nsize: 9007199254740991\n\nabc",
        "type: a/b\nsize: 18446744073709551619\n\nabc",
        "type: a/b\nsize: 3\nname: n\n\nabc",
        "name: n\ntype: a/b\nsize: 3\n\nabc",
        "type: a/b\nname: n\nname: n\nsize: 3\n\nabc",
        "type: a/b\nname: \nsize: 3\n\nabc",
        "type: a/b\nname: ..\nsize: 3\n\nabc",
        "type: a/b\nname: \xc2\x9b\nsize: 3\n\nabc",
        "type: a/b\ntype: a/b\nsize: 3\n\nabc",
        "type: a/b\nsize: 3\nsize: 3\n\nabc",
        "type: a/b\nextra: x\nsize: 3\n\nabc",
        "type: a/b\r\nsize: 3\r\n\r\nabc",
        "type: ab\nsize: 3\n\nabc",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(fault_of_lines(bad[i]), FAULT_CONTENT);
}

static void padding_has_one_form(void **state)
{
    /* Data behind the size, more padding, less padding: FAULT_PADDING. */
    (void)state;
    assert_int_equal(fault_of_lines("type: a/b\nsize: 2\n\nabc"), FAULT_PADDING);
    assert_int_equal(fault_of_lines("type: a/b\nsize: 0\n\nabc"), FAULT_PADDING);
    struct buf plain = BUF_INIT(10000);
    assert_int_equal(make(&plain, "text/plain", NULL, SPAN("some data")), ERR_OK);
    size_t len = plain.len;
    assert_int_equal(plain.data[len - 1], 0);
    assert_int_equal(fault_of(span_of(plain.data, len - 1)), FAULT_PADDING);
    plain.data[len - 1] = 1;
    assert_int_equal(fault_of(buf_span(&plain)), FAULT_PADDING);
    plain.data[len - 1] = 0;
    assert_int_equal(buf_append_byte(&plain, 0), ERR_OK);
    assert_int_equal(fault_of(buf_span(&plain)), FAULT_PADDING);
    while (plain.len < padme_len(len + 1))
        assert_int_equal(buf_append_byte(&plain, 0), ERR_OK);
    assert_int_equal(fault_of(buf_span(&plain)), FAULT_PADDING);
    buf_free(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_made_is_parsed),  cmocka_unit_test(bad_fields_are_not_sealed),
        cmocka_unit_test(a_cut_content_is_refused), cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(padding_has_one_form),
    };
    return cmocka_run_group_tests(tests, people_start, people_end);
}
