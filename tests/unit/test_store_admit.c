/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invitations to any name: never more accounts than uses, whoever comes at the same time, dies or gets lost. */
#include <signal.h>
#include <sys/wait.h>

#include "store/gdbm/point.h"
#include "store/gdbm/shard.h"
#include "store/operate.h"
#include "tests/unit/store_clock.h"

#include "base/banned.h"

#define TOKEN SPAN("a-token-of-a-test")
#define OTHER SPAN("a-token-of-a-tesu")
#define WEEK  (7 * DAY)

static enum err end_call(struct store *s, enum err e)
{
    assert_int_equal(store_settle(s), ERR_OK);
    return e;
}

static struct operate_invitation invite(struct store *s, struct span token, uint64_t uses)
{
    const struct operate_terms terms = {.lifetime = WEEK, .uses = uses, .note = SPAN("for Bob")};
    struct operate_invitation invitation;
    assert_int_equal(end_call(s, operate_invite(s, token, &terms, &invitation)), ERR_OK);
    return invitation;
}

static enum err admit(struct store *s, const char *user, struct span token)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    enum err e = store_account_create_admitted(s, user, token, &a);
    store_account_free(&a);
    return end_call(s, e);
}

static enum err see(struct store *s, const char *user, struct span token)
{
    return end_call(s, store_account_admitted(s, user, token));
}

struct seen {
    unsigned n;
    struct operate_invitation last;
};

static enum err note(void *context, const struct operate_invitation *invitation)
{
    struct seen *seen = context;
    seen->n++;
    seen->last = *invitation;
    return ERR_OK;
}

static struct seen list(struct store *s)
{
    struct seen seen = {0};
    for (unsigned i = 0; i < operate_shard_count(s); i++) {
        enum err e = operate_visit_invitations(s, i, note, &seen);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    }
    return end_call(s, ERR_OK) ? (struct seen){0} : seen;
}

static void expect_clean(struct store *s)
{
    for (unsigned i = 0; i < operate_shard_count(s); i++) {
        struct operate_check check;
        enum err e = operate_check(s, i, false, &check);
        assert_true(e == ERR_NOT_FOUND || (e == ERR_OK && check.verdict == OPERATE_CLEAN));
    }
}

static void compact_all(struct store *s)
{
    for (unsigned i = 0; i < operate_shard_count(s); i++) {
        struct operate_compaction compaction;
        enum err e = operate_compact(s, i, &compaction);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    }
}

static void one_use_is_one_account(void **state)
{
    /* A second name is refused; the same name is taken; a wrong token, or none at all, opens nothing. */
    struct fixture *f = *state;
    assert_int_equal(see(f->s, "bob", TOKEN), ERR_DENIED);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_DENIED);
    struct operate_invitation made = invite(f->s2, TOKEN, 1);
    assert_int_equal(see(f->s, "bob", OTHER), ERR_DENIED);
    assert_int_equal(admit(f->s, "bob", OTHER), ERR_DENIED);
    assert_int_equal(see(f->s, "No User", TOKEN), ERR_DENIED);
    assert_int_equal(see(f->s, "bob", TOKEN), ERR_OK);
    assert_int_equal(list(f->s).last.used, 0);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_OK);
    assert_int_equal(store_account_find(f->s2, "bob"), ERR_OK);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_EXISTS);
    assert_int_equal(see(f->s, "carol", TOKEN), ERR_DENIED);
    assert_int_equal(admit(f->s2, "carol", TOKEN), ERR_DENIED);
    assert_int_equal(store_account_find(f->s, "carol"), ERR_NOT_FOUND);
    struct seen seen = list(f->s);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.last.id, made.id);
    assert_string_equal(seen.last.note, "for Bob");
    assert_int_equal(seen.last.used, 1);
    assert_int_equal(seen.last.expires, seen.last.issued + WEEK);
    expect_clean(f->s);
}

