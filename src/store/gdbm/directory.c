/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a store costs a few opens, whatever it holds; anything doubtful about it is refused here, with
 * what to do about it. */
#include "store/gdbm/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/boot.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "store/gdbm/found.h"
#include "store/gdbm/made.h"
#include "store/gdbm/names.h"
#include "store/gdbm/target.h"

#include "base/banned.h"

/* What went wrong, for a person. */
struct complaint {
    const char *path;
    char *message;
    size_t size;
};

static enum err complain(const struct complaint *c, enum err e, const char *what)
{
    snprintf(c->message, c->size, "%s: %s", c->path, what);
    return e;
}

static enum err complain_errno(const struct complaint *c, const char *what)
{
    snprintf(c->message, c->size, "%s: %s: %s", c->path, what, strerror(errno));
    if (errno == EACCES || errno == EPERM)
        return ERR_DENIED;
    return errno == ENOSPC ? ERR_NO_SPACE : errno == EROFS ? ERR_READ_ONLY : ERR_IO;
}

/* A user's name as sudo takes it: `#` and the number where there is none. */
struct user_name {
    char text[64];
};

static struct user_name name_user(uid_t user)
{
    struct user_name name;
    const struct passwd *entry = getpwuid(user);
    if (entry != NULL && strlen(entry->pw_name) < sizeof(name.text))
        snprintf(name.text, sizeof(name.text), "%s", entry->pw_name);
    else
        snprintf(name.text, sizeof(name.text), "#%u", (unsigned)user);
    return name;
}

/* To give it to this user would lock out whoever serves it now. */
static enum err complain_owner(const struct complaint *c, uid_t owner)
{
    snprintf(
        c->message, c->size,
        "%s: belongs to %s (%u), and this runs as %s (%u); run it as that user: sudo -u '%s' ...",
        c->path, name_user(owner).text, (unsigned)owner, name_user(geteuid()).text,
        (unsigned)geteuid(), name_user(owner).text);
    return ERR_DENIED;
}

/* Of a file in a store that is this user's. */
static enum err complain_file_owner(const struct complaint *c, const char *name, uid_t owner)
{
    snprintf(c->message, c->size,
             "%s: its %s belongs to %s (%u), and the store to %s (%u), as whom this runs; chown it",
             c->path, name, name_user(owner).text, (unsigned)owner, name_user(geteuid()).text,
             (unsigned)geteuid());
    return ERR_DENIED;
}

/* By the numbers of statfs(2) and linux/magic.h. FUSE is here because nothing tells sshfs from the rest. */
static bool is_network_type(long type)
{
    static const uint32_t types[] = {0x6969,     0x517b,     0xff534d42, 0xfe534d42, 0x73757245,
                                     0x5346414f, 0x6b414653, 0x01021997, 0x00c36400, 0x65735546,
                                     0x7461636f, 0x01161970, 0x0bd00bd0, 0x786f4256, 0x19830326};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if ((uint32_t)type == types[i])
            return true;
    }
    return false;
}

