/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys come back from the disk only by the right password, and only as they were. */
#include "temporary.h"
#include "vectors.h"

#include "base/file.h"
#include "client/backup.h"
#include "client/keyring.h"

static const uint8_t salt[STRETCH_SALT_LEN] = {7};

static struct rsa_key *load_key(const json_t *keys, const char *kind)
{
    uint8_t p[RSA_PRIME_LEN], q[RSA_PRIME_LEN];
    struct rsa_key *key = NULL;
    const json_t *pair = vectors_get(keys, kind);
    vectors_bytes(p, sizeof(p), pair, "p");
    vectors_bytes(q, sizeof(q), pair, "q");
    assert_int_equal(rsa_from_primes(&key, p, q), ERR_OK);
    return key;
}

/* Alice's keyring of the vectors, under a password. */
static void make_ring(struct keyring *ring, const json_t *root, struct span password)
{
    uint8_t stretched[STRETCH_ROOT_LEN], key[FERNET_KEY_LEN];
    const json_t *keys = vectors_get(vectors_get(root, "keys"), "alice");
    struct vault vault = {.sign = load_key(keys, "sign"), .seal = load_key(keys, "seal")};
    struct buf token = BUF_INIT(VAULT_TOKEN_MAX);
    assert_int_equal(stretch_root(stretched, password, salt), ERR_OK);
    assert_int_equal(stretch_vault_key(key, stretched), ERR_OK);
    assert_int_equal(vault_seal(&token, &vault, key, 1), ERR_OK);
    struct span text = vectors_text(vectors_get(vectors_get(root, "identities"), "alice"), "text");
    keyring_init(ring);
    assert_int_equal(keyring_set(ring, salt, text, buf_span(&token)), ERR_OK);
    buf_free(&token);
    vault_free(&vault);
}

static void test_passwords(void **state)
{
    /* Saved and loaded again, the keyring opens by its password, not by another, nor for another user. */
    json_t *root = vectors_load("secmsg-1.json");
    struct keyring ring;
    (void)state;
    make_ring(&ring, root, SPAN("secret"));
    assert_int_equal(keyring_save(&ring, AT_FDCWD), ERR_OK);
    keyring_clear(&ring);
    assert_int_equal(keyring_load(&ring, AT_FDCWD, "bob"), ERR_DAMAGED);
    assert_int_equal(keyring_load(&ring, AT_FDCWD, "alice"), ERR_OK);
    assert_false(ring.is_unlocked);
    assert_int_equal(keyring_unlock(&ring, SPAN("Secret")), ERR_FORGED);
    assert_false(ring.is_unlocked);
    assert_int_equal(keyring_unlock(&ring, SPAN("secret")), ERR_OK);
    assert_memory_equal(rsa_modulus(ring.vault.sign), ring.self.sign, RSA_LEN);
    keyring_clear(&ring);
    json_decref(root);
}

static void test_missing_and_damaged(void **state)
{
    /* A missing file is no login; a cut, empty or longer one is damage; removing works once. */
    json_t *root = vectors_load("secmsg-1.json");
    struct keyring ring;
    struct buf file = BUF_INIT(32768);
    (void)state;
    keyring_init(&ring);
    assert_int_equal(keyring_load(&ring, AT_FDCWD, "alice"), ERR_NOT_FOUND);
    assert_int_equal(keyring_remove(AT_FDCWD), ERR_NOT_FOUND);
    make_ring(&ring, root, SPAN("secret"));
    assert_int_equal(keyring_save(&ring, AT_FDCWD), ERR_OK);
    assert_int_equal(file_read(AT_FDCWD, HOME_KEYS, &file), ERR_OK);
    for (size_t cut = 0; cut < file.len; cut += 97) {
        assert_int_equal(file_replace(AT_FDCWD, HOME_KEYS, span_of(file.data, cut), 0600), ERR_OK);
        assert_int_equal(keyring_load(&ring, AT_FDCWD, "alice"), ERR_DAMAGED);
        assert_false(ring.is_loaded);
    }
    assert_int_equal(buf_append_str(&file, "\n"), ERR_OK);
    assert_int_equal(file_replace(AT_FDCWD, HOME_KEYS, buf_span(&file), 0600), ERR_OK);
    assert_int_equal(keyring_load(&ring, AT_FDCWD, "alice"), ERR_DAMAGED);
    buf_free(&file);
    keyring_clear(&ring);
    json_decref(root);
}

