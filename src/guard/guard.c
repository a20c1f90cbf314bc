/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening: the shared file, or where that can't be had, memory of one's own that works the same. */
#include "guard/guard.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/log.h"
#include "guard/cache.h"
#include "guard/fault.h"
#include "guard/robust.h"

#include "base/banned.h"

static enum err open_shared(struct guard *guard, const char *directory, bool may_make)
{
    enum err e = cache_open(directory, may_make, &guard->file);
    guard->is_shared = !e;
    if (!e)
        fault_watch(guard->file, sizeof(*guard->file));
    return e;
}

/* Pages of zeros, which take no memory until they are written. */
static enum err open_alone(struct guard *guard)
{
    void *bytes = mmap(NULL, sizeof(*guard->file), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return ERR_NO_MEMORY;
    guard->file = bytes;
    return ERR_OK;
}

static void begin(struct guard *guard, const struct guard_limits *limits)
{
    *guard = (struct guard){.slot = GUARD_CONNECTIONS, .source = SOURCE_LOCAL, .limits = limits};
}

enum err guard_open(struct guard *guard, const char *directory, const struct guard_limits *limits)
{
    begin(guard, limits);
    guard->self = robust_self();
    enum err e = open_shared(guard, directory, true);
    if (!e)
        return ERR_OK;
    log_event(LOG_LEVEL_WARNING, "guard", "shared=no error=%s errno=%d",
              log_quote(err_text(e)).text, errno);
    return open_alone(guard);
}

/* The handlers may have been given other limits than whoever looks: nothing that they can have made is garbage. */
enum err guard_look(struct guard *guard, const char *directory)
{
    static const struct guard_limits widest = {.penalty_max = GUARD_PENALTY_MOST};
    begin(guard, &widest);
    enum err e = open_shared(guard, directory, false);
    if (!e)
        return ERR_OK;
    int error = errno;
    enum err alone = open_alone(guard);
    errno = error;
    return alone || e == ERR_NOT_FOUND || e == ERR_READ_ONLY ? alone : e;
}

void guard_close(struct guard *guard)
{
    if (!guard->file)
        return;
    guard_leave(guard);
    if (guard->is_shared)
        fault_forget();
    munmap(guard->file, sizeof(*guard->file));
    *guard = (struct guard){0};
}
