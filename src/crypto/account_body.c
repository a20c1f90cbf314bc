/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The body of REGISTER: salt, identity, vault. */
#include "crypto/account_body.h"

#include "base/base64.h"
#include "crypto/field.h"
#include "crypto/identity.h"

#include "base/banned.h"

/* A too long identity is malformed, like everything else that a peer can get wrong here. */
static enum err take_identity(struct buf *identity, struct span *rest)
{
    struct span value;
    enum err e = field_take_line(rest, "identity", &value);
    if (!e)
        e = base64url_decode(identity, value);
    return e == ERR_TOO_LARGE ? ERR_MALFORMED : e;
}

enum err account_body_parse(struct account_body *body, struct span text)
{
    struct span rest = text;
    *body = (struct account_body){.identity = BUF_INIT(IDENTITY_MAX)};
    enum err e = field_take_b64(&rest, "salt", body->salt, STRETCH_SALT_LEN);
    if (!e)
        e = take_identity(&body->identity, &rest);
    if (!e)
        e = lock_body_take_vault(&body->vault, &rest);
    if (!e && rest.len > 0)
        e = ERR_MALFORMED;
    if (e) {
        account_body_free(body);
        *body = (struct account_body){.identity = BUF_INIT(IDENTITY_MAX)};
    }
    return e;
}

void account_body_free(struct account_body *body)
{
    if (body)
        buf_free(&body->identity);
}

enum err account_body_make(struct buf *text, const uint8_t salt[static STRETCH_SALT_LEN],
                           struct span identity, struct span vault)
{
    size_t before = text->len;
    enum err e = field_add_b64(text, "salt", span_of(salt, STRETCH_SALT_LEN));
    if (!e)
        e = field_add_b64(text, "identity", identity);
    if (!e)
        e = field_add_line(text, "vault", vault);
    if (e)
        buf_truncate(text, before);
    return e;
}
