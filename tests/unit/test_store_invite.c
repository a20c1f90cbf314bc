/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A name that its operator freed: who can have it, how often, for how long, and what the store keeps of that. */
#include <sys/wait.h>

#include "store/operate.h"

#include "store/gdbm/shard.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

#define TOKEN SPAN("a-token-of-a-test")
#define OTHER SPAN("a-token-of-a-tesu")

static unsigned home_of(struct store *s, const char *user)
{
    struct gdbm_store *k = keeper_of(s);
    return keys_shard(&k->keys, user, k->directory.shard_count);
}

static enum err reset(struct store *s, const char *user, struct span token, uint64_t days)
{
    uint64_t until;
    enum err e = operate_reset_account(s, user, token, days * 86400, &until);
    assert_int_equal(store_settle(s), ERR_OK);
    return e;
}

static enum err register_by(struct store *s, const char *user, struct span token, uint64_t *version)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    enum err e = token.len > 0 ? store_account_create_invited(s, user, token, &a)
                               : store_account_create(s, user, &a);
    assert_int_equal(store_settle(s), ERR_OK);
    *version = a.version;
    store_account_free(&a);
    return e;
}

static struct operate_account show(struct store *s, const char *user)
{
    struct operate_account account;
    assert_int_equal(operate_show_account(s, user, &account), ERR_OK);
    return account;
}

static void expect_clean(struct store *s, const char *user)
{
    struct operate_check check;
    assert_int_equal(operate_check(s, home_of(s, user), false, &check), ERR_OK);
    assert_int_equal(check.verdict, OPERATE_CLEAN);
}

static void compact(struct store *s, const char *user)
{
    struct operate_compaction compaction;
    assert_int_equal(operate_compact(s, home_of(s, user), &compaction), ERR_OK);
    assert_true(compaction.is_done);
}

static void only_the_token_opens_the_name_and_once(void **state)
{
    /* Without it the name is taken, with another refused, with it a new account begins; then it is used up. */
    struct fixture *f = *state;
    struct store_login old = fixture_register(f->s, "bob");
    uint64_t version;
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    assert_int_equal(store_account_invited(f->s, "bob", TOKEN), ERR_NOT_FOUND);
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_EXISTS);
    assert_int_equal(reset(f->s2, "bob", TOKEN, 7), ERR_OK);
    assert_int_equal(store_login_check(f->s, &old), ERR_DENIED);
    assert_int_equal(store_account_find(f->s, "bob"), ERR_NOT_FOUND);
    assert_int_equal(fixture_put_n(f->s, "bob", 2), ERR_NOT_FOUND);
    assert_int_equal(register_by(f->s, "bob", SPAN(""), &version), ERR_EXISTS);
    assert_int_equal(register_by(f->s, "bob", OTHER, &version), ERR_DENIED);
    assert_int_equal(store_account_invited(f->s, "bob", OTHER), ERR_DENIED);
    assert_int_equal(store_account_invited(f->s, "bob", TOKEN), ERR_OK);
    assert_int_equal(register_by(f->s2, "bob", TOKEN, &version), ERR_OK);
    assert_true(version > old.version);
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_EXISTS);
    assert_int_equal(store_account_invited(f->s, "bob", TOKEN), ERR_NOT_FOUND);
    assert_int_equal(show(f->s, "bob").state, OPERATE_ACTIVE);
    assert_int_equal(show(f->s, "bob").messages, 0);
    /* What the old account accepted is nothing to the new one. */
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    expect_clean(f->s2, "bob");
}

static void it_survives_rebuild_and_compaction(void **state)
{
    /* In each state that a name can be in: waiting, taken again, and waiting a second time. */
    struct fixture *f = *state;
    uint64_t version;
    fixture_register(f->s, "bob");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_OK);
        uint64_t until = show(f->s, "bob").until;
        assert_true(until != 0);
        for (int twice = 0; twice < 2; twice++) {
            files_remove(f, "index.gdbm");
            expect_clean(f->s2, "bob");
            compact(f->s2, "bob");
            fixture_reopen(f);
            expect_clean(f->s, "bob");
            assert_int_equal(show(f->s, "bob").until, until);
        }
        assert_int_equal(register_by(f->s, "bob", OTHER, &version), ERR_DENIED);
        assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_OK);
        assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
        files_remove(f, "index.gdbm");
        expect_clean(f->s2, "bob");
        compact(f->s2, "bob");
        expect_clean(f->s, "bob");
        assert_int_equal(show(f->s, "bob").messages, 1);
        assert_int_equal(show(f->s, "bob").until, 0);
    }
}

static void an_expired_one_is_none(void **state)
{
    /* Refused like a wrong one; the name stays reserved, and can be reset again. */
    struct fixture *f = *state;
    uint64_t version;
    fixture_register(f->s, "bob");
    assert_int_equal(reset(f->s, "bob", TOKEN, 0), ERR_OK);
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_DENIED);
    assert_int_equal(register_by(f->s, "bob", SPAN(""), &version), ERR_EXISTS);
    assert_int_equal(reset(f->s, "bob", TOKEN, 1), ERR_OK);
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_OK);
}

