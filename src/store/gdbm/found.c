/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Founding a store. Invariant: store.conf is there only once everything else is there and durable, so a
 * directory without it that holds only our own names is a founding that somebody didn't finish. */
#include "store/gdbm/found.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/host_key.h"
#include "crypto/random.h"
#include "store/gdbm/layout.h"
#include "store/gdbm/lock.h"
#include "store/store.h"

#include "base/banned.h"

static enum err found_failed(const char *what)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return ERR_NO_SPACE;
    if (errno == EROFS)
        return ERR_READ_ONLY;
    if (errno == EACCES || errno == EPERM)
        return ERR_DENIED;
    log_event(LOG_LEVEL_ERROR, "store_create_failed", "step=%s errno=%d", what, errno);
    return ERR_IO;
}

static bool is_own_name(const char *name, const char *also)
{
    static const char *const names[] =
        {".",          "..",        FOUND_CONF,        FOUND_HOST_KEY,       FOUND_LOCK,
         FOUND_SHARDS, FOUND_GUARD, FOUND_CONF ".new", FOUND_HOST_KEY ".new"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return also != NULL && strcmp(name, also) == 0;
}

enum err found_check_own(int fd, const char *also)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (list == NULL) {
        if (copy >= 0)
            close(copy);
        return found_failed("list");
    }
    bool is_ours = true;
    for (struct dirent *d; is_ours && (d = readdir(list)) != NULL;)
        is_ours = is_own_name(d->d_name, also);
    closedir(list);
    return is_ours ? ERR_OK : ERR_MALFORMED;
}

/* Makes a whole, durable file, or leaves the one that is there: link(2) doesn't replace. */
static enum err make_file(int fd, const char *name, struct span content)
{
    char temporary[32];
    snprintf(temporary, sizeof(temporary), "%s.new", name);
    int out = openat(fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0)
        return found_failed(name);
    enum err e = file_write_all(out, content);
    if (!e && fsync(out) != 0)
        e = found_failed(name);
    if (close(out) != 0 && !e)
        e = found_failed(name);
    if (!e && linkat(fd, temporary, fd, name, 0) != 0 && errno != EEXIST)
        e = found_failed(name);
    unlinkat(fd, temporary, 0);
    if (!e && fsync(fd) != 0)
        e = found_failed("sync");
    return e;
}

static enum err make_host_key(int fd)
{
    uint8_t seed[HOST_KEY_SEED_LEN];
    struct host_key key;
    uint8_t file[HOST_KEY_FILE_LEN];
    random_key(seed, sizeof(seed));
    enum err e = host_key_from_seed(&key, seed);
    if (!e) {
        host_key_pack(file, &key);
        e = make_file(fd, FOUND_HOST_KEY, span_of(file, sizeof(file)));
    }
    bytes_wipe(seed, sizeof(seed));
    bytes_wipe(&key, sizeof(key));
    bytes_wipe(file, sizeof(file));
    return e;
}

static enum err make_conf(int fd)
{
    uint8_t id[LAYOUT_STORE_ID_LEN];
    uint8_t secret[STORE_SECRET_LEN];
    char id_text[32];
    char secret_text[64];
    struct buf text = BUF_INIT(1024);
    random_bytes(id, sizeof(id));
    random_key(secret, sizeof(secret));
    base64url_encode_text(id_text, sizeof(id_text), span_of(id, sizeof(id)));
    base64url_encode_text(secret_text, sizeof(secret_text), span_of(secret, sizeof(secret)));
    enum err e =
        buf_printf(&text,
                   "# A secmsg store. Nothing here is ever changed; keep it secret, and in the "
                   "backup.\nformat = %d\nshards = %d\nid = %s\nsecret = %s\n",
                   LAYOUT_FORMAT, LAYOUT_SHARDS, id_text, secret_text);
    if (!e)
        e = make_file(fd, FOUND_CONF, buf_span(&text));
    bytes_wipe(secret, sizeof(secret));
    bytes_wipe(secret_text, sizeof(secret_text));
    buf_free(&text);
    return e;
}

static enum err found_locked(int fd)
{
    struct stat st;
    if (fstatat(fd, FOUND_CONF, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return ERR_OK;
    /* Shards come after store.conf: with shards and without it, this is a store that lost it. */
    if (unlinkat(fd, FOUND_SHARDS, AT_REMOVEDIR) != 0 && errno == ENOTEMPTY)
        return ERR_DAMAGED;
    if (mkdirat(fd, FOUND_SHARDS, 0700) != 0 && errno != EEXIST)
        return found_failed(FOUND_SHARDS);
    enum err e = make_host_key(fd);
    return e ? e : make_conf(fd);
}

enum err found_store(int fd)
{
    enum err e = found_check_own(fd, NULL);
    if (e)
        return e;
    int lock = openat(fd, FOUND_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return found_failed(FOUND_LOCK);
    e = lock_take(lock);
    if (!e)
        e = found_locked(fd);
    close(lock);
    return e;
}
