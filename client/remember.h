/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remember.h: the root of an opened vault, kept by the kernel (keyrings(7)) for a while, so that the password
 * needn't be typed: in memory that isn't swapped to disk in the clear by us, for this user of the machine alone,
 * and gone at the latest when the machine is turned off. */
#ifndef SECMSG_CLIENT_REMEMBER_H
#define SECMSG_CLIENT_REMEMBER_H

#include "session.h"

/* Which root: that of this very identity at this server. */
struct remember_name {
    char text[sizeof("secmsg:") + 2 * (size_t)HOST_KEY_LEN + 1 + FIELD_USER_SIZE];
};

struct remember_name remember_name(const uint8_t host_key[static HOST_KEY_LEN], const char *user);

/* In place of what was kept under that name. ERR_UNSUPPORTED if the kernel keeps no keys, as in many
 * containers; ERR_IO; errno says more. */
enum err remember_keep(const struct remember_name *name,
                       const uint8_t root[static STRETCH_ROOT_LEN], uint64_t seconds) MUST_USE;

/* ERR_NOT_FOUND if there is none (any more), or no keyring. */
enum err remember_find(const struct remember_name *name,
                       uint8_t root[static STRETCH_ROOT_LEN]) MUST_USE;

/* ERR_NOT_FOUND if there is nothing to forget; ERR_IO and errno. */
enum err remember_forget(const struct remember_name *name) MUST_USE;

/* Opens the session's keys, which are loaded, by what is remembered. Not if a password was given, or is wanted
 * (session.h); what opens nothing any more is forgotten. */
bool remember_unlock(struct session *s);

#endif
