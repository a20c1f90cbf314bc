/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remarks.h: what the command of --exec says on its stderr: held back, and shown only when the connection
 * failed, for then it may say why. It comes from the other end of `ssh host ...`, so it is shown as lines of
 * ours, made visible. */
#ifndef SECMSG_CLIENT_REMARKS_H
#define SECMSG_CLIENT_REMARKS_H

#include "base/buf.h"

struct remarks {
    int fd;          /* what the command's stderr leads to; -1 for none */
    struct buf text; /* the last of what came */
    bool is_cut;     /* more came before it */
};

#define REMARKS_INIT ((struct remarks){.fd = -1, .text = {0}, .is_cut = false})

/* Makes the pipe; *write_end is for the command. ERR_IO and errno. */
enum err remarks_open(struct remarks *r, int *write_end) MUST_USE;

/* Takes what is there by now, without waiting, so that the command never waits for somebody to read it. */
void remarks_take(struct remarks *r);

/* Shows the last lines, each behind "exec: ". */
void remarks_show(const struct remarks *r);

/* Also fine if it isn't open. */
void remarks_close(struct remarks *r);

#endif
