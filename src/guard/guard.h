/* guard.h: what all handlers of a store know of each other: who is connected, who misbehaved, and how much was
 * done. One small file, `guard` in the store's directory, mapped by every handler.
 *
 * It is a cache. Nothing that matters rests on it: whatever is wrong with the file (it isn't there, damaged, cut,
 * of another version, of another boot, a copy, on a full or read-only disk), it is made anew, and if that can't be
 * done the handle has memory of its own that nobody shares: the limits then hold nothing back, and the service goes
 * on. No call here can fail because of the file, and none waits: all is done by atomic operations on the mapping,
 * there is no lock. Nothing that is read from it is trusted: every index is the reader's own, every time bounded by
 * the limits that the reader has, and one beyond them forgotten where a handler meets it. So garbage refuses a source
 * for at most `penalty_max`, and its registrations for an hour, and is a connection for at most twenty minutes.
 *
 * In the store's directory, and not in /run: there is one such directory, whoever starts the handlers (systemd,
 * startServer.sh, ssh), and handlers may write there already. `backup` doesn't copy it. What it costs of the disk
 * is a few dirty pages now and then.
 *
 * Times are milliseconds of clock_running_ms (CLOCK_BOOTTIME), handed in by the caller. After guard_open no call
 * makes a system call but guard_pressure (sysinfo), guard_leave (clock_gettime of the
 * processor's time), and a fault (fault.h: mmap). */
#ifndef SECMSG_GUARD_GUARD_H
#define SECMSG_GUARD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "guard/source.h"

#define GUARD_FILE         "guard"
#define GUARD_PENALTY_MOST 86400 /* seconds: the setting penalty-max goes up to it */
#define GUARD_CONNECTIONS \
    4096 /* the most that can be counted: the setting max-connections goes up to it */

/* What a source is penalised for. Each has a setting with its seconds. */
enum guard_offence {
    GUARD_FAILED_LOGIN, /* a wrong name or password, or proof: penalty-login */
    GUARD_JUNK,         /* no hello, a tampered frame, an oversized line: penalty-junk */
    GUARD_GRACE,        /* neither hello nor login in time: penalty-grace */
    GUARD_OFFENCES
};

const char *guard_offence_name(enum guard_offence offence); /* login, junk, grace */

/* The operator's choice (handler/settings.h has one). */
struct guard_limits {
    uint64_t connections;            /* at once, in total */
    uint64_t connections_per_source; /* at once; local ones aren't held to it */
    uint64_t
        before_login_per_source; /* at once that haven't logged in; nor are local and exempt ones */
    uint64_t penalty[GUARD_OFFENCES]; /* seconds each; 0: none */
    uint64_t penalty_min;   /* seconds that must have added up before they are acted upon */
    uint64_t penalty_max;   /* seconds that can add up */
    uint64_t registrations; /* an hour; the bucket holds as many */
    uint64_t registrations_per_source; /* an hour; the bucket holds as many */
    struct source_list
        exempt; /* from penalties, before_login_per_source, registrations_per_source */
};

/* ---- counters ---- */

/* Each only grows, from when the file was made (guard_totals.since). Of what happened before a loss of power
 * nothing is left. Timeouts, tampered frames, `busy` answers and the like are errors by code. */
enum guard_counter {
    GUARD_STARTED,        /* connections let in */
    GUARD_REFUSED_FULL,   /* connections refused: max-connections */
    GUARD_REFUSED_SOURCE, /* connections refused: max-connections-per-source */
    GUARD_REFUSED_PENALTY, /* connections refused: the source is penalised; and those ended by LOGIN and the
                                   like for that reason */
    GUARD_LOGINS,          /* LOGIN or PROVE that succeeded */
    GUARD_LOGINS_FAILED,        /* that was wrong: auth-failed */
    GUARD_REGISTRATIONS,        /* accounts made */
    GUARD_REGISTRATIONS_BRAKED, /* REGISTER refused by the brake */
    GUARD_MESSAGES,             /* accepted by COMPOSE, duplicates not */
    GUARD_MESSAGE_BYTES,        /* their bodies */
    GUARD_DUPLICATES,           /* accepted before */
    GUARD_READ,                 /* given out by READ */
    GUARD_ACKNOWLEDGED,         /* ids in ACK (plain mode: acknowledged by READ or EXIT) */
    GUARD_BYTES_IN,             /* read from peers, handshake and frames */
    GUARD_BYTES_OUT,            /* written to them */
    GUARD_CPU_US,               /* microseconds of processor time of handlers that have ended */
    GUARD_PENALTIES_LOST,       /* penalties that found no room in the table */
    GUARD_COUNTERS
};