static void a_taken_name_costs_nothing(void **state)
{
    /* Nor one that was deleted. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    invite(f->s, TOKEN, 1);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_EXISTS);
    assert_int_equal(store_account_delete(f->s, "bob", bob.version), ERR_OK);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_EXISTS);
    assert_int_equal(list(f->s).last.used, 0);
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_OK);
}

static void they_survive_rebuild_and_compaction(void **state)
{
    /* With some uses spent, and beside one that was revoked; an admitted account too, with a new password. */
    struct fixture *f = *state;
    struct store_account a = STORE_ACCOUNT_INIT;
    invite(f->s, TOKEN, 3);
    struct operate_invitation gone = invite(f->s, OTHER, 3);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_OK);
    assert_int_equal(admit(f->s, "dave", OTHER), ERR_OK);
    assert_int_equal(end_call(f->s, operate_revoke_invitation(f->s, gone.id)), ERR_OK);
    assert_int_equal(store_account_get(f->s, "bob", &a), ERR_OK);
    assert_int_equal(end_call(f->s, store_account_change(f->s, "bob", &a)), ERR_OK);
    store_account_free(&a);
    assert_int_equal(end_call(f->s, operate_disable_account(f->s, "bob", true)), ERR_OK);
    assert_int_equal(end_call(f->s, operate_disable_account(f->s, "bob", false)), ERR_OK);
    for (int i = 0; i < 3; i++) {
        files_remove(f, "index.gdbm");
        expect_clean(f->s2);
        compact_all(f->s2);
        fixture_reopen(f);
        expect_clean(f->s);
        assert_int_equal(list(f->s).n, 1);
        assert_int_equal(list(f->s).last.used, 1);
        assert_int_equal(store_account_find(f->s, "bob"), ERR_OK);
    }
    assert_int_equal(see(f->s, "erin", OTHER), ERR_DENIED);
    assert_int_equal(see(f->s, "dave", OTHER), ERR_DENIED);
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_OK);
    assert_int_equal(admit(f->s2, "erin", TOKEN), ERR_OK);
    assert_int_equal(admit(f->s, "frank", TOKEN), ERR_DENIED);
}

static void an_expired_one_is_none_and_goes(void **state)
{
    /* At its second it is refused; the compaction that follows leaves it out only once the shard is old enough, and
     * not because a clock jumped; one that jumps back doesn't open it again. */
    struct fixture *f = *state;
    invite(f->s, TOKEN, 3);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_OK);
    wall += 100 * DAY; /* and not `running` */
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_DENIED);
    compact_all(f->s);
    assert_int_equal(list(f->s).n, 1);
    wall -= 100 * DAY;
    pass_time(WEEK - 1);
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_OK);
    pass_time(1);
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_EXISTS);
    assert_int_equal(see(f->s, "carol", TOKEN), ERR_DENIED);
    assert_int_equal(admit(f->s, "dave", TOKEN), ERR_DENIED);
    pass_time(DAY);
    wall -= 30 * DAY;
    assert_int_equal(admit(f->s, "dave", TOKEN), ERR_DENIED);
    assert_int_equal(list(f->s).n, 1);
    compact_all(f->s);
    assert_int_equal(list(f->s).n, 0);
    expect_clean(f->s);
    assert_int_equal(store_account_find(f->s, "bob"), ERR_OK);
}

static void what_cannot_be_issued_or_revoked(void **state)
{
    /* No use, too many, a note that is too long or would spoil a line; an id that isn't there, or is none. */
    struct fixture *f = *state;
    char long_note[OPERATE_NOTE_MAX + 1];
    memset(long_note, 'n', sizeof(long_note));
    const struct operate_terms wrong[] = {
        {.lifetime = DAY, .uses = 0, .note = SPAN("")},
        {.lifetime = DAY, .uses = OPERATE_USES_MAX + 1, .note = SPAN("")},
        {.lifetime = DAY, .uses = 1, .note = SPAN("two\nlines")},
        {.lifetime = DAY, .uses = 1, .note = SPAN("\xff")},
        {.lifetime = DAY, .uses = 1, .note = span_of(long_note, sizeof(long_note))},
    };
    struct operate_invitation made;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(operate_invite(f->s, TOKEN, &wrong[i], &made), ERR_MALFORMED);
    assert_int_equal(list(f->s).n, 0);
    made = invite(f->s, TOKEN, 1);
    const struct operate_terms again = {.lifetime = DAY, .uses = 1, .note = SPAN("")};
    struct operate_invitation twice;
    assert_int_equal(operate_invite(f->s, TOKEN, &again, &twice), ERR_EXISTS);
    assert_int_equal(operate_revoke_invitation(f->s, "0123456789abcdef"), ERR_NOT_FOUND);
    assert_int_equal(operate_revoke_invitation(f->s, ""), ERR_NOT_FOUND);
    assert_int_equal(operate_revoke_invitation(f->s, "0x"), ERR_NOT_FOUND);
    assert_int_equal(operate_revoke_invitation(f->s, made.id), ERR_OK);
    assert_int_equal(operate_revoke_invitation(f->s, made.id), ERR_NOT_FOUND);
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_DENIED);
}

