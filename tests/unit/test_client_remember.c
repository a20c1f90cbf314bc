/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel keeps for a while, where it keeps anything at all. */
#include "vectors.h"

#include <string.h>

#include "client/remember.h"
#include "crypto/random.h"

/* Nobody else's: the keyring outlives the test. */
static struct remember_name name_of(const char *user)
{
    uint8_t host_key[HOST_KEY_LEN];
    random_bytes(host_key, sizeof(host_key));
    return remember_name(host_key, user);
}

static const uint8_t first[STRETCH_ROOT_LEN] = {1}, second[STRETCH_ROOT_LEN] = {2};

static void test_names(void **state)
{
    /* The name has the whole host key and the user, the longest one too. */
    uint8_t host_key[HOST_KEY_LEN] = {0xab};
    (void)state;
    struct remember_name name = remember_name(host_key, "abcdefghijklmnopqrstuvwxyz012345");
    assert_memory_equal(name.text, "secmsg:ab00", strlen("secmsg:ab00"));
    assert_int_equal(strlen(name.text), strlen("secmsg:") + 64 + 1 + 32);
    assert_string_equal(name.text + strlen(name.text) - 33, ":abcdefghijklmnopqrstuvwxyz012345");
}

static void test_keep_and_forget(void **state)
{
    /* The last that was kept is found, under its own name alone, until it is forgotten. */
    uint8_t root[STRETCH_ROOT_LEN];
    struct remember_name name = name_of("alice"), other = name_of("alice");
    (void)state;
    enum err err = remember_keep(&name, first, 60);
    if (err == ERR_UNSUPPORTED)
        skip();
    assert_int_equal(err, ERR_OK);
    assert_int_equal(remember_keep(&name, second, 60), ERR_OK);
    assert_int_equal(remember_find(&other, root), ERR_NOT_FOUND);
    assert_int_equal(remember_find(&name, root), ERR_OK);
    assert_memory_equal(root, second, sizeof(root));
    assert_int_equal(remember_forget(&name), ERR_OK);
    assert_int_equal(remember_find(&name, root), ERR_NOT_FOUND);
    assert_int_equal(remember_forget(&name), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_keep_and_forget),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
