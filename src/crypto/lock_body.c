/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two lines of PASSWD, which the account body has too. */
#include "crypto/lock_body.h"

#include "crypto/field.h"

#include "base/banned.h"

enum err lock_body_take_vault(struct span *vault, struct span *rest)
{
    struct span value, after = *rest;
    enum err e = field_take_line(&after, "vault", &value);
    if (e)
        return e;
    if (value.len > VAULT_TOKEN_MAX || !fernet_is_token(value))
        return ERR_MALFORMED;
    *vault = value;
    *rest = after;
    return ERR_OK;
}

enum err lock_body_parse(uint8_t salt[static STRETCH_SALT_LEN], struct span *vault,
                         struct span text)
{
    struct span rest = text;
    enum err e = field_take_b64(&rest, "salt", salt, STRETCH_SALT_LEN);
    if (!e)
        e = lock_body_take_vault(vault, &rest);
    return !e && rest.len > 0 ? ERR_MALFORMED : e;
}

enum err lock_body_make(struct buf *text, const uint8_t salt[static STRETCH_SALT_LEN],
                        struct span vault)
{
    size_t before = text->len;
    enum err e = field_add_b64(text, "salt", span_of(salt, STRETCH_SALT_LEN));
    if (!e)
        e = field_add_line(text, "vault", vault);
    if (e)
        buf_truncate(text, before);
    return e;
}
