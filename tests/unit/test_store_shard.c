/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The embedded keeper against what befalls files: lost, changed, copied, cut, full, locked. */
#include "store/gdbm/shard.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/gdbm/lock.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

static struct marker read_marker(const struct fixture *f)
{
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    return marker;
}

/* Bob with messages 1 to n, of which the even ones are acknowledged. */
static struct store_login fill(struct fixture *f, unsigned n)
{
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= n; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    for (unsigned i = 2; i <= n; i += 2)
        assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    return bob;
}

static void expect_filled(struct store *s, const struct store_login *bob, unsigned n)
{
    struct store_cursor cursor = {0};
    assert_int_equal(fixture_unread(s, bob), (n + 1) / 2);
    for (unsigned i = 1; i <= n; i += 2)
        fixture_expect(s, bob, &cursor, i);
    fixture_expect_none(s, bob, &cursor);
    for (unsigned i = 1; i <= n; i++)
        assert_int_equal(fixture_put_n(s, "bob", i), ERR_DUPLICATE);
}

static void a_lost_index_is_built_again(void **state)
{
    /* With the index deleted, under open handles too, everything is as it was. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 100);
    files_remove(f, "index.gdbm");
    expect_filled(f->s, &bob, 100);
    files_remove(f, "index.gdbm");
    fixture_reopen(f);
    expect_filled(f->s2, &bob, 100);
    expect_filled(f->s, &bob, 100);
}

static void a_changed_index_is_not_believed(void **state)
{
    /* Flipped bits at 60 places, zeros, a truncation: each time everything is as it was. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 40);
    uint64_t seed = 1;
    static const uint8_t zeros[4096];
    for (int i = 0; i < 60; i++) {
        struct file_path index = file_named(f, "index.gdbm");
        file_flip(index.text, fixture_random(&seed, (unsigned)file_size(index.text)),
                  (unsigned)i % 8);
        assert_int_equal(fixture_unread(i % 2 ? f->s : f->s2, &bob), 20);
    }
    file_write(file_named(f, "index.gdbm").text, zeros, sizeof(zeros), 0);
    expect_filled(f->s, &bob, 40);
    assert_int_equal(truncate(file_named(f, "index.gdbm").text, 5000), 0);
    expect_filled(f->s2, &bob, 40);
}

static void a_lost_marker_is_made_again(void **state)
{
    /* Nothing is lost with the lock file's content, as after a reboot. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 40);
    static const uint8_t zeros[160];
    file_write(file_named(f, "lock").text, zeros, sizeof(zeros), 0);
    expect_filled(f->s, &bob, 40);
    assert_int_equal(truncate(file_named(f, "lock").text, 0), 0);
    expect_filled(f->s2, &bob, 40);
    assert_int_equal(unlink(file_named(f, "lock").text), 0);
    expect_filled(f->s2, &bob, 40);
    expect_filled(f->s, &bob, 40);
}

/* The store's directory as cp -a makes it. */
static struct file_path copy_of(const struct fixture *f)
{
    struct file_path copy;
    snprintf(copy.text, sizeof(copy.text), "%s/copy", f->root);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cp", "cp", "-a", f->store, copy.text, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return copy;
}

static void a_copied_store_is_a_store_of_its_own(void **state)
{
    /* A copy builds its index again, and doesn't know of what comes after. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 40);
    struct file_path copy = copy_of(f);
    struct store *s = fixture_open_with(copy.text, &fixture_quota);
    assert_int_equal(fixture_put_n(f->s, "bob", 1000), ERR_OK);
    expect_filled(s, &bob, 40);
    store_close(s);
}

static void what_does_not_chain_is_not_there(void **state)
{
    /* Garbage, half a record, or a copy of an old record behind the end: ignored, and written over. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 20);
    uint8_t bytes[120];
    for (int round = 0; round < 4; round++) {
        struct file_path log = file_named(f, "log.1");
        struct marker marker = read_marker(f);
        memset(bytes, 0xff, sizeof(bytes));
        if (round == 1)
            file_read_at(log.text, bytes, sizeof(bytes), marker.end - sizeof(bytes));
        if (round == 2)
            file_read_at(log.text, bytes, sizeof(bytes), sizeof(struct journal_header));
        file_write(log.text, bytes, round == 3 ? 20 : sizeof(bytes), marker.end);
        if (round % 2)
            files_remove(f, "index.gdbm");
        assert_int_equal(fixture_put_n(f->s2, "bob", 100 + (unsigned)round), ERR_OK);
        assert_int_equal(fixture_ack(f->s, &bob, 100 + (unsigned)round), ERR_OK);
    }
    files_remove(f, "index.gdbm");
    expect_filled(f->s, &bob, 20);
}

static void a_record_behind_the_marker_is_found(void **state)
{
    /* Whoever died between log and marker left a whole record: the next to come takes it in. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 20);
    struct marker before = read_marker(f);
    assert_int_equal(fixture_put_n(f->s, "bob", 21), ERR_OK);
    file_write(file_named(f, "lock").text, &before, sizeof(before), 0);
    assert_int_equal(fixture_unread(f->s2, &bob), 11);
    expect_filled(f->s, &bob, 21);
}

static void a_loss_of_power_leaves_whole_records(void **state)
{
    /* Cut anywhere behind the durable end, as after a reboot: what was settled is there, and of the rest
     * what is whole, in order. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_share share;
    uint64_t ends[4];
    static const uint8_t zeros[4096];
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    ends[0] = read_marker(f).end;
    for (unsigned i = 1; i < 4; i++) {
        struct fixture_id id = fixture_id(i + 1);
        char body[16];
        snprintf(body, sizeof(body), "body %u", i + 1);
        struct store_put put = {.recipient = "bob",
                                .sender = "sender",
                                .id = id.text,
                                .is_signed = true,
                                .body = span_str(body)};
        assert_int_equal(store_put(f->s, &put, &share), ERR_OK);
        ends[i] = read_marker(f).end;
    }
    store_close(f->s);
    f->s = NULL;
    uint8_t log[sizeof(zeros)];
    file_read_at(file_named(f, "log.1").text, log, ends[3] - ends[0], ends[0]);
    for (uint64_t cut = ends[3]; cut > ends[0]; cut -= 3) {
        uint64_t at = cut; /* bytes that were zero anyway aren't missed */
        while (at < ends[3] && log[at - ends[0]] == 0)
            at++;
        unsigned whole = at >= ends[3] ? 4 : at >= ends[2] ? 3 : at >= ends[1] ? 2 : 1;
        struct store_cursor cursor = {0};
        file_write(file_named(f, "log.1").text, zeros, ends[3] - cut, cut);
        file_write(file_named(f, "lock").text, zeros, sizeof(struct marker), 0);
        struct durable durable = {0};
        if (cut != ends[3]) /* the rebuild before this one has raised it */
            file_write(file_named(f, "lock").text, &durable, sizeof(durable),
                       LAYOUT_DURABLE_OFFSET);
        struct store *s = fixture_open(f);
        for (unsigned i = 1; i <= whole; i++)
            fixture_expect(s, &bob, &cursor, i);
        fixture_expect_none(s, &bob, &cursor);
        store_close(s);
    }
}

