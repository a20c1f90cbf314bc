/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames: those of the vectors open exactly, ours open again, and no changed, repeated, dropped,
 * reordered or reflected one does. */
#include "wire/frame.h"

#include "tests/unit/vectors.h"

#include "base/banned.h"

static json_t *root;
static const json_t *frames;
static struct frame_end client, server; /* as after the handshake */

static int load(void **state)
{
    if (vectors_start(state))
        return -1;
    root = vectors_load("secmsg-1.json");
    frames = vectors_get(root, "frames");
    const json_t *shake = vectors_get(root, "handshake");
    vectors_bytes(client.fernet, 32, shake, "client_fernet");
    vectors_bytes(client.mac, 32, shake, "client_mac");
    vectors_bytes(server.fernet, 32, shake, "server_fernet");
    vectors_bytes(server.mac, 32, shake, "server_mac");
    return 0;
}

static int unload(void **state)
{
    json_decref(root);
    return vectors_end(state);
}

/* The n-th frame of our own with this text, without its LF; freed by the caller. */
static struct buf sealed(uint64_t sequence, const char *text)
{
    struct frame_end end = client;
    struct buf line = BUF_INIT(100000);
    end.sequence = sequence;
    assert_int_equal(frame_seal(&line, &end, 1795392000, span_str(text)), ERR_OK);
    assert_int_equal(line.data[line.len - 1], '\n');
    buf_truncate(&line, line.len - 1);
    return line;
}

/* Refused by an end that stands at this frame, which then stands there still, and nothing is handed out. */
static void assert_refused_at(uint64_t sequence, struct span line)
{
    struct frame_end end = client;
    struct buf plain = BUF_INIT(100000);
    end.sequence = sequence;
    assert_int_equal(buf_append_str(&plain, "kept"), ERR_OK);
    enum err e = frame_open(&plain, &end, line);
    assert_true(e == ERR_FORGED || e == ERR_MALFORMED);
    assert_true(end.sequence == sequence);
    assert_true(span_is(buf_span(&plain), "kept"));
    buf_free(&plain);
}

static void the_vectors_open_exactly(void **state)
{
    /* Each in its direction, in its place. */
    (void)state;
    struct frame_end ends[2] = {client, server};
    size_t i;
    json_t *frame;
    assert_true(json_array_size(frames) > 0);
    json_array_foreach(frames, i, frame)
    {
        struct buf expected = vectors_hex(frame, "plaintext");
        bool is_client = span_is(vectors_text(frame, "direction"), "client");
        struct frame_end *end = &ends[is_client ? 0 : 1];
        struct buf plain = BUF_INIT(expected.len);
        assert_int_equal(end->sequence, vectors_number(frame, "sequence"));
        struct span line = vectors_line(frame, "line_text");
        assert_int_equal(frame_open(&plain, end, line), ERR_OK);
        assert_span_equal(buf_span(&plain), buf_span(&expected));
        assert_int_equal(frame_line_len(expected.len), line.len + 1);
        buf_free(&expected);
        buf_free(&plain);
    }
}

static void what_is_sealed_opens_again(void **state)
{
    /* Every length from 0 to 100, and a large one, one frame after the other; the line's length is known
     * beforehand. */
    (void)state;
    static uint8_t text[70000];
    struct frame_end out = client, in = client;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i <= 101; i++) {
        size_t n = i <= 100 ? i : sizeof(text);
        struct buf line = BUF_INIT(200000), plain = BUF_INIT(n);
        assert_int_equal(frame_seal(&line, &out, i, span_of(text, n)), ERR_OK);
        assert_int_equal(line.len, frame_line_len(n));
        assert_int_equal(frame_open(&plain, &in, span_of(line.data, line.len - 1)), ERR_OK);
        assert_true(span_equal(buf_span(&plain), span_of(text, n)));
        buf_free(&line);
        buf_free(&plain);
    }
    assert_true(out.sequence == 102 && in.sequence == 102);
}

static void a_frame_with_any_byte_changed_is_refused(void **state)
{
    /* Every byte of the line to every other value: token, space and tag. */
    (void)state;
    struct buf line = sealed(3, "PING");
    for (size_t i = 0; i < line.len; i++) {
        uint8_t before = line.data[i];
        for (unsigned byte = 0; byte < 256; byte++) {
            if (byte == before)
                continue;
            line.data[i] = (uint8_t)byte;
            assert_refused_at(3, buf_span(&line));
        }
        line.data[i] = before;
    }
    buf_free(&line);
}

