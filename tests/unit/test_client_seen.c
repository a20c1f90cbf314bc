/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message that was noted as seen is known by every client from then on, whatever was cut short. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "temporary.h"

#include "base/file.h"
#include "client/seen.h"

#define ID_A "000102030405060708090a0b0c0d0e0f"
#define ID_B "f00102030405060708090a0b0c0d0e0f"

static int open_here(void)
{
    int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    return dir;
}

/* The bytes of a message are told apart by one number. */
static struct seen_message made(const char *id, const char *sender, bool is_signed, int bytes)
{
    struct seen_message m = {.id = id, .sender = sender, .is_signed = is_signed};
    memset(m.digest, bytes, sizeof(m.digest));
    return m;
}

static enum seen_found look(struct seen *seen, const char *id, const char *sender, bool is_signed,
                            int bytes)
{
    struct seen_message m = made(id, sender, is_signed, bytes);
    enum seen_found found = SEEN_OTHER;
    assert_int_equal(seen_look(seen, &m, &found), ERR_OK);
    return found;
}

static void add(struct seen *seen, const char *id, const char *sender, bool is_signed, int bytes)
{
    struct seen_message m = made(id, sender, is_signed, bytes);
    assert_int_equal(seen_add(seen, &m), ERR_OK);
}

static void test_two_clients(void **state)
{
    /* What one client notes, another that is open already knows; ids count per sender. */
    struct seen a, b;
    int dir = open_here();
    (void)state;
    assert_int_equal(seen_open(&a, dir), ERR_OK);
    assert_int_equal(seen_open(&b, dir), ERR_OK);
    assert_int_equal(look(&a, ID_A, "bob", true, 1), SEEN_NEVER);
    assert_int_equal(look(&b, ID_A, "bob", true, 1), SEEN_NEVER);
    add(&a, ID_A, "bob", true, 1);
    assert_int_equal(look(&b, ID_A, "bob", true, 1), SEEN_SAME);
    assert_int_equal(look(&b, ID_A, "bo", true, 1), SEEN_NEVER);
    assert_int_equal(look(&b, ID_B, "bob", true, 1), SEEN_NEVER);
    add(&b, ID_B, "carol", true, 2);
    assert_int_equal(look(&a, ID_B, "carol", true, 2), SEEN_SAME);
    seen_close(&a);
    seen_close(&b);
    assert_int_equal(close(dir), 0);
}

static void test_other_bytes(void **state)
{
    /* Other bytes under a seen id aren't the message that was shown; and what was unsigned never stands for
     * what is signed, whatever its bytes. */
    struct seen seen;
    int dir = open_here();
    (void)state;
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    add(&seen, ID_A, "bob", true, 1);
    assert_int_equal(look(&seen, ID_A, "bob", true, 2), SEEN_OTHER);
    assert_int_equal(look(&seen, ID_A, "bob", false, 1), SEEN_OTHER);
    add(&seen, ID_B, "bob", false, 1);
    assert_int_equal(look(&seen, ID_B, "bob", false, 1), SEEN_SAME);
    assert_int_equal(look(&seen, ID_B, "bob", false, 2), SEEN_OTHER);
    assert_int_equal(look(&seen, ID_B, "bob", true, 1), SEEN_NEVER);
    add(&seen, ID_B, "bob", true, 1);
    assert_int_equal(look(&seen, ID_B, "bob", true, 1), SEEN_SAME);
    assert_int_equal(look(&seen, ID_B, "bob", true, 2), SEEN_OTHER);
    seen_close(&seen);
    assert_int_equal(close(dir), 0);
}

static void test_no_room(void **state)
{
    /* A note that doesn't fit on the disk leaves nothing behind that could be believed later. */
    struct seen seen;
    struct rlimit before, small;
    struct stat st;
    int dir = open_here();
    (void)state;
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    add(&seen, ID_A, "bob", true, 1);
    assert_int_equal(fstat(seen.fd, &st), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){(rlim_t)st.st_size + 60, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct seen_message m = made(ID_B, "bob", true, 1);
    enum err err = seen_add(&seen, &m);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_not_equal(err, ERR_OK);
    assert_int_equal(look(&seen, ID_B, "bob", true, 1), SEEN_NEVER);
    off_t size = st.st_size;
    assert_int_equal(fstat(seen.fd, &st), 0);
    assert_int_equal(st.st_size, size);
    add(&seen, ID_B, "bob", true, 1);
    assert_int_equal(look(&seen, ID_B, "bob", true, 1), SEEN_SAME);
    seen_close(&seen);
    assert_int_equal(close(dir), 0);
}

#define DIGEST "0101010101010101010101010101010101010101010101010101010101010101"

static void test_torn_line(void **state)
{
    /* A line that a crash cut short isn't believed, and doesn't spoil the next one. */
    struct seen seen;
    int dir = open_here();
    (void)state;
    assert_int_equal(file_replace(dir, "seen",
                                  SPAN(ID_A " bob signed " DIGEST "\n" ID_B
                                            " carol signed " DIGEST),
                                  0600),
                     ERR_OK);
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    assert_int_equal(look(&seen, ID_A, "bob", true, 1), SEEN_SAME);
    assert_int_equal(look(&seen, ID_B, "carol", true, 1), SEEN_NEVER);
    add(&seen, ID_B, "dora", true, 1);
    seen_close(&seen);
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    assert_int_equal(look(&seen, ID_B, "dora", true, 1), SEEN_SAME);
    assert_int_equal(look(&seen, ID_A, "bob", true, 1), SEEN_SAME);
    seen_close(&seen);
    assert_int_equal(close(dir), 0);
}

static void test_bad_names(void **state)
{
    /* What isn't of an id's or a name's length can't be noted. */
    struct seen seen;
    enum seen_found found;
    struct seen_message short_id = made("short", "bob", true, 1);
    struct seen_message long_name = made(ID_A, "a-name-that-is-longer-than-32-bytes", true, 1);
    int dir = open_here();
    (void)state;
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    assert_int_equal(seen_add(&seen, &short_id), ERR_MALFORMED);
    assert_int_equal(seen_look(&seen, &long_name, &found), ERR_MALFORMED);
    seen_close(&seen);
    assert_int_equal(close(dir), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_two_clients), IN_DIRECTORY(test_other_bytes), IN_DIRECTORY(test_no_room),
        IN_DIRECTORY(test_torn_line),   IN_DIRECTORY(test_bad_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