static void test_removed(void **state)
{
    /* After logout nothing is left to open. */
    json_t *root = vectors_load("secmsg-1.json");
    struct keyring ring;
    (void)state;
    make_ring(&ring, root, SPAN("secret"));
    assert_int_equal(keyring_save(&ring, AT_FDCWD), ERR_OK);
    int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    assert_int_equal(keyring_remove(dir), ERR_OK);
    assert_int_equal(keyring_load(&ring, dir, "alice"), ERR_NOT_FOUND);
    assert_int_equal(close(dir), 0);
    keyring_clear(&ring);
    json_decref(root);
}

static void test_another_password(void **state)
{
    /* Under another lock the same keys open by the new password and not by the old one; the archive's key too. */
    json_t *root = vectors_load("secmsg-1.json");
    struct keyring ring;
    struct keyring_lock lock;
    uint8_t archive[VAULT_ARCHIVE_LEN];
    (void)state;
    make_ring(&ring, root, SPAN("secret"));
    assert_int_equal(keyring_unlock(&ring, SPAN("secret")), ERR_OK);
    memcpy(archive, ring.vault.archive, sizeof(archive));
    assert_int_equal(keyring_make_lock(&ring, SPAN(""), 1, &lock), ERR_MALFORMED);
    keyring_free_lock(&lock);
    assert_int_equal(keyring_make_lock(&ring, SPAN("other"), 1, &lock), ERR_OK);
    assert_int_equal(keyring_unlock(&ring, SPAN("secret")), ERR_OK);
    assert_int_equal(keyring_take_lock(&ring, &lock), ERR_OK);
    keyring_free_lock(&lock);
    assert_memory_not_equal(ring.salt, salt, STRETCH_SALT_LEN);
    assert_int_equal(keyring_save(&ring, AT_FDCWD), ERR_OK);
    assert_int_equal(keyring_load(&ring, AT_FDCWD, "alice"), ERR_OK);
    assert_int_equal(keyring_unlock(&ring, SPAN("secret")), ERR_FORGED);
    assert_int_equal(keyring_unlock(&ring, SPAN("other")), ERR_OK);
    assert_memory_equal(ring.vault.archive, archive, sizeof(archive));
    keyring_clear(&ring);
    json_decref(root);
}

static void test_backups(void **state)
{
    /* A backup comes back as it was, locked; whatever is cut, longer, or in another order is refused. */
    json_t *root = vectors_load("secmsg-1.json");
    struct keyring ring, back;
    struct buf text = BUF_INIT(BACKUP_MAX);
    uint8_t host[HOST_KEY_LEN] = {9}, found[HOST_KEY_LEN];
    struct span server;
    (void)state;
    make_ring(&ring, root, SPAN("secret"));
    keyring_init(&back);
    assert_int_equal(backup_make(&text, &ring, SPAN("a\nb"), host), ERR_MALFORMED);
    assert_int_equal(backup_make(&text, &ring, SPAN("exec:a b"), host), ERR_OK);
    assert_int_equal(backup_parse(&back, &server, found, buf_span(&text)), ERR_OK);
    assert_true(span_is(server, "exec:a b"));
    assert_memory_equal(found, host, sizeof(host));
    assert_false(back.is_unlocked);
    assert_int_equal(keyring_unlock(&back, SPAN("secret")), ERR_OK);
    keyring_clear(&back);
    for (size_t cut = 0; cut < text.len; cut += cut < 200 ? 1 : 53)
        assert_int_equal(backup_parse(&back, &server, found, span_of(text.data, cut)),
                         ERR_MALFORMED);
    assert_int_equal(backup_parse(&back, &server, found, span_of(text.data + 1, text.len - 1)),
                     ERR_MALFORMED);
    assert_int_equal(buf_append_str(&text, "x: y\n"), ERR_OK);
    assert_int_equal(backup_parse(&back, &server, found, buf_span(&text)), ERR_MALFORMED);
    assert_false(back.is_loaded);
    buf_free(&text);
    keyring_clear(&back);
    keyring_clear(&ring);
    json_decref(root);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_passwords),   IN_DIRECTORY(test_missing_and_damaged),
        IN_DIRECTORY(test_removed),     IN_DIRECTORY(test_another_password),
        cmocka_unit_test(test_backups),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
