/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pins are added once and never changed, and a damaged file is never taken for an empty one. */
#include "temporary.h"
#include "vectors.h"

#include "base/file.h"
#include "client/pins.h"
#include "crypto/vault.h"

static const uint8_t key_a[HOST_KEY_LEN] = {1, 2, 3};
static const uint8_t key_b[HOST_KEY_LEN] = {4, 5, 6};

static void write_file(const char *name, struct span content)
{
    assert_int_equal(file_replace(AT_FDCWD, name, content, 0600), ERR_OK);
}

static struct span identity_of(const json_t *root, const char *user)
{
    return vectors_text(vectors_get(vectors_get(root, "identities"), user), "text");
}

static void test_hosts(void **state)
{
    /* The first key of a server is pinned; the same again changes nothing, another one neither. */
    uint8_t key[HOST_KEY_LEN];
    (void)state;
    assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:1"), key), ERR_NOT_FOUND);
    assert_int_equal(pins_add_host(AT_FDCWD, SPAN("h:1"), key_a), ERR_OK);
    assert_int_equal(pins_add_host(AT_FDCWD, SPAN("h:1"), key_a), ERR_DUPLICATE);
    assert_int_equal(pins_add_host(AT_FDCWD, SPAN("h:1"), key_b), ERR_EXISTS);
    assert_int_equal(pins_add_host(AT_FDCWD, SPAN("h:2"), key_b), ERR_OK);
    assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:1"), key), ERR_OK);
    assert_memory_equal(key, key_a, HOST_KEY_LEN);
    assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:2"), key), ERR_OK);
    assert_memory_equal(key, key_b, HOST_KEY_LEN);
    assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:"), key), ERR_NOT_FOUND);
}

static void test_command_names(void **state)
{
    /* Commands keep their spaces and quotes; a line break can't make a line of its own. */
    uint8_t key[HOST_KEY_LEN];
    struct buf name = BUF_INIT(256);
    (void)state;
    assert_int_equal(pins_command_name(&name, "ssh h 'x y'\n%\xc3"), ERR_OK);
    assert_true(span_is(buf_span(&name), "exec:ssh h 'x y'%0A%25%C3"));
    assert_int_equal(pins_add_host(AT_FDCWD, buf_span(&name), key_a), ERR_OK);
    assert_int_equal(pins_find_host(AT_FDCWD, buf_span(&name), key), ERR_OK);
    buf_free(&name);
}

static void test_damaged_hosts(void **state)
{
    /* Junk, a cut line, a short key, an empty name: damage, for finding and for adding. */
    static const char *const bad[] = {
        "junk\n",
        "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= h:1",
        "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= h:1\n",
        "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \n",
        "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= h:9\n\n",
        " h:1\n",
    };
    uint8_t key[HOST_KEY_LEN];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_file(PINS_HOSTS_FILE, span_str(bad[i]));
        assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:1"), key), ERR_DAMAGED);
        assert_int_equal(pins_add_host(AT_FDCWD, SPAN("h:1"), key_a), ERR_DAMAGED);
    }
}

static void test_identities(void **state)
{
    /* An identity is pinned once under its own name; the pin is found whole and verified. */
    json_t *root = vectors_load("secmsg-1.json");
    struct identity identity;
    (void)state;
    assert_int_equal(pins_find_identity(AT_FDCWD, "alice", &identity), ERR_NOT_FOUND);
    assert_int_equal(pins_add_identity(AT_FDCWD, identity_of(root, "alice")), ERR_OK);
    assert_int_equal(pins_add_identity(AT_FDCWD, identity_of(root, "alice")), ERR_DUPLICATE);
    assert_int_equal(pins_add_identity(AT_FDCWD, identity_of(root, "bob")), ERR_OK);
    assert_int_equal(pins_find_identity(AT_FDCWD, "alice", &identity), ERR_OK);
    assert_string_equal(identity.user, "alice");
    assert_int_equal(pins_find_identity(AT_FDCWD, "bo", &identity), ERR_NOT_FOUND);
    assert_int_equal(pins_add_identity(AT_FDCWD, SPAN("secmsg-identity-1\n")), ERR_MALFORMED);
    json_decref(root);
}

