/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backup: a second store like this one, made while this one is in use; restore: the other way round. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/progress.h"

#include "base/banned.h"

struct copy {
    const char *path;
    int target;
    unsigned shards;
    uint64_t bytes;
    int status;
};

static int fail_target(enum err error, const char *path)
{
    const char *why = NULL;
    switch (error) {
    case ERR_MALFORMED:
        why =
            "isn't a directory, or has other things in it; give an empty or a new directory, or an "
            "earlier backup of this store";
        break;
    case ERR_EXISTS:
        why = "is this store, or another one; give a new directory";
        break;
    case ERR_DAMAGED:
        why = "is a store without its store.conf; put that file there from its backup, or move the "
              "directory away";
        break;
    case ERR_NOT_FOUND:
        why = "can't be made, because the directory that it would be in isn't there";
        break;
    case ERR_DENIED:
        why = "belongs to somebody else, or others may write to it; chown it, or chmod go-w it";
        break;
    default:
        return admin_fail(error, path);
    }
    fprintf(stderr, "secmsg-admin: %s: %s\n", path, why);
    return error == ERR_DENIED ? EX_NOPERM : EX_CANTCREAT;
}

static int fail_shard(enum err error, unsigned shard, const char *path)
{
    char what[5000];
    snprintf(what, sizeof(what), "%s: shard %u can't be copied there", path, shard);
    return admin_fail(error, what);
}

/* What each further shard would fail by. */
static bool is_of_target(enum err error)
{
    return error == ERR_NO_SPACE || error == ERR_READ_ONLY || error == ERR_DENIED ||
           error == ERR_NO_MEMORY;
}

/* One shard's failure must not keep the others from being saved; what an older backup has of it stays there. A
 * failure of the target ends it: the backup is as good as it was before. */
static int copy_shards(struct admin *admin, struct copy *copy, const char *word)
{
    struct progress progress;
    unsigned n = operate_shard_count(admin->store);
    enum err e = ERR_OK;
    progress_begin(&progress, word, n);
    for (unsigned i = 0; i < n && !is_of_target(e); i++) {
        uint64_t bytes = 0;
        progress_show(&progress, i);
        e = operate_backup_shard(admin->store, i, copy->target, &bytes);
        copy->bytes += bytes;
        copy->shards += !e;
        if (!e)
            e = admin_settle_seen(admin);
        if (e && e != ERR_NOT_FOUND)
            copy->status = fail_shard(e, i, copy->path);
    }
    progress_end(&progress);
    return is_of_target(e) ? copy->status : EX_OK;
}

static int copy_store(struct admin *admin, const char *path, const char *word)
{
    struct copy copy = {.path = path, .target = -1, .status = EX_OK};
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    enum err e = operate_backup_begin(admin->store, path, &copy.target);
    if (e)
        return fail_target(e, path);
    status = copy_shards(admin, &copy, word);
    if (status != EX_OK)
        return status;
    e = operate_backup_end(admin->store, copy.target);
    if (e)
        return admin_fail(e, path);
    printf(admin->is_json ? "{\"shards\":%u,\"bytes\":%" PRIu64 "}\n"
                          : "%u shards, %" PRIu64 " bytes copied\n",
           copy.shards, copy.bytes);
    return copy.status;
}

int backup_main(struct admin *admin, int argc, char *argv[])
{
    if (argc != 2 || *argv[1] == '\0')
        return admin_misuse("backup takes a directory");
    return copy_store(admin, argv[1], argv[0]);
}

static bool has_conf(const char *path)
{
    char conf[sizeof(((struct admin *)NULL)->path) + 16];
    struct stat st;
    snprintf(conf, sizeof(conf), "%s/store.conf", path);
    return stat(conf, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int restore_main(struct admin *admin, int argc, char *argv[])
{
    char target[sizeof(admin->path)];
    if (argc != 2 || *argv[1] == '\0' || strlen(argv[1]) >= sizeof(admin->path))
        return admin_misuse("restore takes the directory of a backup");
    snprintf(target, sizeof(target), "%s", admin->path);
    if (!has_conf(argv[1])) {
        fprintf(
            stderr,
            "secmsg-admin: %s: isn't a backup, or wasn't finished: store.conf, which comes last, "
            "isn't there\n",
            argv[1]);
        return EX_NOINPUT;
    }
    if (has_conf(target)) {
        fprintf(stderr, "secmsg-admin: %s: is a store; move it away first\n", target);
        return EX_CANTCREAT;
    }
    snprintf(admin->path, sizeof(admin->path), "%s", argv[1]);
    return copy_store(admin, target, argv[0]);
}