static void a_damaged_message_is_never_served(void **state)
{
    /* Two flipped bits in a message's record: an error once, then the others; never other bytes. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct file_path log = file_named(f, "log.1");
    uint64_t start = read_marker(f).end;
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    uint64_t size = (read_marker(f).end - start) / 3;
    uint64_t tag = start + 2 * size - sizeof(uint64_t);
    for (uint64_t at = start + size + sizeof(struct record_head); at < tag - 1; at += 5) {
        struct store_cursor cursor = {0};
        struct store_item item;
        struct buf body = BUF_INIT(1000);
        file_spoil(log.text, at);
        fixture_expect(f->s, &bob, &cursor, 1);
        assert_int_equal(store_next(f->s, &bob, &cursor, &item, &body), ERR_DAMAGED);
        assert_int_equal(body.len, 0);
        fixture_expect(f->s, &bob, &cursor, 3);
        assert_int_equal(fixture_unread(f->s2, &bob), 2);
        file_spoil(log.text, at);
        files_remove(f, "index.gdbm");
        assert_int_equal(fixture_unread(f->s2, &bob), 3);
        buf_free(&body);
    }
}

static void a_damaged_tag_is_mended(void **state)
{
    /* A flipped bit in a tag spoils two records; the record behind it shows what it was. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    uint64_t tag = read_marker(f).end - sizeof(uint64_t);
    assert_int_equal(fixture_put_n(f->s, "bob", 2), ERR_OK);
    for (unsigned bit = 0; bit < 64; bit += 7) {
        struct store_cursor cursor = {0};
        file_flip(file_named(f, "log.1").text, tag + bit / 8, bit % 8);
        fixture_expect(f->s, &bob, &cursor, 1);
        fixture_expect(f->s, &bob, &cursor, 2);
    }
}

static void a_damaged_account_stops_its_shard_only(void **state)
{
    /* A record that decides who owns a name can't be left out; other shards go on, and so does this one
     * as long as its index holds. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 4);
    struct file_path log = file_named(f, "log.1");
    struct store_account a = STORE_ACCOUNT_INIT;
    char name[8] = "user-a";
    unsigned home = shard_last(f->s, "bob")->number;
    do {
        name[5]++;
        fixture_register(f->s, name);
    } while (shard_last(f->s, name)->number == home);
    file_spoil(log.text, sizeof(struct journal_header) + 30);
    assert_int_equal(store_account_get(f->s, "bob", &a), ERR_DAMAGED);
    struct store_cursor cursor = {0};
    fixture_expect(f->s, &bob, &cursor, 1);
    char path[400];
    snprintf(path, sizeof(path), "%.*sindex.gdbm", (int)(strlen(log.text) - 5), log.text);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fixture_put_n(f->s, "bob", 50), ERR_DAMAGED);
    assert_int_equal(store_account_create(f->s2, "bob", &a), ERR_DAMAGED);
    assert_int_equal(fixture_put_n(f->s, name, 50), ERR_OK);
    file_spoil(log.text, sizeof(struct journal_header) + 30);
    expect_filled(f->s, &bob, 4);
    store_account_free(&a);
}

static void a_lost_or_cut_log_is_damage(void **state)
{
    /* The truth is gone: said, and no empty shard is put in its place. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    struct file_path log = file_named(f, "log.1");
    struct store_account a = STORE_ACCOUNT_INIT;
    char aside[440];
    snprintf(aside, sizeof(aside), "%s.aside", log.text);
    assert_int_equal(rename(log.text, aside), 0);
    fixture_reopen(f);
    assert_int_equal(store_account_get(f->s, "bob", &a), ERR_DAMAGED);
    assert_int_equal(store_account_create(f->s, "bob", &a), ERR_DAMAGED);
    assert_int_equal(rename(aside, log.text), 0);
    expect_filled(f->s, &bob, 10);
    assert_int_equal(truncate(log.text, 400), 0);
    fixture_reopen(f);
    assert_int_equal(store_account_create(f->s, "bob", &a), ERR_DAMAGED);
    store_account_free(&a);
}

static void a_lost_shard_is_not_taken_for_a_new_one(void **state)
{
    /* Its names aren't given to others, nor said to be nobody's; other shards go on; brought back, all is
     * there. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    struct file_path lock = file_named(f, "lock");
    struct store_account a = STORE_ACCOUNT_INIT;
    char there[400];
    char away[400];
    char name[8] = "user-a";
    snprintf(there, sizeof(there), "%.*s", (int)(strlen(lock.text) - strlen("/lock")), lock.text);
    snprintf(away, sizeof(away), "%.255s/away", f->root);
    unsigned home = shard_last(f->s, "bob")->number;
    assert_int_equal(rename(there, away), 0);
    fixture_reopen(f);
    assert_int_equal(store_account_create(f->s, "bob", &a), ERR_DAMAGED);
    assert_int_equal(store_account_find(f->s2, "bob"), ERR_DAMAGED);
    assert_int_equal(access(there, F_OK), -1);
    do {
        name[5]++;
    } while (keys_shard(&keeper_of(f->s)->keys, name, LAYOUT_SHARDS) == home);
    fixture_register(f->s, name);
    assert_int_equal(rename(away, there), 0);
    expect_filled(f->s, &bob, 10);
    store_account_free(&a);
}

static void a_held_lock_is_busy_not_for_ever(void **state)
{
    /* A holder that doesn't go on delays its shard; others give up, and all is well once it is gone. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 4);
    lock_patience_ms = 60;
    int fd = open(file_named(f, "lock").text, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(fixture_put_n(f->s, "bob", 50), ERR_BUSY);
    assert_int_equal(store_login_check(f->s2, &bob), ERR_BUSY);
    close(fd);
    lock_patience_ms = 5000;
    expect_filled(f->s, &bob, 4);
}

static void settle_raises_the_durable_end(void **state)
{
    /* It is behind after a put, and up to the marker's end after settle, by whichever handle. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 2);
    struct store_share share;
    struct durable durable;
    struct fixture_id id = fixture_id(70);
    struct store_put put = {.recipient = "bob",
                            .sender = "sender",
                            .id = id.text,
                            .body = SPAN("body 70")};
    uint64_t n;
    assert_int_equal(store_put(f->s, &put, &share), ERR_OK);
    file_read_at(file_named(f, "lock").text, &durable, sizeof(durable), LAYOUT_DURABLE_OFFSET);
    assert_true(durable.end < read_marker(f).end);
    assert_int_equal(store_count(f->s2, &bob, NULL, &n, &n), ERR_OK);
    assert_int_equal(store_settle(f->s2), ERR_OK);
    file_read_at(file_named(f, "lock").text, &durable, sizeof(durable), LAYOUT_DURABLE_OFFSET);
    assert_int_equal(durable.end, read_marker(f).end);
    assert_int_equal(store_settle(f->s), ERR_OK);
}

static void what_the_disk_lost_unsettled_is_not_counted(void **state)
{
    /* A record behind the durable end whose bytes are gone, with marker and index as they were: who opens
     * the log sees it before anything is told. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 2);
    struct store_share share;
    static const uint8_t zeros[64];
    uint64_t before = read_marker(f).end;
    for (unsigned i = 70; i < 72; i++) {
        struct fixture_id id = fixture_id(i);
        struct store_put put = {.recipient = "bob",
                                .sender = "sender",
                                .id = id.text,
                                .body = SPAN("body 70")};
        assert_int_equal(store_put(f->s, &put, &share), ERR_OK);
    }
    file_write(file_named(f, "log.1").text, zeros, sizeof(zeros),
               before + sizeof(struct record_head));
    assert_int_equal(fixture_unread(f->s2, &bob), 2);
    assert_int_equal(fixture_put(f->s2, "sender", "bob", 70, "body 70"), ERR_OK);
}

/* In a child, since a limit can't be taken back: no file may grow beyond `limit`. */
static int run_limited(const struct fixture *f, const struct store_login *bob, rlim_t limit)
{
    char body[3000];
    memset(body, 'x', sizeof(body));
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit r = {.rlim_cur = limit, .rlim_max = limit};
    if (setrlimit(RLIMIT_FSIZE, &r) != 0)
        return 1;
    const struct store_quota quota = {.messages = 10000,
                                      .bytes = 100000000,
                                      .per_sender_percent = 100};
    struct store *s = fixture_open_with(f->store, &quota);
    struct store_share share;
    enum err e = ERR_OK;
    unsigned stored = 0;
    for (unsigned i = 1000; !e; i++) {
        struct fixture_id id = fixture_id(i);
        struct store_put put = {.recipient = "bob",
                                .sender = "sender",
                                .id = id.text,
                                .body = span_of(body, 3000)};
        e = store_put(s, &put, &share);
        if (!e && store_settle(s) != ERR_OK)
            return 2;
        stored += !e;
    }
    if (e != ERR_NO_SPACE || stored == 0)
        return 3;
    for (unsigned i = 1000; i < 1000 + stored; i++) {
        if (fixture_ack(s, bob, i))
            return 4;
    }
    if (fixture_unread(s, bob) != 2)
        return 5;
    store_close(s);
    return 0;
}

static void a_full_disk_is_an_error_and_can_be_emptied(void **state)
{
    /* No room for the log, at several sizes: puts are refused, acknowledgements are not, nothing is lost. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 4);
    for (rlim_t limit = 140000; limit < 700000; limit += 131000) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(run_limited(f, &bob, limit));
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        struct store_cursor cursor = {0};
        fixture_expect(f->s, &bob, &cursor, 1);
        fixture_expect(f->s, &bob, &cursor, 3);
        fixture_expect_none(f->s, &bob, &cursor);
        fixture_leave(state);
        fixture_enter(state);
        f = *state;
        bob = fill(f, 4);
    }
}

static void a_batch_over_many_shards_opens_only_so_many(void **state)
{
    /* What is gathered before it is settled doesn't use up the process's descriptors. */
    struct fixture *f = *state;
    unsigned most = 0;
    for (unsigned i = 0; i < 250; i++) {
        struct store_account a = STORE_ACCOUNT_INIT;
        char name[16];
        snprintf(name, sizeof(name), "user%u", i);
        assert_int_equal(store_account_create(f->s, name, &a), ERR_OK);
        store_account_free(&a);
        if (most < keeper_of(f->s)->shards_open)
            most = keeper_of(f->s)->shards_open;
    }
    assert_int_equal(most, KEEPER_SHARDS_MOST);
    assert_int_equal(store_settle(f->s), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_batch_over_many_shards_opens_only_so_many),
        FIXTURE_TEST(a_lost_index_is_built_again),
        FIXTURE_TEST(a_changed_index_is_not_believed),
        FIXTURE_TEST(a_lost_marker_is_made_again),
        FIXTURE_TEST(a_copied_store_is_a_store_of_its_own),
        FIXTURE_TEST(what_does_not_chain_is_not_there),
        FIXTURE_TEST(a_record_behind_the_marker_is_found),
        FIXTURE_TEST(a_loss_of_power_leaves_whole_records),
        FIXTURE_TEST(a_damaged_message_is_never_served),
        FIXTURE_TEST(a_damaged_tag_is_mended),
        FIXTURE_TEST(a_damaged_account_stops_its_shard_only),
        FIXTURE_TEST(a_lost_or_cut_log_is_damage),
        FIXTURE_TEST(a_lost_shard_is_not_taken_for_a_new_one),
        FIXTURE_TEST(a_held_lock_is_busy_not_for_ever),
        FIXTURE_TEST(settle_raises_the_durable_end),
        FIXTURE_TEST(what_the_disk_lost_unsettled_is_not_counted),
        FIXTURE_TEST(a_full_disk_is_an_error_and_can_be_emptied),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