#define GUARD_CODES   48 /* room for wire/answer.h's codes; [0] counts commands answered with OK */
#define GUARD_VERBS   32 /* room for wire/command.h's verbs */
#define GUARD_BUCKETS 10

/* How long something took: n of them, their sum, and how many took at most guard_bounds[i] microseconds (not
 * cumulative; the last bucket is everything above). */
struct guard_times {
    uint64_t n;
    uint64_t sum_us;
    uint64_t buckets[GUARD_BUCKETS];
};

/* 100 us, 316 us, 1 ms, ... for commands; 10 ms ... 1 h for connections; the last of each is UINT64_MAX. */
extern const uint64_t guard_command_bounds[GUARD_BUCKETS];
extern const uint64_t guard_connection_bounds[GUARD_BUCKETS];

/* A copy of everything that is counted, for whoever looks (secmsg-admin status, metrics). */
struct guard_totals {
    uint64_t since; /* wall clock, seconds: when counting began */
    uint64_t counters[GUARD_COUNTERS];
    uint64_t answers[GUARD_CODES];      /* by enum code; [0]: OK */
    uint64_t penalties[GUARD_OFFENCES]; /* given, by offence; not those of exempt sources */
    struct guard_times
        commands[GUARD_VERBS];      /* by enum verb: from its last byte read to its answer made */
    struct guard_times connections; /* from the process's start in guard_enter to guard_leave */
    uint64_t connected;             /* now */
    uint64_t connected_sources;     /* now: different ones, without local */
    uint64_t penalised;             /* sources that are refused now */
    bool is_shared;                 /* false: the file can't be used, these are nobody's numbers */
};

/* ---- opening ---- */

struct guard_file; /* layout.h */

/* A handle. Belongs to one process and one thread. Zero before guard_open. */
struct guard {
    struct guard_file *file; /* never NULL once open */
    bool is_shared;
    uint32_t self;   /* this process, as slots have it */
    uint32_t slot;   /* of this connection, GUARD_CONNECTIONS while it has none */
    uint64_t source; /* of this connection */
    bool is_exempt;  /* of this connection */
    uint64_t entered_us;
    const struct guard_limits *limits;
};

/* Maps the directory's file, or makes it. *limits must stay as long as the handle. What is wrong with the file is no
 * error: see above; it is in the log. ERR_NO_MEMORY. Seven system calls where the file is good: set_robust_list,
 * gettid, open, fstat, mmap, close, rt_sigaction. Call it before the process confines itself. Installs a handler for SIGBUS, so that
 * cutting the file ends no session. */
enum err guard_open(struct guard *guard, const char *directory,
                    const struct guard_limits *limits) MUST_USE;

/* The same for whoever only looks or clears (secmsg-admin): makes nothing, and needs no limits, since what the
 * handlers' are, and so what they act upon, is in the file. A file that isn't there, or is on a file
 * system that is only read here, is one in which nothing has happened (is_shared false): where handlers see it so too,
 * they do without it. ERR_NO_MEMORY;
 * ERR_DENIED, or ERR_IO with errno, where it can't be opened; ERR_UNSUPPORTED: it is of another version or damaged, and
 * the next handler makes it anew. guard_close also after an error. */
enum err guard_look(struct guard *guard, const char *directory) MUST_USE;

/* Gives the slot back if guard_leave didn't. */
void guard_close(struct guard *guard);

/* ---- connections ---- */

enum guard_verdict {
    GUARD_ADMITTED,
    GUARD_FULL, /* max-connections are here */
    GUARD_CROWDED, /* of this source, or of the IPv6 network of 48 bits that it is in, there are too many */
    GUARD_PENALISED /* this source's penalty isn't over */
};

