/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Envelopes: the vectors' messages open; each refused one is refused where and for what the file says; no
 * changed one opens. */
#include "crypto/envelope.h"

#include "crypto/random.h"
#include "people.h"

#include "base/banned.h"

#define ID "00112233445566778899aabbccddeeff"

static void the_vectors_messages_open(void **state)
{
    /* Message key, data, type and name of each; with the key in hand too, with and without `to`. */
    (void)state;
    json_t *list = vectors_get(people_root, "messages_alice_to_bob"), *v;
    size_t i;
    json_array_foreach(list, i, v)
    {
        struct envelope envelope;
        struct content content;
        struct buf data = vectors_hex(v, "data");
        uint8_t key[32], expected[32];
        json_t *name = vectors_get(v, "name");
        struct envelope_reader reader = {&bob.identity, bob.seal, &alice.identity,
                                         vectors_text(v, "id")};
        vectors_bytes(expected, sizeof expected, v, "message_key");
        assert_int_equal(envelope_parse(&envelope, vectors_text(v, "envelope_text")), ERR_OK);
        assert_int_equal(envelope_verify(&envelope, alice.identity.sign), ERR_OK);
        assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_NONE);
        assert_memory_equal(key, expected, sizeof key);
        assert_span_equal(content.data, buf_span(&data));
        assert_true(span_is(vectors_text(v, "type"), content.type));
        assert_string_equal(content.name, json_is_null(name) ? "" : json_string_value(name));
        content_free(&content);
        const char *const fingerprints[] = {NULL, bob.identity.fingerprint};
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(envelope_open_with_key(&content, &envelope, key, &alice.identity,
                                                    fingerprints[j]),
                             FAULT_NONE);
            content_free(&content);
        }
        assert_int_equal(envelope_open_with_key(&content, &envelope, key, &alice.identity,
                                                alice.identity.fingerprint),
                         FAULT_READER_IDENTITY);
        buf_free(&data);
    }
    assert_true(i > 0);
}

/* What bob finds, told of the envelope's own id; FAULT_FORM where it doesn't parse. */
static enum fault bobs_finding(struct span text)
{
    struct envelope envelope;
    struct content content;
    uint8_t key[32];
    if (envelope_parse(&envelope, text))
        return FAULT_FORM;
    struct envelope_reader reader = {&bob.identity, bob.seal, &alice.identity, envelope.id};
    enum fault fault = envelope_open(&content, key, &envelope, &reader);
    if (fault) {
        assert_null(content.plain.data);
        assert_int_equal(content.data.len, 0);
    }
    content_free(&content);
    return fault;
}

/* What the server, which has no private key, finds. */
static enum fault servers_finding(struct span text)
{
    struct envelope envelope;
    if (envelope_parse(&envelope, text))
        return FAULT_FORM;
    return fault_from(envelope_verify(&envelope, alice.identity.sign), FAULT_SIGNATURE);
}

static void refused_envelopes_are_refused(void **state)
{
    /* Each of refused_envelopes, by the server where the file says so, else by the recipient alone. */
    (void)state;
    static const struct {
        const char *why;
        enum fault expected;
    } reasons[] = {
        {"one bit of the body changed", FAULT_SIGNATURE},
        {"signed by somebody else's key", FAULT_SIGNATURE},
        {"time changed after signing", FAULT_SIGNATURE},
        {"commit to another key", FAULT_COMMIT},
        {"time with a leading zero", FAULT_FORM},
        {"time with a sign", FAULT_FORM},
        {"id in upper case", FAULT_FORM},
        {"message key of 31 bytes", FAULT_KEY},
        {"fields out of order", FAULT_FORM},
        {"a field twice", FAULT_FORM},
        {"no last LF", FAULT_FORM},
        {"carriage returns", FAULT_FORM},
        {"signature one character short", FAULT_FORM},
        {"inner from differs: stripped and signed anew by another sender", FAULT_INNER_FROM},
        {"inner to differs: forwarded to another reader", FAULT_INNER_TO},
        {"inner id differs", FAULT_INNER_ID},
        {"sender's fingerprint inside differs", FAULT_SENDER_IDENTITY},
        {"recipient's fingerprint inside differs", FAULT_READER_IDENTITY},
        {"padding that is not zero", FAULT_PADDING},
        {"size beyond the content", FAULT_CONTENT},
        {"sealed to another reader's key", FAULT_KEY},
        {"unknown inner field", FAULT_CONTENT},
        {"inner field twice", FAULT_CONTENT},
        {"inner fields out of order", FAULT_CONTENT},
        {"size with a leading zero", FAULT_CONTENT},
        {"size with a sign", FAULT_CONTENT},
        {"size with an underscore", FAULT_CONTENT},
        {"name that climbs", FAULT_CONTENT},
        {"name with a leading dot", FAULT_CONTENT},
        {"name with a control character", FAULT_CONTENT},
        {"name that is not UTF-8", FAULT_CONTENT},
        {"type without a slash", FAULT_CONTENT},
        {"carriage return inside", FAULT_CONTENT},
        {"no empty line", FAULT_CONTENT},
        {"not padded", FAULT_PADDING},
        {"padded to more than the least", FAULT_PADDING},
    };
    json_t *list = vectors_get(people_root, "refused_envelopes"), *v;
    size_t i;
    assert_int_equal(json_array_size(list), sizeof reasons / sizeof reasons[0]);
    json_array_foreach(list, i, v)
    {
        struct span text = vectors_text(v, "envelope_text");
        bool is_servers = span_is(vectors_text(v, "refused_by"), "server and recipient");
        assert_true(is_servers || span_is(vectors_text(v, "refused_by"), "recipient"));
        assert_true(span_is(vectors_text(v, "why"), reasons[i].why));
        assert_int_equal(bobs_finding(text), reasons[i].expected);
        assert_int_equal(servers_finding(text), is_servers ? reasons[i].expected : FAULT_NONE);
    }
}

