/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bodies of REGISTER and PASSWD, and LOGIN's answer: what is taken would be made again as it is. */
#include "crypto/account_body.h"

#include "crypto/identity.h"
#include "crypto/vault.h"
#include "tests/fuzz/fuzz.h"

void fuzz_start(void)
{
}

static void check_account(struct span in)
{
    struct account_body body;
    struct buf again = BUF_INIT(65536);
    enum err e = account_body_parse(&body, in);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e == ERR_OK) {
        FUZZ_HOLDS(body.identity.len <= IDENTITY_MAX && body.vault.len <= VAULT_TOKEN_MAX);
        FUZZ_OK(account_body_make(&again, body.salt, buf_span(&body.identity), body.vault));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
    }
    account_body_free(&body);
    buf_free(&again);
}

static void check_lock(struct span in)
{
    uint8_t salt[STRETCH_SALT_LEN];
    struct span vault;
    struct buf again = BUF_INIT(65536);
    if (lock_body_parse(salt, &vault, in) == ERR_OK) {
        FUZZ_OK(lock_body_make(&again, salt, vault));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
    }
    buf_clear(&again);
    if (vault_line_parse(&vault, in) == ERR_OK) {
        FUZZ_HOLDS(fernet_is_token(vault) && vault.len <= VAULT_TOKEN_MAX);
        FUZZ_OK(field_add_line(&again, "vault", vault));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
    }
    buf_free(&again);
}

void fuzz_one(struct span in)
{
    check_account(in);
    check_lock(in);
}