static const char *point_wanted;

static void die(const char *name)
{
    if (strcmp(name, point_wanted) == 0)
        raise(SIGKILL);
}

static void who_died_comes_again(void **state)
{
    /* Between use and account: another name finds the use spent, the same name goes on, and spends no second. */
    static const char *const points[] = {"commit: applied", "settle: fdatasync"};
    struct fixture *f = *state;
    for (size_t i = 0; i < 2; i++) {
        const struct span token = i == 0 ? TOKEN : OTHER;
        const char *name = i == 0 ? "bob" : "carol";
        int status;
        invite(f->s, token, 1);
        pid_t child = fork();
        if (child == 0) {
            point_wanted = points[i];
            point_hook = die;
            _exit((int)admit(fixture_open(f), name, token));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(store_account_find(f->s, name), ERR_NOT_FOUND);
        assert_int_equal(admit(f->s, "dave", token), ERR_DENIED);
        assert_int_equal(see(f->s, name, token), ERR_OK);
        assert_int_equal(admit(f->s, name, token), ERR_OK);
        assert_int_equal(admit(f->s, "dave", token), ERR_DENIED);
    }
    expect_clean(f->s);
}

static struct fixture *meanwhile;
static struct span meanwhile_token;
static struct operate_invitation meanwhile_made;

static void take_the_name(const char *name)
{
    if (strcmp(name, "settle: fdatasync") != 0) /* of the use */
        return;
    point_hook = NULL;
    if (meanwhile_token.len == 0)
        fixture_register(meanwhile->s2, "bob");
    else
        assert_int_equal(admit(meanwhile->s2, "bob", meanwhile_token), ERR_OK);
}

static void who_lost_the_name_keeps_the_use(void **state)
{
    /* Somebody else gets it in between, without an invitation or with another: the use is there for another name. */
    struct fixture *f = *state;
    invite(f->s, TOKEN, 1);
    invite(f->s, OTHER, 1);
    meanwhile = f;
    meanwhile_token = OTHER;
    point_hook = take_the_name;
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_EXISTS);
    assert_null(point_hook);
    assert_int_equal(admit(f->s, "carol", OTHER), ERR_DENIED);
    expect_clean(f->s);
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_OK);
    assert_int_equal(admit(f->s, "dave", TOKEN), ERR_DENIED);
    expect_clean(f->s);
}

static void who_lost_it_to_the_same_use_keeps_none(void **state)
{
    /* The same name with the same token twice at once: one account, and its use isn't given back by the other. */
    struct fixture *f = *state;
    invite(f->s, TOKEN, 1);
    meanwhile = f;
    meanwhile_token = TOKEN;
    point_hook = take_the_name;
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_EXISTS);
    assert_null(point_hook);
    assert_int_equal(list(f->s).last.used, 1);
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_DENIED);
}

static void revoke_it(const char *name)
{
    if (strcmp(name, point_wanted) != 0)
        return;
    point_hook = NULL;
    assert_int_equal(operate_revoke_invitation(meanwhile->s2, meanwhile_made.id), ERR_OK);
    assert_int_equal(store_settle(meanwhile->s2), ERR_OK);
}

static void who_had_the_use_is_in(void **state)
{
    /* Revoked or expired behind the use: the account is made, and nobody after it. */
    struct fixture *f = *state;
    meanwhile = f;
    meanwhile_made = invite(f->s, TOKEN, 2);
    point_wanted = "settle: fdatasync";
    point_hook = revoke_it;
    assert_int_equal(admit(f->s, "bob", TOKEN), ERR_OK);
    assert_null(point_hook);
    assert_int_equal(admit(f->s, "carol", TOKEN), ERR_DENIED);
    compact_all(f->s);
    expect_clean(f->s);
    assert_int_equal(store_account_find(f->s, "bob"), ERR_OK);
}