/* Seals data from alice to bob; freed by buf_free. */
static struct buf seal(const char *name, struct span data)
{
    struct buf text = BUF_INIT(1 << 20);
    struct message message = {.id = ID,
                              .time = 1795392000,
                              .type = "text/plain",
                              .name = name,
                              .data = data};
    assert_int_equal(envelope_seal(&text, &message, &alice.identity, alice.sign, &bob.identity),
                     ERR_OK);
    return text;
}

static void what_was_sealed_opens(void **state)
{
    /* Any data, with and without a name; two envelopes of one message share neither key nor body. */
    (void)state;
    static uint8_t data[5000];
    for (size_t n = 0; n <= sizeof data; n += 1250) {
        random_bytes(data, sizeof data);
        const char *name = n % 500 ? "name" : NULL;
        struct buf text = seal(name, span_of(data, n)), again = seal(name, span_of(data, n));
        struct envelope envelope, other;
        struct content content;
        uint8_t key[32];
        struct envelope_reader reader = {&bob.identity, bob.seal, &alice.identity, SPAN(ID)};
        assert_int_equal(envelope_parse(&envelope, buf_span(&text)), ERR_OK);
        assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_NONE);
        assert_span_equal(content.data, span_of(data, n));
        assert_string_equal(content.name, name ? name : "");
        assert_true(envelope.time == 1795392000);
        assert_int_equal(envelope_parse(&other, buf_span(&again)), ERR_OK);
        assert_memory_not_equal(envelope.commit, other.commit, HASH_LEN);
        assert_false(span_equal(envelope.body, other.body));
        content_free(&content);
        buf_free(&text);
        buf_free(&again);
    }
}

static void bad_messages_are_not_sealed(void **state)
{
    /* A bad id, time, type, name, another's signing key, no room: an error, and the buffer as it was. */
    (void)state;
    struct buf text = BUF_INIT(1 << 20);
    const struct message good = {.id = ID, .time = 1, .type = "a/b", .data = SPAN("x")};
    struct message bad[] = {good, good, good, good};
    bad[0].id = "AA";
    bad[1].time = UINT64_C(1) << 53;
    bad[2].type = "ab";
    bad[3].name = "../x";
    assert_int_equal(buf_append_str(&text, "before"), ERR_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(envelope_seal(&text, &bad[i], &alice.identity, alice.sign, &bob.identity),
                         ERR_MALFORMED);
    assert_int_equal(envelope_seal(&text, &good, &alice.identity, bob.sign, &bob.identity),
                     ERR_MALFORMED);
    text.max = 1400;
    assert_int_equal(envelope_seal(&text, &good, &alice.identity, alice.sign, &bob.identity),
                     ERR_TOO_LARGE);
    assert_true(span_is(buf_span(&text), "before"));
    buf_free(&text);
}

static void checks_come_in_order(void **state)
{
    /* An envelope wrong in many ways fails the first check: to, from, id, signature, key. */
    (void)state;
    struct buf text = seal(NULL, SPAN("x"));
    struct envelope envelope;
    struct content content;
    uint8_t key[32];
    struct identity carol = bob.identity;
    carol.user[0] = 'c';
    struct envelope_reader reader = {&carol, alice.seal, &carol, SPAN("another id")};
    assert_int_equal(envelope_parse(&envelope, buf_span(&text)), ERR_OK);
    assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_TO);
    reader.self = &bob.identity;
    assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_FROM);
    struct identity false_alice = bob.identity;
    memcpy(false_alice.user, alice.identity.user, sizeof false_alice.user);
    reader.from = &false_alice;
    assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_ID);
    reader.id = SPAN(ID);
    assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_SIGNATURE);
    reader.from = &alice.identity;
    assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_KEY);
    reader.seal = bob.seal;
    assert_int_equal(envelope_open(&content, key, &envelope, &reader), FAULT_NONE);
    content_free(&content);
    key[0] ^= 1;
    assert_int_equal(envelope_open_with_key(&content, &envelope, key, &alice.identity, NULL),
                     FAULT_COMMIT);
    assert_int_equal(envelope_open_with_key(&content, &envelope, key, &false_alice, NULL),
                     FAULT_SIGNATURE);
    assert_int_equal(envelope_open_with_key(&content, &envelope, key, &carol, NULL), FAULT_FROM);
    buf_free(&text);
}

