/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backup.c: keys to a file's text, and back. What comes back is checked as if a stranger had written it. */
#include "backup.h"

#include "base/banned.h"

#define FIRST_LINE "secmsg-keys-1"

static bool is_plain(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    }
    return text.len > 0;
}

enum err backup_make(struct buf *text, const struct keyring *ring, struct span server,
                     const uint8_t host_key[static HOST_KEY_LEN])
{
    if (!is_plain(server))
        return ERR_MALFORMED;
    enum err err = buf_append_str(text, FIRST_LINE "\n");
    if (err == ERR_OK)
        err = field_add_line(text, "server", server);
    if (err == ERR_OK)
        err = field_add_b64(text, "host-key", span_of(host_key, HOST_KEY_LEN));
    return err == ERR_OK ? account_body_make(text, ring->salt, buf_span(&ring->identity),
                                             buf_span(&ring->token))
                         : err;
}

enum err backup_parse(struct keyring *ring, struct span *server,
                      uint8_t host_key[static HOST_KEY_LEN], struct span text)
{
    struct account_body body = {.identity = BUF_INIT(IDENTITY_MAX)};
    enum err err = field_take_literal(&text, FIRST_LINE);
    if (err == ERR_OK)
        err = field_take_line(&text, "server", server);
    if (err == ERR_OK)
        err = field_take_b64(&text, "host-key", host_key, HOST_KEY_LEN);
    if (err == ERR_OK)
        err = account_body_parse(&body, text);
    if (err == ERR_OK)
        err = keyring_set(ring, body.salt, buf_span(&body.identity), body.vault);
    account_body_free(&body);
    return err == ERR_OK || err == ERR_NO_MEMORY ? err : ERR_MALFORMED;
}
