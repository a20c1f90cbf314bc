/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identities. One that was parsed has passed every check, so moduli never reach RSA unchecked. */
#include "crypto/identity.h"

#include <string.h>

#include "base/banned.h"

#define KIND "secmsg-identity-1"

/* The lines up to the signature, then the signature; *signed_len is what it covers. */
static enum err parse_form(struct identity *identity, uint8_t *signature, size_t *signed_len,
                           struct span text)
{
    struct span rest = text, user;
    enum err e = field_take_literal(&rest, KIND);
    if (!e)
        e = field_take_line(&rest, "user", &user);
    if (!e && !(field_is_user(user) && span_to_text(user, identity->user, FIELD_USER_SIZE)))
        e = ERR_MALFORMED;
    if (!e)
        e = field_take_b64(&rest, "sign", identity->sign, RSA_LEN);
    if (!e)
        e = field_take_b64(&rest, "seal", identity->seal, RSA_LEN);
    *signed_len = text.len - rest.len;
    if (!e)
        e = field_take_b64(&rest, "signature", signature, RSA_LEN);
    return !e && rest.len > 0 ? ERR_MALFORMED : e;
}

/* Every check but the signature's own; *signed_part is what that covers. */
static enum err parse_checked(struct identity *identity, uint8_t *signature,
                              struct span *signed_part, struct span text)
{
    size_t signed_len;
    *identity = (struct identity){0};
    if (text.len > IDENTITY_MAX)
        return ERR_MALFORMED;
    enum err e = parse_form(identity, signature, &signed_len, text);
    if (!e && (!rsa_is_modulus(identity->sign) || !rsa_is_modulus(identity->seal) ||
               memcmp(identity->sign, identity->seal, RSA_LEN) == 0))
        e = ERR_MALFORMED;
    if (e)
        return e;
    *signed_part = span_of(text.data, signed_len);
    hash_fingerprint(identity->fingerprint, *signed_part);
    return ERR_OK;
}

enum err identity_parse(struct identity *identity, struct span text)
{
    uint8_t signature[RSA_LEN];
    struct span signed_part;
    enum err e = parse_checked(identity, signature, &signed_part, text);
    if (!e)
        e = rsa_verify(identity->sign, signature, &signed_part, 1);
    if (e)
        *identity = (struct identity){0};
    return e;
}

enum err identity_parse_stored(struct identity *identity, struct span text)
{
    uint8_t signature[RSA_LEN];
    struct span signed_part;
    enum err e = parse_checked(identity, signature, &signed_part, text);
    if (e)
        *identity = (struct identity){0};
    return e;
}

enum err identity_make(struct buf *text, struct span user, const struct rsa_key *sign,
                       const struct rsa_key *seal)
{
    uint8_t signature[RSA_LEN];
    size_t before = text->len;
    if (!field_is_user(user) || memcmp(rsa_modulus(sign), rsa_modulus(seal), RSA_LEN) == 0)
        return ERR_MALFORMED;
    enum err e = buf_append_str(text, KIND "\n");
    if (!e)
        e = field_add_line(text, "user", user);
    if (!e)
        e = field_add_b64(text, "sign", span_of(rsa_modulus(sign), RSA_LEN));
    if (!e)
        e = field_add_b64(text, "seal", span_of(rsa_modulus(seal), RSA_LEN));
    struct span signed_part = span_of(e ? NULL : text->data + before, text->len - before);
    if (!e)
        e = rsa_sign(signature, sign, &signed_part, 1);
    if (!e)
        e = field_add_b64(text, "signature", span_of(signature, RSA_LEN));
    if (e)
        buf_truncate(text, before);
    return e;
}
