/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rename, link, unlink, mkdir: what changes a directory. */
#include "faults.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What renames, links and removals have in common. */
struct naming {
    enum op op;
    int dir;
    const char *name;
    int to_dir;
    const char *to;
    int flags;
};

static int do_naming(const struct naming *n)
{
    static int (*rename_)(int, const char *, int, const char *);
    static int (*link_)(int, const char *, int, const char *, int);
    static int (*unlink_)(int, const char *, int);
    static int (*mkdir_)(int, const char *, mode_t);
    *(void **)&rename_ = dlsym(RTLD_NEXT, "renameat");
    *(void **)&link_ = dlsym(RTLD_NEXT, "linkat");
    *(void **)&unlink_ = dlsym(RTLD_NEXT, "unlinkat");
    *(void **)&mkdir_ = dlsym(RTLD_NEXT, "mkdirat");
    switch (n->op) {
    case OP_RENAME:
        return rename_(n->dir, n->name, n->to_dir, n->to);
    case OP_LINK:
        return link_(n->dir, n->name, n->to_dir, n->to, n->flags);
    case OP_MKDIR:
        return mkdir_(n->dir, n->name, (mode_t)n->flags);
    default:
        return unlink_(n->dir, n->name, n->flags);
    }
}

static int name_any(const struct naming *n)
{
    char path[PATH_MAX];
    char to[PATH_MAX] = "";
    bool is_inside = place_full(path, n->dir, n->name) && place_inside(path) != NULL;
    if (n->to != NULL && !place_full(to, n->to_dir, n->to))
        return do_naming(n);
    if (!is_inside)
        return do_naming(n);
    enum verdict verdict = plan_judge_change(n->op == OP_MKDIR);
    if (verdict == REFUSE)
        return -1;
    int failed = do_naming(n);
    if (!failed)
        trace_record((struct head){.op = n->op}, place_inside(path),
                     n->to == NULL ? NULL : place_inside(to));
    plan_die_if(verdict);
    return failed;
}

int renameat(int dir, const char *name, int to_dir, const char *to)
{
    return name_any(&(struct naming){OP_RENAME, dir, name, to_dir, to, 0});
}

int rename(const char *name, const char *to)
{
    return renameat(AT_FDCWD, name, AT_FDCWD, to);
}

int linkat(int dir, const char *name, int to_dir, const char *to, int flags)
{
    return name_any(&(struct naming){OP_LINK, dir, name, to_dir, to, flags});
}

int link(const char *name, const char *to)
{
    return linkat(AT_FDCWD, name, AT_FDCWD, to, 0);
}

int unlinkat(int dir, const char *name, int flags)
{
    enum op op = (flags & AT_REMOVEDIR) != 0 ? OP_RMDIR : OP_UNLINK;
    return name_any(&(struct naming){op, dir, name, -1, NULL, flags});
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
    return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
    return name_any(&(struct naming){OP_MKDIR, dir, name, -1, NULL, (int)mode});
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}