static void a_later_reset_replaces_it_and_a_deletion_withdraws_it(void **state)
{
    /* Of a disabled account, of a reserved name, twice: the last token counts, and none after a deletion. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    uint64_t version;
    assert_int_equal(operate_disable_account(f->s, "bob", true), ERR_OK);
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_OK);
    assert_int_equal(reset(f->s, "bob", OTHER, 7), ERR_OK);
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_DENIED);
    assert_int_equal(operate_delete_account(f->s, "bob"), ERR_OK);
    assert_int_equal(operate_delete_account(f->s, "bob"), ERR_NOT_FOUND);
    assert_int_equal(show(f->s, "bob").state, OPERATE_RESERVED);
    assert_int_equal(show(f->s, "bob").until, 0);
    assert_int_equal(register_by(f->s, "bob", OTHER, &version), ERR_EXISTS);
    expect_clean(f->s2, "bob");
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_OK);
    expect_clean(f->s2, "bob");
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_OK);
    assert_true(version > bob.version);
    assert_int_equal(store_account_delete(f->s, "bob", version), ERR_OK);
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_EXISTS);
    expect_clean(f->s2, "bob");
}

static void a_name_that_nobody_had_is_not_found(void **state)
{
    /* With and without a shard for it; what isn't a name too; nothing is made by it. */
    struct fixture *f = *state;
    uint64_t version;
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_NOT_FOUND);
    fixture_register(f->s, "carol");
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_NOT_FOUND);
    assert_int_equal(reset(f->s, "No User", TOKEN, 7), ERR_NOT_FOUND);
    assert_int_equal(store_account_invited(f->s, "bob", TOKEN), ERR_NOT_FOUND);
    /* An invitation that nobody waits for is as good as none. */
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_OK);
}

static void it_is_bound_to_its_name(void **state)
{
    /* Two names that wait: neither opens with the other's. */
    struct fixture *f = *state;
    uint64_t version;
    fixture_register(f->s, "bob");
    fixture_register(f->s, "carol");
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_OK);
    assert_int_equal(reset(f->s, "carol", OTHER, 7), ERR_OK);
    assert_int_equal(register_by(f->s, "bob", OTHER, &version), ERR_DENIED);
    assert_int_equal(register_by(f->s, "carol", TOKEN, &version), ERR_DENIED);
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_OK);
}

static void of_many_at_once_one_wins(void **state)
{
    /* Eight processes with the same token: one account, and seven are told that the name is taken. */
    struct fixture *f = *state;
    pid_t children[8];
    int won = 0;
    fixture_register(f->s, "bob");
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_OK);
    for (size_t i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            uint64_t version;
            _exit((int)register_by(fixture_open(f), "bob", TOKEN, &version));
        }
    }
    for (size_t i = 0; i < 8; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_true(WEXITSTATUS(status) == ERR_OK || WEXITSTATUS(status) == ERR_EXISTS);
        won += WEXITSTATUS(status) == ERR_OK;
    }
    assert_int_equal(won, 1);
    expect_clean(f->s, "bob");
}

static enum err count_visit(void *context, const struct operate_account *account)
{
    assert_string_equal(account->name, "bob");
    ++*(unsigned *)context;
    return ERR_OK;
}

static void a_name_is_listed_once(void **state)
{
    /* However often it was given back and taken again. */
    struct fixture *f = *state;
    uint64_t version;
    fixture_register(f->s, "bob");
    for (int i = 0; i < 5; i++) {
        unsigned visits = 0;
        assert_int_equal(operate_visit_accounts(f->s, home_of(f->s, "bob"), count_visit, &visits),
                         ERR_OK);
        assert_int_equal(visits, 1);
        assert_int_equal(i % 2 == 0 ? reset(f->s, "bob", TOKEN, 7)
                                    : register_by(f->s, "bob", TOKEN, &version),
                         ERR_OK);
    }
}

static void the_token_is_not_kept(void **state)
{
    /* Nowhere in the log. */
    struct fixture *f = *state;
    fixture_register(f->s, "bob");
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_OK);
    uint8_t log[4096];
    file_read_at(file_named(f, "log.1").text, log, sizeof(log), 0);
    assert_null(memmem(log, sizeof(log), TOKEN.data, TOKEN.len));
}

static void a_damaged_one_opens_nothing(void **state)
{
    /* Damage in its record, but in its length, which is mended: never a new account, and found by a check. */
    struct fixture *f = *state;
    struct marker marker;
    uint64_t version;
    fixture_register(f->s, "bob");
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    assert_int_equal(reset(f->s, "bob", TOKEN, 7), ERR_OK);
    uint64_t size =
        journal_record_size(sizeof(struct record_delete) + sizeof(struct record_invite));
    for (uint64_t at = marker.end + 4; at < marker.end + size - 1; at += 3) {
        struct operate_check check;
        file_spoil(file_named(f, "log.1").text, at);
        fixture_reopen(f);
        assert_int_not_equal(register_by(f->s, "bob", OTHER, &version), ERR_OK);
        enum err e = operate_check(f->s2, home_of(f->s2, "bob"), false, &check);
        assert_true(e == ERR_UNSUPPORTED || (!e && check.verdict == OPERATE_DAMAGED));
        file_spoil(file_named(f, "log.1").text, at);
    }
    fixture_reopen(f);
    expect_clean(f->s, "bob");
    assert_int_equal(register_by(f->s, "bob", TOKEN, &version), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(only_the_token_opens_the_name_and_once),
        FIXTURE_TEST(it_survives_rebuild_and_compaction),
        FIXTURE_TEST(an_expired_one_is_none),
        FIXTURE_TEST(a_later_reset_replaces_it_and_a_deletion_withdraws_it),
        FIXTURE_TEST(a_name_that_nobody_had_is_not_found),
        FIXTURE_TEST(it_is_bound_to_its_name),
        FIXTURE_TEST(of_many_at_once_one_wins),
        FIXTURE_TEST(a_name_is_listed_once),
        FIXTURE_TEST(the_token_is_not_kept),
        FIXTURE_TEST(a_damaged_one_opens_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