static void a_cut_envelope_is_refused(void **state)
{
    /* At every length; with a tail, a NUL, twice. */
    (void)state;
    struct buf text = seal("name", SPAN("some data"));
    struct envelope envelope;
    for (size_t n = 0; n < text.len; n++)
        assert_int_equal(envelope_parse(&envelope, span_of(text.data, n)), ERR_MALFORMED);
    assert_int_equal(envelope_parse(&envelope, span_of(NULL, 0)), ERR_MALFORMED);
    size_t len = text.len;
    assert_int_equal(buf_append_byte(&text, '\n'), ERR_OK);
    assert_int_equal(envelope_parse(&envelope, buf_span(&text)), ERR_MALFORMED);
    text.data[len] = '\0';
    assert_int_equal(envelope_parse(&envelope, buf_span(&text)), ERR_MALFORMED);
    buf_truncate(&text, len);
    struct buf twice = people_copy(buf_span(&text));
    assert_int_equal(buf_append_span(&twice, buf_span(&text)), ERR_OK);
    assert_int_equal(envelope_parse(&envelope, buf_span(&twice)), ERR_MALFORMED);
    buf_free(&twice);
    buf_free(&text);
}

static void a_changed_envelope_never_opens(void **state)
{
    /* Any byte changed to any other, one at a time. */
    (void)state;
    struct buf text = seal("name", SPAN("some data"));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t change;
        do
            random_bytes(&change, 1);
        while (change == 0);
        text.data[i] ^= change;
        assert_int_not_equal(bobs_finding(buf_span(&text)), FAULT_NONE);
        text.data[i] ^= change;
    }
    assert_int_equal(bobs_finding(buf_span(&text)), FAULT_NONE);
    buf_free(&text);
}

static void the_largest_data_fits(void **state)
{
    /* With the longest fields an envelope of the largest data keeps within the limit; one more doesn't. */
    (void)state;
    const size_t max = 40000, n = envelope_largest_data(max);
    static uint8_t data[40000];
    char type[FIELD_TYPE_MAX + 1] = "a/", name[FIELD_NAME_MAX + 1];
    struct identity from = alice.identity, to = bob.identity;
    struct buf text = BUF_INIT(2 * max);
    memset(type + 2, 'a', sizeof type - 3);
    type[sizeof type - 1] = '\0';
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memset(from.user, 'a', FIELD_USER_MAX);
    memset(to.user, 'b', FIELD_USER_MAX);
    struct message message = {.id = ID,
                              .time = (UINT64_C(1) << 53) - 1,
                              .type = type,
                              .name = name,
                              .data = {data, n}};
    assert_in_range(n, max / 2, max);
    assert_int_equal(envelope_seal(&text, &message, &from, alice.sign, &to), ERR_OK);
    assert_in_range(text.len, 1, max);
    buf_clear(&text);
    /* `size: ` is counted with 16 digits and has 5 here: behind those 11 bytes it goes beyond the limit. */
    message.data.len = n + 12;
    assert_int_equal(envelope_seal(&text, &message, &from, alice.sign, &to), ERR_OK);
    assert_true(text.len > max);
    buf_free(&text);
    assert_int_equal(envelope_largest_data(0), 0);
    assert_int_equal(envelope_largest_data(1500), 0);
    assert_int_equal(envelope_largest_data(SIZE_MAX), 0);
    for (size_t m = 2500; m < 200000; m += 7777)
        assert_true(envelope_largest_data(m) <= envelope_largest_data(m + 1));
}

static void every_fault_has_a_text(void **state)
{
    /* Each its own, and unknown ones too. */
    (void)state;
    for (int a = FAULT_NONE; a <= FAULT_INTERNAL; a++)
        for (int b = FAULT_NONE; b < a; b++)
            assert_string_not_equal(fault_text((enum fault)a), fault_text((enum fault)b));
    assert_non_null(fault_text((enum fault)(FAULT_INTERNAL + 1)));
    assert_int_equal(fault_from(ERR_NO_MEMORY, FAULT_BODY), FAULT_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_messages_open),
        cmocka_unit_test(refused_envelopes_are_refused),
        cmocka_unit_test(what_was_sealed_opens),
        cmocka_unit_test(bad_messages_are_not_sealed),
        cmocka_unit_test(checks_come_in_order),
        cmocka_unit_test(a_cut_envelope_is_refused),
        cmocka_unit_test(a_changed_envelope_never_opens),
        cmocka_unit_test(the_largest_data_fits),
        cmocka_unit_test(every_fault_has_a_text),
    };
    return cmocka_run_group_tests(tests, people_start, people_end);
}
