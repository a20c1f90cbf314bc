/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the process gives up by itself holds under startServer.sh and an inetd as it does under systemd, and
 * costs three system calls. */
#include "handler/confine.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"

#include "base/banned.h"

static enum err failed(const char *call)
{
    log_event(LOG_LEVEL_ERROR, "confine", "call=%s errno=%d", call, errno);
    return ERR_IO;
}

enum err confine_self(void)
{
    static const struct rlimit none = {0, 0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed("no_new_privs");
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return failed("rlimit_core");
#if !defined(__SANITIZE_ADDRESS__) /* its leak check traces its own process */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return failed("dumpable");
#endif
    return ERR_OK;
}