static void test_swapped_identity(void **state)
{
    /* A line whose name, fingerprint and identity don't belong together is damage. */
    json_t *root = vectors_load("secmsg-1.json");
    struct identity identity;
    struct buf file = BUF_INIT(8192);
    (void)state;
    assert_int_equal(pins_add_identity(AT_FDCWD, identity_of(root, "alice")), ERR_OK);
    assert_int_equal(file_read(AT_FDCWD, PINS_IDENTITIES_FILE, &file), ERR_OK);
    assert_memory_equal(file.data, "alice SHA256:", 13);
    memcpy(file.data, "bobby", 5);
    write_file(PINS_IDENTITIES_FILE, buf_span(&file));
    assert_int_equal(pins_find_identity(AT_FDCWD, "bobby", &identity), ERR_DAMAGED);
    memcpy(file.data, "alice", 5);
    file.data[20] = file.data[20] == 'A' ? 'B' : 'A';
    write_file(PINS_IDENTITIES_FILE, buf_span(&file));
    assert_int_equal(pins_find_identity(AT_FDCWD, "alice", &identity), ERR_DAMAGED);
    assert_int_equal(pins_add_identity(AT_FDCWD, identity_of(root, "alice")), ERR_DAMAGED);
    buf_free(&file);
    json_decref(root);
}

static void test_replaced_hosts(void **state)
{
    /* A key that is replaced leaves every other pin as it was; the same again is told apart; one that was never
     * pinned is added. */
    uint8_t key[HOST_KEY_LEN];
    (void)state;
    assert_int_equal(pins_add_host(AT_FDCWD, SPAN("h:1"), key_a), ERR_OK);
    assert_int_equal(pins_add_host(AT_FDCWD, SPAN("h:11"), key_a), ERR_OK);
    assert_int_equal(pins_replace_host(AT_FDCWD, SPAN("h:1"), key_b), ERR_OK);
    assert_int_equal(pins_replace_host(AT_FDCWD, SPAN("h:1"), key_b), ERR_DUPLICATE);
    assert_int_equal(pins_replace_host(AT_FDCWD, SPAN("h:2"), key_b), ERR_OK);
    assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:1"), key), ERR_OK);
    assert_memory_equal(key, key_b, HOST_KEY_LEN);
    assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:11"), key), ERR_OK);
    assert_memory_equal(key, key_a, HOST_KEY_LEN);
    assert_int_equal(pins_find_host(AT_FDCWD, SPAN("h:2"), key), ERR_OK);
    write_file(PINS_HOSTS_FILE, SPAN("junk\n"));
    assert_int_equal(pins_replace_host(AT_FDCWD, SPAN("h:1"), key_a), ERR_DAMAGED);
}

static void note_user(void *context, const struct identity *identity)
{
    struct buf *users = context;
    assert_int_equal(buf_printf(users, "%s ", identity->user), ERR_OK);
}

static void test_replaced_identity(void **state)
{
    /* An identity that takes the place of another is the only one of its user; others stay, and a visit gives each
     * once. */
    json_t *root = vectors_load("secmsg-1.json");
    struct identity identity, other;
    struct buf users = BUF_INIT(256), text = BUF_INIT(IDENTITY_MAX);
    struct vault vault = {.sign = NULL};
    (void)state;
    assert_int_equal(vault_generate(&vault), ERR_OK);
    assert_int_equal(identity_make(&text, SPAN("alice"), vault.sign, vault.seal), ERR_OK);
    assert_int_equal(identity_parse(&other, buf_span(&text)), ERR_OK);
    assert_int_equal(pins_add_identity(AT_FDCWD, identity_of(root, "alice")), ERR_OK);
    assert_int_equal(pins_add_identity(AT_FDCWD, identity_of(root, "bob")), ERR_OK);
    assert_int_equal(pins_add_identity(AT_FDCWD, buf_span(&text)), ERR_EXISTS);
    assert_int_equal(pins_replace_identity(AT_FDCWD, buf_span(&text)), ERR_OK);
    assert_int_equal(pins_replace_identity(AT_FDCWD, buf_span(&text)), ERR_DUPLICATE);
    assert_int_equal(pins_find_identity(AT_FDCWD, "alice", &identity), ERR_OK);
    assert_string_equal(identity.fingerprint, other.fingerprint);
    assert_int_equal(pins_visit_identities(AT_FDCWD, note_user, &users), ERR_OK);
    assert_true(span_is(buf_span(&users), "bob alice "));
    write_file(PINS_IDENTITIES_FILE, SPAN("alice SHA256:x x\n"));
    assert_int_equal(pins_replace_identity(AT_FDCWD, buf_span(&text)), ERR_DAMAGED);
    assert_int_equal(pins_visit_identities(AT_FDCWD, note_user, &users), ERR_DAMAGED);
    buf_free(&users);
    buf_free(&text);
    vault_free(&vault);
    json_decref(root);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_hosts),
        IN_DIRECTORY(test_command_names),
        IN_DIRECTORY(test_damaged_hosts),
        IN_DIRECTORY(test_identities),
        IN_DIRECTORY(test_swapped_identity),
        IN_DIRECTORY(test_replaced_hosts),
        IN_DIRECTORY(test_replaced_identity),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