/* Whether it can be seen to be no store, nor one that was only prepared for its user. */
static bool is_other_directory(int fd)
{
    static const char *const names[] = {FOUND_CONF, FOUND_SHARDS};
    struct stat st;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (faccessat(fd, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
            return false;
    return fstat(fd, &st) == 0 && st.st_nlink > 2; /* it has directories */
}

static enum err check_place(const struct directory *d, const struct complaint *c)
{
    struct stat st;
    struct statfs fs;
    if (fstat(d->fd, &st) != 0 || fstatfs(d->fd, &fs) != 0)
        return complain_errno(c, "can't be examined");
    if (is_network_type(fs.f_type))
        return complain(
            c, ERR_UNSUPPORTED,
            "is on a network file system, where locks and fsync can't be trusted; put the "
            "store on a local disk");
    if (st.st_uid != geteuid())
        return is_other_directory(d->fd)
                   ? complain(c, ERR_DENIED, "is somebody else's, and no store; name another place")
                   : complain_owner(c, st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return complain(c, ERR_DENIED, "others may write to it; chmod go-w it");
    return ERR_OK;
}

static enum err read_boot(struct directory *d, const struct complaint *c)
{
    if (!boot_id(d->boot))
        return ERR_OK;
    return complain(c, ERR_UNSUPPORTED,
                    "can't be used without /proc/sys/kernel/random/boot_id; mount /proc");
}

/* What store.conf has said so far. */
struct conf {
    struct directory *d;
    uint64_t format;
    uint64_t shards;
    bool has_id;
    bool has_secret;
};

static enum err take_setting(void *context, const char *name, const char *value)
{
    struct conf *conf = context;
    struct span text = span_str(value);
    if (strcmp(name, "format") == 0)
        return conf_number(value, 1, UINT32_MAX, &conf->format);
    if (strcmp(name, "shards") == 0)
        return conf_number(value, 1, LAYOUT_SHARDS_MAX, &conf->shards);
    if (strcmp(name, "id") == 0) {
        conf->has_id = true;
        return base64url_decode_exact(conf->d->store_id, sizeof(conf->d->store_id), text);
    }
    if (strcmp(name, "secret") == 0) {
        conf->has_secret = true;
        return base64url_decode_exact(conf->d->secret, sizeof(conf->d->secret), text);
    }
    /* A newer format may have more. */
    return conf->format > LAYOUT_FORMAT ? ERR_OK : ERR_NOT_FOUND;
}

static enum err read_conf(struct directory *d, const struct complaint *c)
{
    char path[PATH_MAX + 32];
    struct conf conf = {.d = d};
    snprintf(path, sizeof(path), "%s/%s", d->path, FOUND_CONF);
    enum err e = conf_read(path, take_setting, &conf, c->message, c->size);
    if (conf.format > LAYOUT_FORMAT)
        return complain(
            c, ERR_UNSUPPORTED,
            "is a store of a newer format; use the secmsg that made it, or a later one");
    if (e == ERR_NOT_FOUND || e == ERR_IO)
        return e;
    if (e || conf.format == 0 || conf.shards == 0 || !conf.has_id || !conf.has_secret)
        return complain(c, ERR_DAMAGED,
                        "its store.conf isn't whole; restore that file from the backup");
    d->shard_count = (unsigned)conf.shards;
    return ERR_OK;
}

/* Both files are secrets: whoever can read them can pose as this server. */
static enum err check_secret(const struct directory *d, const char *name, const struct complaint *c)
{
    struct stat st;
    if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ERR_OK; /* what is missing is told where it is opened */
    if (st.st_uid != geteuid())
        return complain_file_owner(c, name, st.st_uid);
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return ERR_OK;
    snprintf(c->message, c->size, "%s: others may read or write its %s; chmod 600 it", c->path,
             name);
    return ERR_DENIED;
}

static enum err read_host_key(struct directory *d, const struct complaint *c)
{
    struct buf file = BUF_INIT(HOST_KEY_FILE_LEN);
    enum err e = file_read(d->fd, FOUND_HOST_KEY, &file);
    if (!e)
        e = host_key_unpack(&d->host_key, buf_span(&file));
    buf_free(&file);
    if (e == ERR_MALFORMED || e == ERR_TOO_LARGE || e == ERR_NOT_FOUND)
        e = complain(c, ERR_DAMAGED, "its host.key isn't whole; restore that file from the backup");
    else if (e)
        e = complain(c, e, "its host.key can't be read");
    return e;
}

/* Whoever could write there could put a shard in the place of another. */
static enum err open_shards(struct directory *d, const struct complaint *c)
{
    struct stat st;
    d->shards = openat(d->fd, FOUND_SHARDS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (d->shards < 0 && (errno == ENOENT || errno == ENOTDIR))
        return complain(c, ERR_DAMAGED,
                        "its directory `shards` is missing; restore it from the backup");
    if (d->shards < 0 || fstat(d->shards, &st) != 0)
        return complain_errno(c, "its shards can't be opened");
    if (st.st_uid != geteuid())
        return complain_file_owner(c, FOUND_SHARDS, st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return complain(c, ERR_DENIED, "others may write to its shards; chmod go-w them");
    return ERR_OK;
}

/* Before the first shard is made: whoever made the store's directory may have died before its name was durable. Later,
 * a process may have given up the right to look above. */
static enum err sync_name(const struct directory *d, const struct complaint *c)
{
    if (faccessat(d->shards, MADE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
        return ERR_OK;
    enum err e = names_sync_above(d->fd);
    return e ? complain(c, e, "the directory above can't be synced") : ERR_OK;
}

/* Founds a store in the directory, unless it holds other things. */
static enum err found_here(const struct directory *d, const struct complaint *c)
{
    int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return complain_errno(c, "can't be listed");
    enum err e = found_store(fd);
    close(fd);
    if (e == ERR_MALFORMED && faccessat(d->fd, TARGET_BEGUN, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return complain(c, e,
                        "is a backup, or was to be restored from one, and isn't finished; give the "
                        "same command again");
    if (e == ERR_MALFORMED)
        return complain(c, e, "isn't a store, and isn't empty; give an empty or a new directory");
    if (e == ERR_DAMAGED)
        return complain(c, e,
                        "is a store without its store.conf; restore that file from the backup");
    if (e) {
        snprintf(c->message, c->size, "%s: a new store can't be made there: %s", c->path,
                 err_text(e));
        return e;
    }
    log_event(LOG_LEVEL_NOTICE, "store_created", "path=%s", log_escape(span_str(d->path)).text);
    return ERR_OK;
}

/* The new directory's own name must survive too, so its parent is synced. */
static enum err make_directory(const char *path, const struct complaint *c)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? ERR_OK : complain_errno(c, "can't be made");
    char parent[PATH_MAX + 4];
    snprintf(parent, sizeof(parent), "%s/..", path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = ERR_OK;
    if (fd < 0 || fsync(fd) != 0)
        e = complain_errno(c, "its parent directory can't be synced");
    if (fd >= 0)
        close(fd);
    return e;
}

static enum err open_path(struct directory *d, const char *path, const struct complaint *c)
{
    if (*path == '\0' || strlen(path) >= PATH_MAX)
        return complain(c, ERR_MALFORMED, "isn't a path");
    d->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0 && errno == ENOENT) {
        enum err e = make_directory(path, c);
        if (e)
            return e;
        d->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (d->fd < 0 && errno == ENOTDIR)
        return complain(c, ERR_MALFORMED, "isn't a directory");
    if (d->fd < 0 || realpath(path, d->path) == NULL)
        return complain_errno(c, "can't be opened");
    return ERR_OK;
}

enum err directory_open(struct directory *d, const char *path, char *message, size_t size)
{
    const struct complaint c = {.path = path, .message = message, .size = size};
    *d = DIRECTORY_CLOSED;
    enum err e = open_path(d, path, &c);
    if (!e)
        e = check_place(d, &c);
    if (!e)
        e = check_secret(d, FOUND_HOST_KEY, &c);
    if (!e)
        e = check_secret(d, FOUND_CONF, &c);
    if (!e)
        e = read_boot(d, &c);
    if (!e)
        e = read_conf(d, &c);
    if (e == ERR_NOT_FOUND) {
        e = found_here(d, &c);
        if (!e)
            e = read_conf(d, &c);
    }
    if (!e)
        e = read_host_key(d, &c);
    if (!e)
        e = open_shards(d, &c);
    if (!e)
        e = sync_name(d, &c);
    if (e)
        directory_close(d);
    return e;
}

void directory_close(struct directory *d)
{
    if (d->fd >= 0)
        close(d->fd);
    if (d->shards >= 0)
        close(d->shards);
    bytes_wipe(d->secret, sizeof(d->secret));
    bytes_wipe(&d->host_key, sizeof(d->host_key));
    d->fd = -1;
    d->shards = -1;
}
