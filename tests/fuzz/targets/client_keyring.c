/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file `keys`: what is loaded is alice's or bob's, since nobody else has signed anything here. */
#include "client/keyring.h"

#include <fcntl.h>

#include "crypto/account_body.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

static char path[256];
static int dir;
static const uint8_t salt[STRETCH_SALT_LEN] = {1};

void fuzz_start(void)
{
    people_meet();
    snprintf(path, sizeof(path), "%s/" HOME_KEYS, fuzz_directory());
    dir = open(fuzz_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The input is what the vault holds, under the password that is tried. */
static void write_vault(struct span in)
{
    uint8_t root[STRETCH_ROOT_LEN], key[FERNET_KEY_LEN];
    struct buf file = BUF_INIT(65536), token = BUF_INIT(65536);
    FUZZ_OK(stretch_root(root, SPAN("password"), salt));
    FUZZ_OK(stretch_vault_key(key, root));
    FUZZ_OK(fernet_seal(&token, key, 0, in));
    FUZZ_OK(account_body_make(&file, salt, buf_span(&alice.text), buf_span(&token)));
    fuzz_write_file(path, buf_span(&file));
    buf_free(&file);
    buf_free(&token);
}

void fuzz_one(struct span in)
{
    struct keyring ring;
    keyring_init(&ring);
    if (fuzz_take_byte(&in) % 2)
        write_vault(in);
    else
        fuzz_write_file(path, in);
    enum err e = keyring_load(&ring, dir, "alice");
    FUZZ_HOLDS(e == ERR_OK || e == ERR_DAMAGED);
    if (e == ERR_OK) {
        FUZZ_HOLDS(strcmp(ring.self.fingerprint, alice.identity.fingerprint) == 0);
        e = keyring_unlock(&ring, SPAN("password"));
        FUZZ_HOLDS(e == ERR_OK || e == ERR_FORGED || e == ERR_MALFORMED);
        FUZZ_HOLDS(ring.is_unlocked == (e == ERR_OK));
    }
    keyring_clear(&ring);
}
