/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the process gives up by itself holds under startServer.sh, ssh and an inetd as it does under systemd, and costs
 * a dozen system calls. docs/confinement.md has what each part costs, and what systemd would ask for the same. */
#include "handler/confine.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "filter.inc" /* made by filter/main.c while this was built: `filter` */
#include "handler/landlock.h"

#include "base/banned.h"

#if defined(__SANITIZE_ADDRESS__)
/* Its leak check forks and traces its own process, its reports go to files of their own: it would test another program
 * than the one that is confined. */
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#if !defined(IS_SANITIZED)
#define IS_SANITIZED false
#endif

static enum err failed(const char *call)
{
    log_event(LOG_LEVEL_ERROR, "confine", "call=%s errno=%d", call, errno);
    return ERR_IO;
}

enum err confine_filter(void)
{
    union {
        const struct sock_filter *in;
        struct sock_filter *out; /* the kernel only reads it, though the type doesn't say so */
    } lines = {.in = filter};
    const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]),
                                       .filter = lines.out};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0u, &program) == 0)
        return ERR_OK;
    return errno == ENOSYS || errno == EINVAL ? ERR_UNSUPPORTED : failed("seccomp");
}

/* Said once for each connection: there is nobody else to remember it. */
static enum err tell_lack(const struct settings *settings, const char *what, enum err e)
{
    if (e != ERR_UNSUPPORTED)
        return e;
    bool is_required = settings->confinement == CONFINEMENT_REQUIRED;
    log_event(is_required ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "confinement_lacks",
              "what=%s do=\"%s\"", what,
              is_required ? "use a kernel that has it, or set confinement = best-effort"
                          : "use a kernel that has it");
    return is_required ? e : ERR_OK;
}

static enum err limit_process(void)
{
    static const struct rlimit none = {0, 0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed("no_new_privs");
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return failed("rlimit_core");
    if (!IS_SANITIZED && setrlimit(RLIMIT_NPROC, &none) < 0)
        return failed("rlimit_nproc");
    if (!IS_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return failed("dumpable");
    return ERR_OK;
}

enum err confine_self(const struct settings *settings)
{
    enum err e = limit_process();
    if (e || IS_SANITIZED)
        return e;
    e = landlock_confine(settings->store);
    if (e && e != ERR_UNSUPPORTED)
        e = failed("landlock");
    e = tell_lack(settings, "landlock", e);
    return e ? e : tell_lack(settings, "seccomp", confine_filter());
}
