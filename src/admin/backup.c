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
    const char *from;
    const char *path;
    bool is_restore;
    int target;
    unsigned shards;
    uint64_t bytes;
    int status;
};

static int fail_target(enum err error, const struct copy *copy)
{
    struct stat st;
    const char *why = NULL;
    switch (error) {
    case ERR_MALFORMED:
        why = copy->is_restore
                  ? "isn't a directory, or has other things in it; move that away first"
                  : "isn't a directory, or has other things in it; give an empty or a new "
                    "directory, or an earlier backup of this store";
        break;
    case ERR_EXISTS:
        why = copy->is_restore
                  ? "is that backup, or in it, or belongs to another store; give a new directory"
                  : "is this store, or in it, or another one; give a new directory elsewhere";
        break;
    case ERR_DAMAGED:
        why = "is a store without its store.conf; put that file there from its backup, or move the "
              "directory away";
        break;
    case ERR_NOT_FOUND:
        why = "can't be made, because the directory that it would be in isn't there";
        break;
    case ERR_DENIED:
        why =
            stat(copy->path, &st) != 0
                ? "can't be reached or made: permission denied"
                : "belongs to somebody else, or others may write to it; chown it, or chmod go-w it";
        break;
    default:
        return admin_fail(error, copy->path);
    }
    fprintf(stderr, "secmsg-admin: %s: %s\n", copy->path, why);
    return error == ERR_DENIED ? EX_NOPERM : EX_CANTCREAT;
}

static int fail_shard(enum err error, unsigned shard, const struct copy *copy)
{
    char what[5000];
    if (error == ERR_DAMAGED) {
        if (copy->is_restore)
            fprintf(stderr,
                    "secmsg-admin: shard %u of the backup %s is damaged; it isn't restored\n",
                    shard, copy->from);
        else
            fprintf(stderr,
                    "secmsg-admin: shard %u is damaged; it isn't copied, and what %s has of it "
                    "stays\n",
                    shard, copy->path);
        return EX_DATAERR;
    }
    snprintf(what, sizeof(what), "%s: shard %u can't be %s there", copy->path, shard,
             copy->is_restore ? "restored" : "copied");
    return admin_fail(error, what);
}

/* A message or an acknowledgement is damaged; the others of that shard are worth having. */
static int tell_damaged(uint64_t records, unsigned shard, const struct copy *copy)
{
    if (copy->is_restore)
        fprintf(stderr,
                "secmsg-admin: shard %u of the backup %s has damaged records (%" PRIu64
                "), restored as they are\n",
                shard, copy->from, records);
    else
        fprintf(stderr,
                "secmsg-admin: shard %u has damaged records (%" PRIu64
                "), copied as they are; see check\n",
                shard, records);
    return EX_DATAERR;
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
        struct operate_copy done = {0};
        progress_show(&progress, i);
        e = operate_backup_shard(admin->store, i, copy->target, &done);
        copy->bytes += done.bytes;
        copy->shards += !e;
        if (!e)
            e = admin_settle_seen(admin);
        if (e && e != ERR_NOT_FOUND)
            copy->status = fail_shard(e, i, copy);
        else if (!e && done.damaged > 0)
            copy->status = tell_damaged(done.damaged, i, copy);
    }
    progress_end(&progress);
    return is_of_target(e) ? copy->status : EX_OK;
}

static int copy_store(struct admin *admin, const char *path, const char *word)
{
    struct copy copy = {.from = admin->path,
                        .path = path,
                        .is_restore = strcmp(word, "restore") == 0,
                        .target = -1,
                        .status = EX_OK};
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    enum err e = operate_backup_begin(admin->store, path, &copy.target);
    if (e)
        return fail_target(e, &copy);
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