static void a_frame_of_another_length_is_refused(void **state)
{
    /* Cut at every place, from both ends, and with a byte more at either. */
    (void)state;
    struct buf line = sealed(0, "PING");
    for (size_t n = 0; n < line.len; n++) {
        assert_refused_at(0, span_of(line.data, n));
        assert_refused_at(0, span_of(line.data + line.len - n, n));
    }
    static const char *const extras[] = {" ", "\r", "\n", "=", "A", "\0"};
    for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
        struct buf longer = BUF_INIT(10000);
        assert_int_equal(buf_append_span(&longer, buf_span(&line)), ERR_OK);
        assert_int_equal(buf_append(&longer, extras[i], 1), ERR_OK);
        assert_refused_at(0, buf_span(&longer));
        buf_clear(&longer);
        assert_int_equal(buf_append(&longer, extras[i], 1), ERR_OK);
        assert_int_equal(buf_append_span(&longer, buf_span(&line)), ERR_OK);
        assert_refused_at(0, buf_span(&longer));
        buf_free(&longer);
    }
    buf_free(&line);
}

static void a_space_more_is_refused(void **state)
{
    /* Token, one space, tag: not two spaces, no tab. */
    (void)state;
    struct buf line = sealed(0, "PING"), other = BUF_INIT(10000);
    size_t token = line.len - 45;
    assert_int_equal(buf_printf(&other, "%.*s  %.44s", (int)token, line.data,
                                line.data + token + 1),
                     ERR_OK);
    assert_refused_at(0, buf_span(&other));
    assert_refused_at(0, SPAN(""));
    assert_refused_at(0, SPAN(" "));
    assert_refused_at(0, span_of(line.data + token, 45));
    buf_free(&line);
    buf_free(&other);
}

static void a_frame_opens_in_its_place_alone(void **state)
{
    /* Repeated, dropped before it, come too early: refused, and the right one still opens after it. */
    (void)state;
    struct frame_end end = client;
    struct buf first = sealed(0, "one"), second = sealed(1, "two"), plain = BUF_INIT(100);
    assert_refused_at(0, buf_span(&second));
    assert_int_equal(frame_open(&plain, &end, buf_span(&first)), ERR_OK);
    assert_int_equal(frame_open(&plain, &end, buf_span(&first)), ERR_FORGED);
    assert_int_equal(end.sequence, 1);
    assert_int_equal(frame_open(&plain, &end, buf_span(&second)), ERR_OK);
    assert_true(span_is(buf_span(&plain), "onetwo"));
    for (unsigned bit = 0; bit < 64; bit++)
        assert_refused_at(1 ^ (UINT64_C(1) << bit), buf_span(&second));
    buf_free(&first);
    buf_free(&second);
    buf_free(&plain);
}

static void a_reflected_frame_is_refused(void **state)
{
    /* Sent back in the other direction, at the same place. */
    (void)state;
    struct frame_end out = server;
    struct buf line = BUF_INIT(1000);
    assert_int_equal(frame_seal(&line, &out, 0, SPAN("OK")), ERR_OK);
    assert_refused_at(0, span_of(line.data, line.len - 1));
    buf_free(&line);
}

static void a_token_and_a_tag_belong_together(void **state)
{
    /* The token of one frame with the tag of another, also of one with the same text and place. */
    (void)state;
    struct buf a = sealed(0, "PING"), b = sealed(0, "PING"), c = sealed(1, "PING");
    assert_memory_not_equal(a.data, b.data, a.len);
    memcpy(b.data + b.len - 44, a.data + a.len - 44, 44);
    memcpy(c.data, a.data, a.len - 45);
    assert_refused_at(0, buf_span(&b));
    assert_refused_at(1, buf_span(&c));
    buf_free(&a);
    buf_free(&b);
    buf_free(&c);
}