/* Children that all register at once; how many of them got each result is counted by it. */
static void crowd(const struct fixture *f, const char *const names[8], const struct span tokens[8],
                  unsigned results[8])
{
    pid_t children[8];
    for (size_t i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit((int)admit(fixture_open(f), names[i], tokens[i]));
    }
    for (size_t i = 0; i < 8; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        results[i] = (unsigned)WEXITSTATUS(status);
    }
}

static unsigned count(const unsigned results[8], enum err e)
{
    unsigned n = 0;
    for (size_t i = 0; i < 8; i++)
        n += results[i] == (unsigned)e;
    return n;
}

static void of_many_names_as_many_as_uses(void **state)
{
    /* Eight at once with an invitation for three. */
    static const char *const names[8] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct fixture *f = *state;
    struct span tokens[8];
    unsigned results[8];
    for (size_t i = 0; i < 8; i++)
        tokens[i] = TOKEN;
    invite(f->s, TOKEN, 3);
    crowd(f, names, tokens, results);
    assert_int_equal(count(results, ERR_OK), 3);
    assert_int_equal(count(results, ERR_DENIED), 5);
    assert_int_equal(list(f->s).last.used, 3);
    expect_clean(f->s);
}

static void of_many_with_one_name_one(void **state)
{
    /* Eight invitations and one name: seven are told that it is taken, and all seven uses are there again. */
    static const char *const names[8] = {"bob", "bob", "bob", "bob", "bob", "bob", "bob", "bob"};
    static const char *const words[8] = {"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"};
    struct fixture *f = *state;
    struct span tokens[8];
    unsigned results[8];
    for (size_t i = 0; i < 8; i++) {
        tokens[i] = span_str(words[i]);
        invite(f->s, tokens[i], 1);
    }
    crowd(f, names, tokens, results);
    assert_int_equal(count(results, ERR_OK), 1);
    assert_int_equal(count(results, ERR_EXISTS), 7);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(admit(f->s, words[i], tokens[i]),
                         results[i] == ERR_OK ? ERR_DENIED : ERR_OK);
    expect_clean(f->s);
}

static void the_token_is_not_kept(void **state)
{
    /* Nowhere in the log; only what opens nothing. */
    struct fixture *f = *state;
    uint8_t log[4096];
    invite(f->s, TOKEN, 1);
    file_read_at(file_named(f, "log.1").text, log, sizeof(log), 0);
    assert_null(memmem(log, sizeof(log), TOKEN.data, TOKEN.len));
}

static void a_damaged_one_opens_nothing(void **state)
{
    /* It is named, left out in a repair, and the rest of the shard goes on. */
    struct fixture *f = *state;
    struct marker marker;
    struct operate_check check;
    invite(f->s, OTHER, 1);
    glob_t locks = files_named(f, "lock");
    file_read_at(locks.gl_pathv[0], &marker, sizeof(marker), 0);
    globfree(&locks);
    struct file_path log = file_named(f, "log.1");
    unsigned shard = (unsigned)strtoul(strstr(log.text, "shards/") + 7, NULL, 10);
    uint64_t place = marker.end - journal_record_size(sizeof(struct record_invitation) + 7);
    file_spoil(log.text, place + 20);
    fixture_reopen(f);
    files_remove(f, "index.gdbm");
    assert_int_equal(admit(f->s, "bob", OTHER), ERR_DENIED);
    assert_int_equal(operate_check(f->s, shard, true, &check), ERR_OK);
    assert_int_equal(check.verdict, OPERATE_REPAIRED);
    expect_clean(f->s);
    invite(f->s, OTHER, 1);
    assert_int_equal(admit(f->s, "bob", OTHER), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(one_use_is_one_account),
        FIXTURE_TEST(a_taken_name_costs_nothing),
        FIXTURE_TEST(they_survive_rebuild_and_compaction),
        FIXTURE_TEST(an_expired_one_is_none_and_goes),
        FIXTURE_TEST(what_cannot_be_issued_or_revoked),
        FIXTURE_TEST(who_died_comes_again),
        FIXTURE_TEST(who_lost_the_name_keeps_the_use),
        FIXTURE_TEST(who_lost_it_to_the_same_use_keeps_none),
        FIXTURE_TEST(who_had_the_use_is_in),
        FIXTURE_TEST(of_many_names_as_many_as_uses),
        FIXTURE_TEST(of_many_with_one_name_one),
        FIXTURE_TEST(the_token_is_not_kept),
        FIXTURE_TEST(a_damaged_one_opens_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
