/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ten thousand ids whose bytes all have one value in GDBM's hash, whatever stands before them in a key.
 *
 * Usage: collide STORE chosen|random N    puts N messages with such ids; prints the index's bytes
 *        collide FILE plain-chosen|plain-random N    the same N ids as keys in a plain GDBM file of at most
 *                                                    16 MB; exits with 3 when that isn't enough
 *
 * GDBM 1.23 hashes a key to the sum of byte i shifted left by 5i mod 24. So bytes i and i + 24 count alike, and
 * an id's 32 hex digits have eight such pairs: any digits of one sum will do. And byte i + 5 counts twice as much
 * as byte i, so among an id's 16 bytes one can fall by two where the other rises by one. Half of the ids collide as
 * text, half as bytes. */
#include <gdbm.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "crypto/crypto.h"
#include "store/operate.h"
#include "tests/crash/books.h"

#include "base/banned.h"

#define PLAIN_LIMIT (16 << 20)

static void require(bool is_good)
{
    if (!is_good)
        abort();
}

/* Eight digits count up, and those 24 behind each count down. */
static void choose_text(char id[static FIELD_ID_SIZE], unsigned n)
{
    memset(id, '0', FIELD_ID_LEN);
    id[FIELD_ID_LEN] = '\0';
    for (unsigned i = 0; i < 8; i++, n /= 10) {
        id[i] = (char)('0' + n % 10);
        id[i + 24] = (char)('9' - n % 10);
    }
}

/* Bytes 0 to 4 fall by two for each one that 5 to 9 rise; below 128, since GDBM's are signed. */
static void choose_bytes(char id[static FIELD_ID_SIZE], unsigned n)
{
    uint8_t bytes[16] = {0};
    for (unsigned i = 0; i < 5; i++, n /= 8) {
        bytes[i] = (uint8_t)(16 - 2 * (n % 8));
        bytes[i + 5] = (uint8_t)(n % 8);
    }
    for (unsigned i = 0; i < sizeof(bytes); i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static void make_id(char id[static FIELD_ID_SIZE], const char *how, unsigned n)
{
    if (strstr(how, "random") != NULL)
        books_id(id, 7, n);
    else if (n % 2 == 0)
        choose_text(id, n / 2);
    else
        choose_bytes(id, n / 2);
}

static uint64_t index_bytes(struct store *store)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < operate_shard_count(store); i++) {
        struct operate_space space;
        enum err e = operate_space(store, i, &space);
        require(e == ERR_OK || e == ERR_NOT_FOUND);
        if (!e)
            all += space.index_bytes;
    }
    return all;
}

static void fill_store(const char *path, const char *how, unsigned n)
{
    static const struct store_quota quota = {.messages = 100000,
                                             .bytes = UINT64_C(1) << 40,
                                             .per_sender_percent = 100};
    struct store *store = NULL;
    struct store_account account = STORE_ACCOUNT_INIT;
    struct store_share share;
    char message[512];
    require(store_open(&store, path, &quota, message, sizeof(message)) == ERR_OK);
    require(store_account_create(store, "bob", &account) == ERR_OK);
    for (unsigned i = 0; i < n; i++) {
        char id[FIELD_ID_SIZE];
        make_id(id, how, i);
        const struct store_put put = {.recipient = "bob",
                                      .sender = "eve",
                                      .id = id,
                                      .body = span_str("body")};
        require(store_put(store, &put, &share) == ERR_OK);
    }
    require(store_settle(store) == ERR_OK);
    printf("%" PRIu64 "\n", index_bytes(store));
    store_account_free(&account);
    store_close(store);
}

/* As an index would be whose keys are what clients choose. */
static bool fill_plain(const char *path, const char *how, unsigned n)
{
    const struct rlimit limit = {.rlim_cur = PLAIN_LIMIT, .rlim_max = PLAIN_LIMIT};
    char id[FIELD_ID_SIZE];
    char value[] = "value";
    require(setrlimit(RLIMIT_FSIZE, &limit) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    GDBM_FILE file = gdbm_open(path, 4096, GDBM_NEWDB | GDBM_NOMMAP, 0600, NULL);
    require(file != NULL);
    for (unsigned i = 0; i < n; i++) {
        make_id(id, how, 2 * i); /* text alone */
        const datum key = {.dptr = id, .dsize = FIELD_ID_LEN};
        const datum content = {.dptr = value, .dsize = sizeof(value)};
        if (gdbm_store(file, key, content, GDBM_INSERT) != 0)
            return false;
    }
    return gdbm_close(file) == 0;
}

int main(int argc, char **argv)
{
    require(argc == 4 && crypto_init(0) == ERR_OK);
    unsigned n = (unsigned)strtoul(argv[3], NULL, 10);
    if (strncmp(argv[2], "plain-", 6) == 0)
        return fill_plain(argv[1], argv[2], n) ? 0 : 3;
    fill_store(argv[1], argv[2], n);
    return 0;
}
