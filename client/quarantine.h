/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quarantine.h: messages that failed their checks, kept byte for byte, each with a file that says why. */
#ifndef SECMSG_CLIENT_QUARANTINE_H
#define SECMSG_CLIENT_QUARANTINE_H

#include "received.h"

/* What an account's quarantine holds at most: a server could send bad messages for ever. */
#define QUARANTINE_FILES 10000
#define QUARANTINE_BYTES (64 << 20)

/* Keeps it as quarantine/<id>-<16 hex digits of its hash>.message and .reason, durably; the same message
 * again changes nothing. path (PATH_MAX) gets the message's path. Says what is wrong; STATUS_CANT_CREATE:
 * the quarantine is full. */
enum status quarantine_keep(struct session *s, const struct received *received, const char *reason,
                            char *path) MUST_USE;

/* One of them, for people: by the names of its files, which are all that is trusted. */
#define QUARANTINE_STEM_SIZE (FIELD_ID_LEN + sizeof("-0123456789abcdef"))
struct quarantine_entry {
    char stem[QUARANTINE_STEM_SIZE]; /* the id, `-`, and 16 digits of the hash */
    char sender[FIELD_USER_SIZE];
    char reason[512];
    uint64_t stored; /* 0 if that isn't known */
    uint64_t bytes;
};

/* Calls visitor for each, in no order, until it returns false. ERR_IO and errno. */
typedef bool quarantine_visitor(void *context, const struct quarantine_entry *entry);
enum err quarantine_visit(int account_dir, quarantine_visitor *visitor, void *context) MUST_USE;

/* Appends the bytes of one, as they came. */
enum err quarantine_read(int account_dir, const struct quarantine_entry *entry,
                         struct buf *bytes) MUST_USE;

#endif
