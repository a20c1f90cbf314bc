/* SPDX-License-Identifier: GPL-3.0-or-later */
/* select.h: what of an old log goes into a new one. Needs no lock: the old log doesn't change up to its end,
 * and the rest is this process's own. */
#ifndef SECMSG_STORE_GDBM_SELECT_H
#define SECMSG_STORE_GDBM_SELECT_H

#include "store/gdbm/gather.h"
#include "store/gdbm/index.h"
#include "store/gdbm/journal.h"

/* What was living and isn't any more, to the books of the old index. */
struct select_gone {
    uint64_t messages;
    uint64_t ids;
    uint64_t invitations; /* and their uses */
    uint64_t bytes;       /* as a mailbox counts them */
    uint64_t live_bytes;  /* as the shard does */
};

struct select {
    struct journal old;
    struct journal_end end;  /* of the old log, as it was when `was` was copied */
    struct journal_end done; /* how far it has been taken over */
    struct index *was;       /* the index at `end`: tells what lives */
    struct marker counters;  /* the marker at `end` */
    uint64_t now;            /* the shard's age */
    uint64_t retention;      /* days; 0: nothing expires */
    bool may_lose;

    struct journal next;
    struct journal_end born;    /* of the new log */
    struct index *index;        /* the new one */
    struct marker marker;       /* what the new records add up to */
    struct gather gather;       /* ids that wait for their record */
    struct buf mailboxes;       /* their numbers, in the order of their accounts */
    struct select_gone gone;    /* expired or forgotten */
    struct select_gone missing; /* by the counts of the mailboxes, old and new */
    uint64_t lost;
};

/* Takes over what lives of the old log up to s->end. ERR_DAMAGED: the log is (lost > 0), or `was` contradicts it or
 * itself; both are named in the log. ERR_NO_SPACE, ERR_IO, ERR_NO_MEMORY. */
enum err select_living(struct select *s) MUST_USE;

/* After that: takes over everything from s->done to `end`, as it is. */
enum err select_rest(struct select *s, struct journal_end end) MUST_USE;

#endif
