/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Envelopes: sealed and signed by the sender, checked in the order of protocol 3.4 by whoever gets them.
 * Nothing of an envelope is handed out before every check has passed. */
#include "crypto/envelope.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/random.h"

#include "base/banned.h"

#define KIND            "secmsg-message-1"
#define MESSAGE_KEY_LEN FERNET_KEY_LEN
#define TIME_LIMIT      (UINT64_C(1) << 53)

static void make_commit(uint8_t commit[static HASH_LEN], const uint8_t *message_key)
{
    hash_sha256(commit, SPANS(SPAN("secmsg-commit-1\n"), span_of(message_key, MESSAGE_KEY_LEN)));
}

static enum err take_address(struct envelope *envelope, struct span *rest)
{
    struct span time;
    enum err e = field_take_literal(rest, KIND);
    if (!e)
        e = field_take_line(rest, "from", &envelope->from);
    if (!e)
        e = field_take_line(rest, "to", &envelope->to);
    if (!e)
        e = field_take_line(rest, "id", &envelope->id);
    if (!e)
        e = field_take_line(rest, "time", &time);
    if (!e)
        e = field_number(time, &envelope->time);
    if (e)
        return e;
    bool is_good =
        field_is_user(envelope->from) && field_is_user(envelope->to) && field_is_id(envelope->id);
    return is_good ? ERR_OK : ERR_MALFORMED;
}

enum err envelope_parse(struct envelope *envelope, struct span text)
{
    struct span rest = text;
    *envelope = (struct envelope){.text = text};
    enum err e = take_address(envelope, &rest);
    if (!e)
        e = field_take_b64(&rest, "key", envelope->key, RSA_LEN);
    if (!e)
        e = field_take_b64(&rest, "commit", envelope->commit, HASH_LEN);
    if (!e)
        e = field_take_line(&rest, "body", &envelope->body);
    if (!e && !fernet_is_token(envelope->body))
        e = ERR_MALFORMED;
    envelope->signed_part = span_of(text.data, text.len - rest.len);
    if (!e)
        e = field_take_b64(&rest, "signature", envelope->signature, RSA_LEN);
    if (!e && rest.len > 0)
        e = ERR_MALFORMED;
    if (e)
        *envelope = (struct envelope){0};
    return e;
}

enum err envelope_verify(const struct envelope *envelope, const uint8_t sign[static RSA_LEN])
{
    return rsa_verify(sign, envelope->signature, &envelope->signed_part, 1);
}

/* The body line: the content under the message key. */
static enum err add_body(struct buf *text, const struct message *message,
                         const struct identity *from, const struct identity *to,
                         const uint8_t *message_key)
{
    struct buf plain = BUF_INIT((size_t)padme_len(content_longest(message->data.len)));
    enum err e = content_make(&plain, message, from, to);
    if (!e)
        e = buf_append_str(text, "body: ");
    if (!e)
        e = fernet_seal(text, message_key, message->time, buf_span(&plain));
    if (!e)
        e = buf_append_byte(text, '\n');
    buf_free(&plain);
    return e;
}

/* Every line that the signature covers. */
static enum err add_signed_part(struct buf *text, const struct message *message,
                                const struct identity *from, const struct identity *to)
{
    uint8_t message_key[MESSAGE_KEY_LEN], cipher[RSA_LEN], commit[HASH_LEN];
    random_key(message_key, sizeof message_key);
    make_commit(commit, message_key);
    enum err e = rsa_seal(cipher, to->seal, span_of(message_key, sizeof message_key));
    if (!e)
        e = buf_printf(text, KIND "\nfrom: %s\nto: %s\nid: %s\ntime: %" PRIu64 "\n", from->user,
                       to->user, message->id, message->time);
    if (!e)
        e = field_add_b64(text, "key", span_of(cipher, RSA_LEN));
    if (!e)
        e = field_add_b64(text, "commit", span_of(commit, HASH_LEN));
    if (!e)
        e = add_body(text, message, from, to, message_key);
    bytes_wipe(message_key, sizeof message_key);
    return e;
}

enum err envelope_seal(struct buf *text, const struct message *message, const struct identity *from,
                       const struct rsa_key *sign, const struct identity *to)
{
    uint8_t signature[RSA_LEN];
    size_t before = text->len;
    if (message->time >= TIME_LIMIT || message->data.len > SIZE_MAX / 4 ||
        memcmp(rsa_modulus(sign), from->sign, RSA_LEN) != 0)
        return ERR_MALFORMED;
    enum err e = add_signed_part(text, message, from, to);
    struct span signed_part = span_of(e ? NULL : text->data + before, text->len - before);
    if (!e)
        e = rsa_sign(signature, sign, &signed_part, 1);
    if (!e)
        e = field_add_b64(text, "signature", span_of(signature, RSA_LEN));
    if (e)
        buf_truncate(text, before);
    return e;
}