static void a_right_tag_does_not_save_a_wrong_token(void **state)
{
    /* A tag over something that is no token, or another key's: the token's own checks hold too. */
    (void)state;
    struct frame_end odd = client;
    struct buf line = BUF_INIT(1000);
    odd.fernet[0] ^= 1;
    assert_int_equal(frame_seal(&line, &odd, 0, SPAN("PING")), ERR_OK);
    assert_refused_at(0, span_of(line.data, line.len - 1));
    buf_free(&line);
}

static void sealing_beyond_the_limit_seals_nothing(void **state)
{
    /* The line's buffer is as it was, and the sequence too, so that the next frame is right. */
    (void)state;
    for (size_t room = 0; room < frame_line_len(4); room++) {
        struct frame_end end = client;
        struct buf line = BUF_INIT(4 + room);
        assert_int_equal(buf_append_str(&line, "kept"), ERR_OK);
        assert_int_equal(frame_seal(&line, &end, 0, SPAN("PING")), ERR_TOO_LARGE);
        assert_true(span_is(buf_span(&line), "kept"));
        assert_int_equal(end.sequence, 0);
        buf_free(&line);
    }
}

static void a_plaintext_is_a_head_and_perhaps_a_body(void **state)
{
    /* No LF, no body; an LF with nothing behind it is an empty one; the body may hold anything. */
    (void)state;
    struct frame_parts parts;
    assert_int_equal(frame_split(&parts, SPAN("PING")), ERR_OK);
    assert_true(span_is(parts.head, "PING") && !parts.has_body);
    assert_int_equal(frame_split(&parts, SPAN("ACK\n")), ERR_OK);
    assert_true(span_is(parts.head, "ACK") && parts.has_body && parts.body.len == 0);
    assert_int_equal(frame_split(&parts, SPAN("A b\nx\n\0\xff\n")), ERR_OK);
    assert_true(span_is(parts.head, "A b") && span_equal(parts.body, SPAN("x\n\0\xff\n")));
    assert_int_equal(frame_split(&parts, span_of(NULL, 0)), ERR_OK);
    assert_true(parts.head.len == 0 && !parts.has_body);
    assert_int_equal(frame_split(&parts, SPAN("\nbody")), ERR_OK);
    assert_true(parts.head.len == 0 && parts.has_body);
}

static void a_head_is_printable_and_short(void **state)
{
    /* 512 bytes, not 513; every byte outside 0x20 to 0x7e is refused, wherever it stands. */
    (void)state;
    struct frame_parts parts;
    uint8_t text[600];
    memset(text, 'x', sizeof(text));
    assert_int_equal(frame_split(&parts, span_of(text, 512)), ERR_OK);
    assert_int_equal(frame_split(&parts, span_of(text, 513)), ERR_MALFORMED);
    text[512] = '\n';
    assert_int_equal(frame_split(&parts, span_of(text, 600)), ERR_OK);
    assert_int_equal(parts.head.len, 512);
    text[512] = 'x';
    text[513] = '\n';
    assert_int_equal(frame_split(&parts, span_of(text, 600)), ERR_MALFORMED);
    for (unsigned byte = 0; byte < 256; byte++) {
        if (byte == '\n')
            continue;
        enum err expected = byte >= 0x20 && byte <= 0x7e ? ERR_OK : ERR_MALFORMED;
        uint8_t head[] = {'P', (uint8_t)byte, 'G'};
        assert_int_equal(frame_split(&parts, span_of(head, 3)), expected);
        assert_int_equal(frame_split(&parts, span_of(head + 1, 1)), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_open_exactly),
        cmocka_unit_test(what_is_sealed_opens_again),
        cmocka_unit_test(a_frame_with_any_byte_changed_is_refused),
        cmocka_unit_test(a_frame_of_another_length_is_refused),
        cmocka_unit_test(a_space_more_is_refused),
        cmocka_unit_test(a_frame_opens_in_its_place_alone),
        cmocka_unit_test(a_reflected_frame_is_refused),
        cmocka_unit_test(a_token_and_a_tag_belong_together),
        cmocka_unit_test(a_right_tag_does_not_save_a_wrong_token),
        cmocka_unit_test(sealing_beyond_the_limit_seals_nothing),
        cmocka_unit_test(a_plaintext_is_a_head_and_perhaps_a_body),
        cmocka_unit_test(a_head_is_printable_and_short),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
