/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys.c: the word `keys`: a backup that opens by the password alone, and the way back. Neither needs a server that
 * still is there. */
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "authenticate.h"
#include "backup.h"
#include "base/clock.h"
#include "base/file.h"
#include "host.h"
#include "password.h"
#include "pins.h"
#include "result.h"
#include "say.h"

#include "base/banned.h"

/* A new file, whole or not at all. */
static enum status write_new(const char *path, struct span text)
{
    struct visible_value shown = visible_value(span_str(path));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        say("can't make %s: %s.", shown.text, strerror(errno));
        return STATUS_CANT_CREATE;
    }
    enum err err = file_write_all(fd, text);
    if (err == ERR_OK && fsync(fd) != 0)
        err = ERR_IO;
    if (err == ERR_OK)
        err = file_sync_name(AT_FDCWD, path);
    int saved = errno;
    if (close(fd) != 0 && err == ERR_OK) {
        saved = errno;
        err = ERR_IO;
    }
    if (err == ERR_OK)
        return STATUS_OK;
    (void)unlink(path);
    errno = saved;
    return say_failure(err, "can't write the backup");
}

/* Its password is tried: a backup that nobody can open is none. */
static enum status back_up(struct session *s, const char *path)
{
    struct buf text = BUF_INIT(BACKUP_MAX);
    enum status status = authenticate_keys(s, false);
    if (status != STATUS_OK)
        return status;
    enum err err = backup_make(&text, &s->ring, buf_span(&s->server), s->host_key);
    status = err == ERR_OK ? write_new(path, buf_span(&text))
                           : say_failure(err, "can't make a backup of the keys");
    buf_free(&text);
    if (status == STATUS_OK) {
        struct visible_value shown = visible_value(span_str(path));
        say("the keys of %s are in %s, sealed by your password as it is now.", s->user, shown.text);
        status = result_print_account(s, "backed-up");
    }
    return status;
}

/* Nothing in the backup vouches for its host key, so it goes no further than a first contact would. */
static enum status check_host(const struct session *s, const uint8_t host_key[static HOST_KEY_LEN])
{
    char print[FINGERPRINT_SIZE];
    uint8_t pinned[HOST_KEY_LEN];
    hash_fingerprint(print, span_of(host_key, HOST_KEY_LEN));
    enum status status = host_compare_address(s, print);
    bool may_pin = !options_is_strict(&s->options) || s->address.pin[0] != '\0';
    if (status != STATUS_OK || may_pin || host_find_pin(s, pinned) != ERR_NOT_FOUND)
        return status;
    return host_say_unpinned(s, print);
}

/* Its server must be the pinned one; where none is pinned, the backup says which it was. */
static enum status settle_host(struct session *s, struct span server,
                               const uint8_t host_key[static HOST_KEY_LEN])
{
    char print[FINGERPRINT_SIZE];
    enum status status = check_host(s, host_key);
    if (status == STATUS_OK)
        status = home_make(&s->home);
    if (status != STATUS_OK)
        return status;
    enum err err = pins_add_host(s->home.dir, buf_span(&s->server), host_key);
    struct visible_value shown = session_server(s), theirs = visible_value(server);
    if (err == ERR_EXISTS) {
        say("the backup was made at %s, and its host key isn't the one that is pinned for %s. "
            "Nothing was restored.",
            theirs.text, shown.text);
        return STATUS_CHANGED;
    }
    if (err != ERR_OK && err != ERR_DUPLICATE)
        return pins_say_failure(err, s->home.path, PINS_HOSTS_FILE);
    hash_fingerprint(print, span_of(host_key, HOST_KEY_LEN));
    if (err == ERR_OK)
        say("the host key of %s is pinned from now on, as in the backup: %s", shown.text, print);
    memcpy(s->host_key, host_key, HOST_KEY_LEN);
    s->has_host_key = true;
    return STATUS_OK;
}

static enum status check_absent(struct session *s)
{
    struct keyring present;
    keyring_init(&present);
    enum err err = keyring_load(&present, s->account.dir, s->user);
    keyring_clear(&present);
    if (err == ERR_NOT_FOUND)
        return STATUS_OK;
    say("%s has keys here already. Remove them with `%slogout` first; nothing was restored.",
        s->user, say_command());
    return STATUS_CANT_CREATE;
}

static enum status keep(struct session *s)
{
    enum err err = pins_add_identity(s->account.dir, buf_span(&s->ring.identity));
    if (err == ERR_EXISTS) {
        say("another identity of %s is pinned in this directory; nothing was restored.", s->user);
        return STATUS_CHANGED;
    }
    if (err == ERR_OK || err == ERR_DUPLICATE)
        err = keyring_save(&s->ring, s->account.dir);
    if (err == ERR_OK)
        err = home_note_first_login(s->account.dir, clock_wall());
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't keep the keys");
}

static enum status open_with_password(struct session *s, struct keyring *ring)
{
    struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
    enum status status = password_get(s, false, &password);
    enum err err = status == STATUS_OK ? keyring_unlock(ring, buf_span(&password)) : ERR_OK;
    buf_free(&password);
    if (err == ERR_OK)
        return status;
    if (err != ERR_FORGED)
        return say_failure(err, "can't open the keys of the backup");
    say("wrong password for the backup of %s. It is the one from when the backup was made.",
        ring->self.user);
    return STATUS_NO_PERMISSION;
}

static enum status restore_text(struct session *s, const char *path, struct span text)
{
    struct keyring ring;
    struct span server;
    uint8_t host_key[HOST_KEY_LEN];
    enum status status;
    keyring_init(&ring);
    enum err err = backup_parse(&ring, &server, host_key, text);
    if (err != ERR_OK) {
        struct visible_value shown = visible_value(span_str(path));
        say("%s isn't a backup of keys, or it is damaged.", shown.text);
        status = err == ERR_NO_MEMORY ? STATUS_OS : STATUS_DATA;
    } else {
        status = open_with_password(s, &ring);
    }
    if (status == STATUS_OK)
        status = settle_host(s, server, host_key);
    if (status == STATUS_OK)
        status = session_choose_user(s, ring.self.user);
    if (status == STATUS_OK)
        status = check_absent(s);
    if (status != STATUS_OK) {
        keyring_clear(&ring);
        return status;
    }
    keyring_clear(&s->ring);
    s->ring = ring;
    return keep(s);
}

static enum status restore(struct session *s, const char *path)
{
    struct buf text = BUF_INIT(BACKUP_MAX);
    struct session_user former;
    enum status status = password_read_given(s);
    if (status != STATUS_OK)
        return status;
    enum err err = file_read(AT_FDCWD, path, &text);
    if (err != ERR_OK) {
        struct visible_value shown = visible_value(span_str(path));
        say("can't read %s: %s.", shown.text, err == ERR_IO ? strerror(errno) : err_text(err));
        buf_free(&text);
        return STATUS_NO_INPUT;
    }
    session_set_aside(s, &former);
    status = restore_text(s, path, buf_span(&text));
    session_settle(s, &former, status);
    buf_free(&text);
    if (status == STATUS_OK) {
        say("the keys of %s are on this machine again.", s->user);
        status = result_print_account(s, "restored");
    }
    return status;
}

enum status keys_main(struct session *s, int argc, char *argv[])
{
    if (argc == 3 && strcmp(argv[1], "backup") == 0)
        return back_up(s, argv[2]);
    if (argc == 3 && strcmp(argv[1], "restore") == 0)
        return restore(s, argv[2]);
    say("type `%skeys backup FILE` or `%skeys restore FILE`.", say_command(), say_command());
    return STATUS_USAGE;
}
