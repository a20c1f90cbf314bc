/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One kind of token, and one way to say how long it is good, whatever it opens. */
#include "admin/token.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/conf.h"
#include "crypto/random.h"

#include "base/banned.h"

#define TOKEN_LEN    24 /* bytes; without padding in b64 */
#define LIFETIME_MAX (UINT64_C(3650) * 86400)

void token_make(struct token *token)
{
    uint8_t bytes[TOKEN_LEN];
    random_key(bytes, sizeof(bytes));
    base64url_encode_text(token->text, sizeof(token->text), span_of(bytes, sizeof(bytes)));
    bytes_wipe(bytes, sizeof(bytes));
}

void token_wipe(struct token *token)
{
    bytes_wipe(token, sizeof(*token));
}

static uint64_t unit_of(char letter)
{
    switch (letter) {
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return UINT64_C(7) * 86400;
    default:
        return 0;
    }
}

enum err token_lifetime(const char *text, uint64_t *seconds)
{
    char number[16] = "";
    uint64_t n;
    *seconds = TOKEN_LIFETIME;
    if (text == NULL)
        return ERR_OK;
    size_t len = strlen(text);
    uint64_t unit = len > 0 ? unit_of(text[len - 1]) : 0;
    if (unit == 0 || len > sizeof(number))
        return ERR_MALFORMED;
    memcpy(number, text, len - 1);
    if (conf_number(number, 1, LIFETIME_MAX / unit, &n))
        return ERR_MALFORMED;
    *seconds = n * unit;
    return ERR_OK;
}
