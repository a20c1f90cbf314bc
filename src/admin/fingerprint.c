/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fingerprint: what clients should see at their first contact; init: a store before there is one. */
#include <stdio.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "crypto/hash.h"

#include "base/banned.h"

static int print_fingerprint(const struct admin *admin)
{
    char text[FINGERPRINT_SIZE];
    hash_fingerprint(text, span_of(store_host_key(admin->store)->public_key, HOST_KEY_LEN));
    printf(admin->is_json ? "{\"fingerprint\":\"%s\"}\n" : "%s\n", text);
    return EX_OK;
}

int fingerprint_main(struct admin *admin, int argc, char *argv[])
{
    (void)argv;
    if (argc > 1)
        return admin_misuse("fingerprint takes no arguments");
    int status = admin_open(admin);
    return status == EX_OK ? print_fingerprint(admin) : status;
}

int init_main(struct admin *admin, int argc, char *argv[])
{
    (void)argv;
    if (argc > 1)
        return admin_misuse("init takes no arguments");
    int status = admin_open_or_found(admin);
    return status == EX_OK ? print_fingerprint(admin) : status;
}
