/* SPDX-License-Identifier: GPL-3.0-or-later */
/* directory.h: a store's directory: made, or opened, and judged fit to hold a store. */
#ifndef SECMSG_STORE_GDBM_DIRECTORY_H
#define SECMSG_STORE_GDBM_DIRECTORY_H

#include <limits.h>

#include "crypto/host_key.h"
#include "store/gdbm/layout.h"
#include "store/store.h"

struct directory {
    char path[PATH_MAX]; /* absolute */
    int fd;              /* O_PATH */
    int shards;          /* O_PATH of <path>/shards */
    unsigned shard_count;
    uint8_t store_id[LAYOUT_STORE_ID_LEN];
    uint8_t secret[STORE_SECRET_LEN];
    uint8_t boot[LAYOUT_BOOT_LEN];
    struct host_key host_key;
};

#define DIRECTORY_CLOSED ((struct directory){.fd = -1, .shards = -1})

/* As store_open, with its errors and its message. */
enum err directory_open(struct directory *d, const char *path, char *message, size_t size) MUST_USE;
void directory_close(struct directory *d);

#endif
