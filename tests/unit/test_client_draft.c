/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_client_draft.c: texts that outlive their terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "temporary.h"

#include "base/file.h"
#include "client/draft.h"

#include "base/banned.h"

static void begin(struct session *s)
{
    memset(s, 0, sizeof(*s));
    s->account.dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(s->account.dir >= 0);
    memset(s->ring.vault.archive, 7, sizeof(s->ring.vault.archive));
}

static void check(const struct session *s, const char *to, const char *expected)
{
    struct buf text = BUF_INIT(4096);
    assert_int_equal(draft_load(s, to, &text), ERR_OK);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
    buf_free(&text);
}

static void test_kept_until_dropped(void **state)
{
    /* A text comes back as it was, one for each recipient, the last that was kept; dropping it twice is fine. */
    static struct session s;
    char to[FIELD_USER_SIZE] = "";
    struct buf none = BUF_INIT(4096);
    (void)state;
    begin(&s);
    assert_false(draft_find(&s, to));
    assert_int_equal(draft_load(&s, "bob", &none), ERR_NOT_FOUND);
    assert_int_equal(draft_keep(&s, "bob", SPAN("one\n")), ERR_OK);
    assert_int_equal(draft_keep(&s, "bob", SPAN("two\nlines\n")), ERR_OK);
    assert_int_equal(draft_keep(&s, "carol", SPAN("three")), ERR_OK);
    check(&s, "bob", "two\nlines\n");
    check(&s, "carol", "three");
    assert_int_equal(draft_drop(&s, "bob"), ERR_OK);
    assert_int_equal(draft_drop(&s, "bob"), ERR_OK);
    assert_true(draft_find(&s, to));
    assert_string_equal(to, "carol");
    assert_int_equal(draft_load(&s, "bob", &none), ERR_NOT_FOUND);
    close(s.account.dir);
}

static void test_sealed(void **state)
{
    /* Neither the text nor other keys' text is read, and a damaged file or a longer text than fits is refused. */
    static struct session s;
    struct buf file = BUF_INIT(4096), small = BUF_INIT(4), text = BUF_INIT(4096);
    (void)state;
    begin(&s);
    assert_int_equal(draft_keep(&s, "bob", SPAN("geheim")), ERR_OK);
    assert_int_equal(file_read(s.account.dir, "draft-bob", &file), ERR_OK);
    assert_null(memmem(file.data, file.len, "geheim", 6));
    assert_int_equal(draft_load(&s, "bob", &small), ERR_TOO_LARGE);
    s.ring.vault.archive[0] ^= 1;
    assert_int_equal(draft_load(&s, "bob", &text), ERR_FORGED);
    assert_int_equal(file_replace(s.account.dir, "draft-bob", SPAN("nonsense"), 0600), ERR_OK);
    assert_int_equal(draft_load(&s, "bob", &text), ERR_MALFORMED);
    assert_int_equal(text.len, 0);
    buf_free(&file);
    buf_free(&small);
    buf_free(&text);
    close(s.account.dir);
}

static void test_foreign_names(void **state)
{
    /* A file that isn't a draft's, or of no possible user, is nobody's draft. */
    static struct session s;
    char to[FIELD_USER_SIZE] = "";
    (void)state;
    begin(&s);
    assert_int_equal(file_replace(s.account.dir, "draft-", SPAN("x"), 0600), ERR_OK);
    assert_int_equal(file_replace(s.account.dir, "draft-B\x1b", SPAN("x"), 0600), ERR_OK);
    assert_int_equal(file_replace(s.account.dir, "drafts", SPAN("x"), 0600), ERR_OK);
    assert_false(draft_find(&s, to));
    close(s.account.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_until_dropped, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_sealed, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_foreign_names, temporary_enter, temporary_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
