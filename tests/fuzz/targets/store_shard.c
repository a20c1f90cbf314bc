/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole shard, with its log, its lock file or the front of its index damaged: it opens again by itself or names the damage; messages are
 * served as they were put, or not; and it goes on working. */
#include "store/operate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/steady.h"

#define MESSAGES 6

static const struct store_quota quota = {.messages = 100,
                                         .bytes = 1 << 20,
                                         .per_sender_percent = 100,
                                         .retention_days = 0};
static char root[200], shard_path[240];
static unsigned shard;

struct kept {
    const char *name;
    struct buf content;
};
static struct kept kept[] = {{.name = "lock"},
                             {.name = "log.1"},
                             {.name = "index.gdbm"},
                             {.name = "index.front"}};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

static struct store *open_store(void)
{
    char message[512];
    struct store *s = NULL;
    FUZZ_OK(store_open(&s, root, &quota, message, sizeof(message)));
    return s;
}

static void make_id(char id[static FIELD_ID_SIZE], unsigned n)
{
    snprintf(id, FIELD_ID_SIZE, "%032x", n);
}

static enum err put(struct store *s, unsigned n)
{
    char id[FIELD_ID_SIZE];
    struct store_share share;
    make_id(id, n);
    const struct store_put p = {.recipient = "bob",
                                .sender = "alice",
                                .id = id,
                                .is_signed = true,
                                .body = span_of(id, n % FIELD_ID_LEN)};
    enum err e = store_put(s, &p, &share);
    enum err settled = store_settle(s);
    return settled ? settled : e;
}

static struct buf read_file(const char *name)
{
    char path[300];
    struct buf content = BUF_INIT(64 << 20);
    uint8_t block[4096];
    snprintf(path, sizeof(path), "%s/%s", shard_path, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    FUZZ_HOLDS(fd >= 0);
    for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0;)
        FUZZ_OK(buf_append(&content, block, (size_t)n));
    close(fd);
    return content;
}

static void find_shard(void)
{
    struct stat st;
    for (shard = 0; shard < 256; shard++) {
        snprintf(shard_path, sizeof(shard_path), "%s/shards/%u", root, shard);
        if (stat(shard_path, &st) == 0)
            return;
    }
    fuzz_fail(__FILE__, __LINE__, "there is a shard");
}

void fuzz_start(void)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    char id[FIELD_ID_SIZE];
    uint64_t unread;
    steady_begin();
    snprintf(root, sizeof(root), "%s/store", fuzz_directory());
    struct store *s = open_store();
    FUZZ_OK(store_account_create(s, "bob", &account));
    struct store_login login = {.user = "bob", .version = account.version};
    for (unsigned n = 1; n <= MESSAGES; n++)
        FUZZ_OK(put(s, n));
    make_id(id, 2);
    FUZZ_OK(store_ack(s, &login, id, 1, &unread));
    FUZZ_OK(store_settle(s));
    store_close(s);
    find_shard();
    for (size_t i = 0; i < KEPT; i++)
        kept[i].content = read_file(kept[i].name);
}

/* What becomes of each of the kept files: so many changes, and whether it is there at all. */
struct damage {
    unsigned changes[KEPT];
    bool is_gone[KEPT];
};

static struct damage take_damage(struct span *in)
{
    uint8_t how = fuzz_take_byte(in);
    uint8_t front = how & 128 ? fuzz_take_byte(in) : 0;
    return (struct damage){{how & 3, how >> 2 & 3, 0, front & 3},
                           {how & 16, how & 32, how & 64, front & 4}};
}

/* The shard as it was, with the changes that the input lists. */
static bool write_shard(struct span *in)
{
    char path[300];
    bool is_changed = false;
    struct damage damage = take_damage(in);
    fuzz_empty_directory(shard_path);
    for (size_t i = 0; i < KEPT; i++) {
        struct buf copy = BUF_INIT(64 << 20);
        FUZZ_OK(buf_append_span(&copy, buf_span(&kept[i].content)));
        for (unsigned n = damage.changes[i]; n > 0; n--) {
            size_t at = fuzz_take_number(in, 16384) % copy.len;
            struct span bytes = fuzz_take(in, fuzz_take_byte(in) % 16);
            for (size_t b = 0; b < bytes.len && at + b < copy.len; b++)
                copy.data[at + b] = bytes.data[b];
            is_changed = true;
        }
        snprintf(path, sizeof(path), "%s/%s", shard_path, kept[i].name);
        if (!damage.is_gone[i])
            fuzz_write_file(path, buf_span(&copy));
        is_changed |= damage.is_gone[i];
        buf_free(&copy);
    }
    return is_changed;
}

/* Every message once, in order, whole; those that can't be served are named, and aren't served. */
static unsigned read_mailbox(struct store *s, const struct store_login *login, bool *is_damaged)
{
    struct store_cursor cursor = {0};
    struct store_item item;
    unsigned last = 0, n = 0;
    for (unsigned tries = 0; tries < 40; tries++) {
        struct buf body = BUF_INIT(1 << 20);
        char id[FIELD_ID_SIZE];
        enum err e = store_next(s, login, &cursor, &item, &body);
        if (e == ERR_OK) {
            unsigned number = (unsigned)strtoul(item.id, NULL, 16);
            make_id(id, number);
            FUZZ_HOLDS(number > last && strcmp(item.id, id) == 0);
            FUZZ_HOLDS(span_equal(buf_span(&body), span_of(id, number % FIELD_ID_LEN)));
            last = number;
            n++;
        }
        buf_free(&body);
        *is_damaged |= e != ERR_OK && e != ERR_NOT_FOUND;
        if (e == ERR_NOT_FOUND)
            break;
    }
    return n;
}

static void check_shard(struct store *s, bool is_changed)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    bool is_damaged = false;
    enum err e = store_account_get(s, "bob", &account);
    FUZZ_HOLDS(e == ERR_OK || is_changed);
    if (e == ERR_OK) {
        struct store_login login = {.user = "bob", .version = account.version};
        unsigned n = read_mailbox(s, &login, &is_damaged);
        FUZZ_HOLDS(is_changed || (n == MESSAGES - 1 && !is_damaged));
        e = put(s, 1000);
        FUZZ_HOLDS(e == ERR_OK || is_changed);
        bool was_put = e == ERR_OK;
        FUZZ_HOLDS(!was_put || read_mailbox(s, &login, &is_damaged) == n + 1 || is_damaged);
        FUZZ_HOLDS(!was_put || put(s, 1000) == ERR_DUPLICATE || is_damaged);
    }
    store_account_free(&account);
    (void)!store_settle(s);
}

static void check_operator(struct store *s, bool is_changed)
{
    struct operate_check check = {.differences = 0};
    enum err e = operate_check(s, shard, false, &check);
    FUZZ_HOLDS(is_changed || (e == ERR_OK && check.verdict == OPERATE_CLEAN));
    e = operate_check(s, shard, true, &check);
    if (e == ERR_OK && check.verdict != OPERATE_DAMAGED) {
        FUZZ_OK(operate_check(s, shard, false, &check));
        FUZZ_HOLDS(check.verdict == OPERATE_CLEAN);
    }
}

void fuzz_one(struct span in)
{
    steady_begin();
    bool is_changed = write_shard(&in);
    struct store *s = open_store();
    check_shard(s, is_changed);
    store_close(s);
    s = open_store();
    check_operator(s, is_changed);
    check_shard(s, true);
    store_close(s);
}