static enum fault open_message_key(uint8_t *message_key, const struct envelope *envelope,
                                   const struct rsa_key *seal)
{
    struct buf opened = BUF_INIT(RSA_OAEP_MAX);
    enum fault fault = fault_from(rsa_open(&opened, seal, envelope->key), FAULT_KEY);
    if (!fault && opened.len != MESSAGE_KEY_LEN)
        fault = FAULT_KEY;
    if (!fault)
        memcpy(message_key, opened.data, MESSAGE_KEY_LEN);
    buf_free(&opened);
    return fault;
}

static enum fault compare_claims(const struct content_claims *claims,
                                 const struct envelope *envelope, const struct identity *from,
                                 const char *to_fingerprint)
{
    if (!span_equal(claims->from, envelope->from))
        return FAULT_INNER_FROM;
    if (!span_equal(claims->to, envelope->to))
        return FAULT_INNER_TO;
    if (!span_equal(claims->id, envelope->id))
        return FAULT_INNER_ID;
    if (!span_is(claims->from_identity, from->fingerprint))
        return FAULT_SENDER_IDENTITY;
    if (to_fingerprint && !span_is(claims->to_identity, to_fingerprint))
        return FAULT_READER_IDENTITY;
    return FAULT_NONE;
}

/* The checks from `commit` on. */
static enum fault open_content(struct content *content, const struct envelope *envelope,
                               const uint8_t *message_key, const struct identity *from,
                               const char *to_fingerprint)
{
    uint8_t commit[HASH_LEN];
    struct content_claims claims;
    make_commit(commit, message_key);
    if (!bytes_equal_secret(commit, envelope->commit, HASH_LEN))
        return FAULT_COMMIT;
    content->plain = BUF_INIT(envelope->body.len);
    enum fault fault =
        fault_from(fernet_open(&content->plain, message_key, envelope->body), FAULT_BODY);
    if (!fault)
        fault = content_parse(content, &claims);
    if (!fault)
        fault = compare_claims(&claims, envelope, from, to_fingerprint);
    if (fault)
        content_free(content);
    return fault;
}

enum fault envelope_open(struct content *content, uint8_t message_key[static MESSAGE_KEY_LEN],
                         const struct envelope *envelope, const struct envelope_reader *reader)
{
    *content = (struct content){.plain = BUF_INIT(0)};
    if (!span_is(envelope->to, reader->self->user))
        return FAULT_TO;
    if (!span_is(envelope->from, reader->from->user))
        return FAULT_FROM;
    if (!span_equal(envelope->id, reader->id))
        return FAULT_ID;
    enum fault fault = fault_from(envelope_verify(envelope, reader->from->sign), FAULT_SIGNATURE);
    if (!fault)
        fault = open_message_key(message_key, envelope, reader->seal);
    if (!fault)
        fault =
            open_content(content, envelope, message_key, reader->from, reader->self->fingerprint);
    if (fault)
        bytes_wipe(message_key, MESSAGE_KEY_LEN);
    return fault;
}

enum fault envelope_open_with_key(struct content *content, const struct envelope *envelope,
                                  const uint8_t message_key[static MESSAGE_KEY_LEN],
                                  const struct identity *from, const char *to_fingerprint)
{
    *content = (struct content){.plain = BUF_INIT(0)};
    if (!span_is(envelope->from, from->user))
        return FAULT_FROM;
    enum fault fault = fault_from(envelope_verify(envelope, from->sign), FAULT_SIGNATURE);
    if (!fault)
        fault = open_content(content, envelope, message_key, from, to_fingerprint);
    return fault;
}

/* Bytes of an envelope with n bytes of data and every field at its longest. */
static size_t longest(size_t n)
{
    static const char lines[] = KIND "\nfrom: \nto: \nid: \ntime: \nkey: \ncommit: \nbody: \n"
                                     "signature: \n";
    const size_t rsa_chars = RSA_LEN / 3 * 4, commit_chars = (HASH_LEN + 2) / 3 * 4,
                 time_chars = 16;
    return sizeof lines - 1 + 2 * FIELD_USER_MAX + FIELD_ID_LEN + time_chars + 2 * rsa_chars +
           commit_chars + fernet_token_len((size_t)padme_len(content_longest(n)));
}

size_t envelope_largest_data(size_t max)
{
    size_t least = 0, most = max;
    if (max > SIZE_MAX / 4 || longest(0) > max)
        return 0;
    while (least < most) {
        size_t middle = least + (most - least + 1) / 2;
        if (longest(middle) <= max)
            least = middle;
        else
            most = middle - 1;
    }
    return least;
}
