/* SPDX-License-Identifier: GPL-3.0-or-later */
/* confirm.c: the password once more. Open keys prove nothing about who sits there now. */
#include "confirm.h"

#include "authenticate.h"
#include "password.h"
#include "say.h"

#include "base/banned.h"

static enum status compare(struct session *s, struct span password)
{
    uint8_t root[STRETCH_ROOT_LEN];
    enum err err = stretch_root(root, password, s->ring.salt);
    bool is_same = err == ERR_OK && bytes_equal_secret(root, s->ring.root, sizeof(root));
    bytes_wipe(root, sizeof(root));
    if (err != ERR_OK)
        return say_failure(err, "can't stretch the password");
    if (is_same)
        return STATUS_OK;
    say("wrong password for %s.", s->user);
    return STATUS_NO_PERMISSION;
}

enum status confirm_password(struct session *s)
{
    struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
    if (!s->ring.is_unlocked) {
        s->wants_password = true;
        enum status status = authenticate_session(s);
        s->wants_password = false;
        return status;
    }
    enum status status = password_get(s, false, &password);
    if (status == STATUS_OK)
        status = compare(s, buf_span(&password));
    buf_free(&password);
    return status == STATUS_OK ? authenticate_session(s) : status;
}

enum status confirm_secret(const struct session *s, const uint8_t root[static STRETCH_ROOT_LEN],
                           char secret[static STRETCH_SECRET_SIZE])
{
    enum err err = stretch_secret(secret, root, s->host_key, span_str(s->user));
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't stretch the password");
}
