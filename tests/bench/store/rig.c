/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store, users, messages, and what to measure them with. */
#include "tests/bench/store/rig.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

void rig_require(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "bench-store: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void require_ok(enum err e, const char *what)
{
    if (e) {
        fprintf(stderr, "bench-store: %s: %s\n", what, err_text(e));
        exit(1);
    }
}

double rig_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct store *rig_open(const char *path)
{
    static const struct store_quota quota = {.messages = UINT64_C(1) << 40,
                                             .bytes = UINT64_C(1) << 50,
                                             .per_sender_percent = 100};
    char message[512] = "";
    struct store *store = NULL;
    enum err e = store_open(&store, path, &quota, message, sizeof(message));
    require_ok(e, e ? message : "store_open");
    return store;
}

void rig_settle(struct store *store)
{
    require_ok(store_settle(store), "store_settle");
}

struct store_login rig_enter(struct store *store, unsigned number)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    struct store_login login = {0};
    snprintf(login.user, sizeof(login.user), "user%u", number);
    enum err e = store_account_create(store, login.user, &account);
    if (e == ERR_EXISTS)
        e = store_account_get(store, login.user, &account);
    require_ok(e, login.user);
    login.version = account.version;
    store_account_free(&account);
    return login;
}

void rig_put(struct store *store, unsigned user, size_t size)
{
    static const uint8_t body[RIG_BODY_MAX];
    static uint64_t number;
    char name[FIELD_USER_SIZE];
    char id[FIELD_ID_SIZE];
    struct store_share share;
    snprintf(name, sizeof(name), "user%u", user);
    snprintf(id, sizeof(id), "%016" PRIx64 "%016" PRIx64, (uint64_t)getpid(), ++number);
    const struct store_put message = {.recipient = name,
                                      .sender = "sender",
                                      .id = id,
                                      .is_signed = true,
                                      .body = span_of(body, size)};
    require_ok(store_put(store, &message, &share), "store_put");
}

size_t rig_take(struct store *store, const struct store_login *login)
{
    struct buf got = BUF_INIT(RIG_BODY_MAX);
    struct store_cursor cursor = {0};
    struct store_item item;
    uint64_t unread = 0;
    require_ok(store_next(store, login, &cursor, &item, &got), "store_next");
    require_ok(store_ack(store, login, item.id, 1, &unread), "store_ack");
    size_t size = got.len;
    buf_free(&got);
    return size;
}

uint64_t rig_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int compare(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

double rig_median(double *values, size_t n)
{
    qsort(values, n, sizeof(values[0]), compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void rig_path(char path[static RIG_PATH], const char *directory, const char *name)
{
    rig_require(snprintf(path, RIG_PATH, "%s/%s", directory, name) < RIG_PATH, "path too long");
}

static uint64_t disk_sum;
static const char *disk_prefix;

static int add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)type;
    if (strncmp(path + ftw->base, disk_prefix, strlen(disk_prefix)) == 0)
        disk_sum += (uint64_t)st->st_blocks * 512;
    return 0;
}

uint64_t rig_disk(const char *path, const char *prefix)
{
    disk_sum = 0;
    disk_prefix = prefix;
    rig_require(nftw(path, add_size, 16, FTW_PHYS) == 0, path);
    return disk_sum;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void rig_remove(const char *path)
{
    rig_require(nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0, path);
}

FILE *rig_results(const struct rig *rig, const char *name)
{
    char path[RIG_PATH];
    rig_path(path, rig->results, name);
    FILE *file = fopen(path, "w");
    rig_require(file != NULL, path);
    return file;
}
