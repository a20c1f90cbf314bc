/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain mode's acknowledgements. Every answer of plain mode is sent before the next line is looked at, so
 * what is in `shown` when this is called has been written to the peer. */
#include "handler/shown.h"

#include "base/banned.h"

enum err shown_add(struct session *s, const char *id)
{
    return s->channel.is_plain ? buf_append(&s->shown, id, FIELD_ID_LEN) : ERR_OK;
}

enum err shown_acknowledge(struct session *s)
{
    uint64_t unread;
    if (s->shown.len == 0)
        return ERR_OK;
    size_t n = s->shown.len / FIELD_ID_LEN;
    enum err e = store_ack(s->store, &s->login, (const char *)s->shown.data, n, &unread);
    if (e)
        return e;
    guard_count(s->guard, GUARD_ACKNOWLEDGED, n);
    buf_clear(&s->shown);
    return ERR_OK;
}
