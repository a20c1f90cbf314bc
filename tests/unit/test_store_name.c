/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A name must not get another owner because a disk turned one bit of an index round. */
#include "store/gdbm/entry.h"

#include "store/gdbm/shard.h"
#include "store/operate.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

/* Turns round a bit of that entry's key in GDBM's file, which the marker goes on vouching for. A rebuild brings all
 * entries there: one that is flipped in the front is seen at once. */
static void lose_entry(const struct fixture *f, const char *user, enum entry_type type)
{
    char name[LAYOUT_NAME_LEN];
    uint8_t key[INDEX_KEY_LEN];
    uint8_t index[65536];
    files_remove(f, INDEX_NAME);
    enum err found_or_not = store_account_find(f->s, user);
    assert_true(found_or_not == ERR_OK || found_or_not == ERR_NOT_FOUND);
    struct shard *shard = shard_last(f->s, user);
    struct file_path path = file_named(f, INDEX_NAME);
    uint64_t size = file_size(path.text);
    assert_true(size <= sizeof(index));
    struct stat st;
    file_read_at(path.text, index, size, 0);
    entry_set_name(name, user);
    keys_entry(&shard->store->keys, key, type, span_of(name, sizeof(name)), span_str(""));
    const uint8_t *found = memmem(index, size, key, sizeof(key));
    assert_non_null(found);
    file_flip(path.text, (uint64_t)(found - index) + sizeof(key) - 1, 0);
    assert_int_equal(stat(path.text, &st), 0);
    struct marker marker = shard->marker;
    marker_set_index(&marker, &st);
    assert_int_equal(marker_write(&shard->file, &marker), ERR_OK);
}

static enum err create(struct store *s, const char *user)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    memset(a.check, 'x', sizeof(a.check));
    enum err e = store_account_create(s, user, &a);
    store_account_free(&a);
    return e;
}

static void a_lost_entry_frees_no_name(void **state)
{
    /* Whoever registers the name first after that is refused, and the account is found again. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    lose_entry(f, "bob", ENTRY_ACCOUNT);
    assert_int_equal(create(f->s2, "bob"), ERR_EXISTS);
    assert_int_equal(fixture_unread(f->s2, &bob), 1);
    files_remove(f, INDEX_NAME);
    assert_int_equal(fixture_unread(f->s, &bob), 1);
}

static void a_lost_entry_hides_nobody(void **state)
{
    /* Login, delivery and the operator's tool find the account, whichever comes first. */
    struct fixture *f = *state;
    struct operate_account shown;
    struct store_login bob = fixture_register(f->s, "bob");
    lose_entry(f, "bob", ENTRY_ACCOUNT);
    assert_int_equal(store_account_find(f->s2, "bob"), ERR_OK);
    lose_entry(f, "bob", ENTRY_ACCOUNT);
    assert_int_equal(fixture_put_n(f->s2, "bob", 1), ERR_OK);
    assert_int_equal(fixture_unread(f->s, &bob), 1);
    lose_entry(f, "bob", ENTRY_ACCOUNT);
    assert_int_equal(operate_show_account(f->s2, "bob", &shown), ERR_OK);
    assert_int_equal(shown.messages, 1);
}

static void a_reserved_name_stays_reserved(void **state)
{
    /* Deleted, and after a compaction too: its entry's loss frees it as little. */
    struct fixture *f = *state;
    struct operate_compaction compaction;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(store_account_delete(f->s, "bob", bob.version), ERR_OK);
    lose_entry(f, "bob", ENTRY_ACCOUNT);
    assert_int_equal(create(f->s2, "bob"), ERR_EXISTS);
    unsigned home = shard_last(f->s, "bob")->number;
    assert_int_equal(operate_compact(f->s, home, &compaction), ERR_OK);
    assert_int_equal(store_account_find(f->s, "bob"), ERR_NOT_FOUND);
    lose_entry(f, "bob", ENTRY_ACCOUNT);
    assert_int_equal(create(f->s2, "bob"), ERR_EXISTS);
}

static void the_witness_alone_may_be_lost(void **state)
{
    /* The account is served; a check finds the difference, and a repair mends it. */
    struct fixture *f = *state;
    struct operate_check check;
    fixture_register(f->s, "bob");
    lose_entry(f, "bob", ENTRY_NAME);
    assert_int_equal(store_account_find(f->s2, "bob"), ERR_OK);
    assert_int_equal(create(f->s2, "bob"), ERR_EXISTS);
    unsigned home = shard_last(f->s2, "bob")->number;
    assert_int_equal(operate_check(f->s2, home, true, &check), ERR_OK);
    assert_int_equal(check.verdict, OPERATE_REPAIRED);
    assert_int_equal(operate_check(f->s2, home, false, &check), ERR_OK);
    assert_int_equal(check.verdict, OPERATE_CLEAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_lost_entry_frees_no_name),
        FIXTURE_TEST(a_lost_entry_hides_nobody),
        FIXTURE_TEST(a_reserved_name_stays_reserved),
        FIXTURE_TEST(the_witness_alone_may_be_lost),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