/* How many sources' worth of connections an IPv6 network of 48 bits may have: whoever has one address of it often has
 * all its 65,536 sources. */
#define GUARD_NETWORK_SOURCES 2

/* A connection begins: takes a slot and counts it, or says why not, and *retry_s when to come again. Every limit
 * holds exactly: at most so many are ever let in; two that come at once for the last place may both be refused. The
 * slot is free as soon as the process is gone, however it ended (the kernel sees to that: a robust futex). */
enum guard_verdict guard_enter(struct guard *guard, const struct source_peer *peer, uint64_t now_ms,
                               uint64_t *retry_s) MUST_USE;

/* The connection has logged in. */
void guard_log_in(struct guard *guard);

/* Whether this connection's source would be refused if it came now, for its penalty; then *retry_s when to come again.
 * Connections that were there before the penalty are many tries, if nobody asks. */
bool guard_is_penalised(const struct guard *guard, uint64_t now_ms, uint64_t *retry_s) MUST_USE;

/* The connection is still there. Every second or so, and at least every few minutes: whoever isn't heard of for ten
 * minutes is no longer counted (so that garbage in the file, which no process owns, passes). */
void guard_renew(struct guard *guard, uint64_t now_ms);

/* The connection is over. Counts its time and its processor time. */
void guard_leave(struct guard *guard);

/* This connection's source has done that. */
void guard_penalise(struct guard *guard, enum guard_offence offence, uint64_t now_ms);

/* ---- the brake on registrations ---- */

/* Takes one of the registrations that this hour has, in total and for this connection's source; false if there is
 * none, and *retry_s when there will be one. Local connections are always let through, exempt ones held to the
 * total only. Call it last before the account is made (a name that is taken costs one too: else it would be a
 * way to ask for names). */
bool guard_take_registration(struct guard *guard, uint64_t now_ms, uint64_t *retry_s) MUST_USE;

/* What was taken led to no account: others may have it. The source's own is spent all the same; an exempt one has none,
 * and nothing is given back, or it could ask for names without end. */
void guard_return_registration(struct guard *guard);

/* ---- the machine ---- */

/* How things stand. Asked of the kernel at most once a second by all handlers together, otherwise the shared
 * answer. sysinfo(2). What can't be asked is said to be fine. Policy isn't made here
 * (handler/load.h). */
struct guard_pressure {
    uint64_t
        load; /* of the last minute, in percent of one processor's work for each there is: 100 is busy */
    uint64_t connected; /* connections now */
};

void guard_pressure(struct guard *guard, uint64_t now_ms, struct guard_pressure *pressure);

/* ---- counting ---- */

/* One atomic addition each; nothing else. */
void guard_count(struct guard *guard, enum guard_counter counter, uint64_t n);
/* An answer was made: CODE_NONE for OK. */
void guard_count_answer(struct guard *guard, unsigned code);
void guard_count_command(struct guard *guard, unsigned verb, uint64_t us);
void guard_count_connection(struct guard *guard, uint64_t us); /* guard_leave does */

/* ---- looking ---- */

/* ERR_NO_MEMORY. */
enum err guard_total(const struct guard *guard, uint64_t now_ms,
                     struct guard_totals *totals) MUST_USE;

/* A source that has penalties, or connections, now. */
struct guard_sight {
    uint64_t source; /* source_text */
    uint64_t connections;
    uint64_t penalty_ms; /* until it has decayed */
    bool
        is_refused; /* the penalty has reached penalty_min: new connections are refused until it is over */
    uint64_t given[GUARD_OFFENCES]; /* penalties that make it up, by offence */
};

/* Calls `see` for each, ordered by source, and stops at the first that returns an error. Others go on meanwhile. */
typedef enum err guard_visitor(void *context, const struct guard_sight *sight);
enum err guard_visit(const struct guard *guard, uint64_t now_ms, guard_visitor *see,
                     void *context) MUST_USE;

/* Forgets a source's penalties; whether it had any. */
bool guard_clear(struct guard *guard, uint64_t source, uint64_t now_ms);

#endif
