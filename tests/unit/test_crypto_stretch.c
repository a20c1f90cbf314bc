/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From password to root, secret, vault key and what the server keeps: as secmsg-1.json has it. */
#include "crypto/stretch.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vectors.h"

#include "base/banned.h"

static const uint8_t salt[STRETCH_SALT_LEN] = {1};

static void check_password(const json_t *vector)
{
    uint8_t s[STRETCH_SALT_LEN], host[HOST_KEY_LEN], root[STRETCH_ROOT_LEN], key[FERNET_KEY_LEN];
    uint8_t expected[32], store_salt[STRETCH_SALT_LEN], check[STRETCH_CHECK_LEN];
    char secret[STRETCH_SECRET_SIZE];
    vectors_bytes(s, sizeof s, vector, "salt");
    vectors_bytes(host, sizeof host, vector, "host_key");
    assert_int_equal(stretch_root(root, vectors_text(vector, "password_text"), s), ERR_OK);
    assert_int_equal(stretch_secret(secret, root, host, vectors_text(vector, "user")), ERR_OK);
    assert_true(span_is(vectors_text(vector, "secret_text"), secret));
    assert_true(stretch_is_secret(span_str(secret)));
    assert_int_equal(stretch_vault_key(key, root), ERR_OK);
    vectors_bytes(expected, sizeof expected, vector, "vault_key");
    assert_memory_equal(key, expected, sizeof key);
    vectors_bytes(store_salt, sizeof store_salt, vector, "store_salt");
    stretch_check(check, store_salt, span_str(secret));
    vectors_bytes(expected, sizeof expected, vector, "stored");
    assert_memory_equal(check, expected, sizeof check);
}

static void passwords_stretch_as_in_the_vectors(void **state)
{
    /* Each password's secret, vault key and stored hash. */
    (void)state;
    json_t *root = vectors_load("secmsg-1.json"), *vector;
    size_t i;
    json_array_foreach(vectors_get(root, "password"), i, vector) check_password(vector);
    assert_true(i > 0);
    json_decref(root);
}

static void unknown_names_have_a_stable_salt(void **state)
{
    /* The vectors' salt for their unknown name, and another for another name. */
    (void)state;
    json_t *root = vectors_load("secmsg-1.json"), *v = vectors_get(root, "unknown_name_salt");
    struct buf secret = vectors_hex(v, "store_secret");
    uint8_t expected[STRETCH_SALT_LEN], got[STRETCH_SALT_LEN];
    vectors_bytes(expected, sizeof expected, v, "salt");
    assert_int_equal(stretch_unknown_salt(got, buf_span(&secret), vectors_text(v, "user")), ERR_OK);
    assert_memory_equal(got, expected, sizeof got);
    assert_int_equal(stretch_unknown_salt(got, buf_span(&secret), SPAN("ghost2")), ERR_OK);
    assert_memory_not_equal(got, expected, sizeof got);
    buf_free(&secret);
    json_decref(root);
}

static void passwords_have_a_length(void **state)
{
    /* None and 1025 bytes are refused; 1024 bytes, any bytes, are a password. */
    (void)state;
    uint8_t password[STRETCH_PASSWORD_MAX + 1] = {0}, root[STRETCH_ROOT_LEN];
    assert_int_equal(stretch_root(root, span_of(password, 0), salt), ERR_MALFORMED);
    assert_int_equal(stretch_root(root, span_of(NULL, 0), salt), ERR_MALFORMED);
    assert_int_equal(stretch_root(root, span_of(password, sizeof password), salt), ERR_MALFORMED);
    assert_int_equal(stretch_root(root, span_of(password, STRETCH_PASSWORD_MAX), salt), ERR_OK);
}

static void no_memory_is_an_error(void **state)
{
    /* Where there aren't 64 MiB, stretching says so and the process lives. */
    (void)state;
    if (VECTORS_HAS_ASAN)
        skip();
    uint8_t root[STRETCH_ROOT_LEN];
    struct rlimit limit = {48 << 20, 48 << 20};
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(setrlimit(RLIMIT_AS, &limit) == 0 &&
                      stretch_root(root, SPAN("password"), salt) == ERR_NO_MEMORY
                  ? 0
                  : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void secrets_have_a_form(void **state)
{
    /* b64 of exactly 32 bytes; and a name that can't be one isn't stretched for. */
    (void)state;
    assert_true(stretch_is_secret(SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")));
    static const char *const bad[] = {
        "",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
        "AAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(stretch_is_secret(span_str(bad[i])));
    uint8_t root[STRETCH_ROOT_LEN] = {0}, host[HOST_KEY_LEN] = {0};
    char secret[STRETCH_SECRET_SIZE];
    assert_int_equal(stretch_secret(secret, root, host, SPAN("123456789012345678901234567890123")),
                     ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_stretch_as_in_the_vectors),
        cmocka_unit_test(unknown_names_have_a_stable_salt),
        cmocka_unit_test(passwords_have_a_length),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(secrets_have_a_form),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
