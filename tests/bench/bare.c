/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The baseline: the least that any program behind a socket would have to do for a connection on the same
 * libraries. It trusts what it reads, checks nothing and remembers nothing: never run it as a server.
 *
 * Usage: bare handshake, or bare message FILE. Each line on stdin is answered with one: the first after the
 * arithmetic of a handshake; of `message`, the second after the RSA verification of a login, the third after
 * that of an envelope, an append to FILE and fdatasync; the last ends it. */
#include <fcntl.h>
#include <gcrypt.h>
#include <gdbm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define KEY     32
#define MODULUS 384
#define MESSAGE 1500

static void require(bool is_good)
{
    if (!is_good)
        abort();
}

static size_t read_line(uint8_t *line, size_t size)
{
    size_t len = 0;
    while (len == 0 || line[len - 1] != '\n') {
        ssize_t n = read(STDIN_FILENO, line + len, size - len);
        require(n > 0);
        len += (size_t)n;
    }
    return len;
}

static void answer(void)
{
    require(write(STDOUT_FILENO, "OK\n", 3) == 3);
}

static void mac(uint8_t out[static KEY], const uint8_t *key, const uint8_t *data, size_t n)
{
    gcry_md_hd_t h;
    require(!gcry_md_open(&h, GCRY_MD_SHA256, GCRY_MD_FLAG_HMAC) && !gcry_md_setkey(h, key, KEY));
    gcry_md_write(h, data, n);
    memcpy(out, gcry_md_read(h, GCRY_MD_SHA256), KEY);
    gcry_md_close(h);
}

/* HKDF to 128 bytes: one HMAC to extract, four to expand. */
static void derive(uint8_t keys[static 4 * KEY], const uint8_t shared[static KEY],
                   const uint8_t salt[static KEY])
{
    uint8_t root[KEY], block[KEY + 1] = {0};
    mac(root, salt, shared, KEY);
    for (size_t i = 0; i < 4; i++) {
        block[KEY] = (uint8_t)(i + 1);
        mac(block, root, block, sizeof(block));
        memcpy(keys + i * KEY, block, KEY);
    }
}

static void sign(const uint8_t transcript[static KEY])
{
    static const uint8_t seed[KEY] = {1};
    static const uint8_t point[KEY] = {0xce, 0xcc, 0x15, 0x07, 0xdc, 0x1d, 0xdd, 0x72,
                                       0x95, 0x95, 0x1c, 0x29, 0x08, 0x88, 0xf0, 0x95,
                                       0xad, 0xb9, 0x04, 0x4d, 0x1b, 0x73, 0xd6, 0x96,
                                       0xe6, 0xdf, 0x06, 0x5d, 0x68, 0x3b, 0xd4, 0xfc};
    gcry_sexp_t key, data, signature;
    require(!gcry_sexp_build(&key, NULL,
                             "(private-key (ecc (curve Ed25519) (flags eddsa) (q %b) (d %b)))", KEY,
                             point, KEY, seed));
    require(!gcry_sexp_build(&data, NULL, "(data (flags eddsa) (hash-algo sha512) (value %b))", KEY,
                             transcript));
    require(!gcry_pk_sign(&signature, data, key));
    gcry_sexp_release(key);
    gcry_sexp_release(data);
    gcry_sexp_release(signature);
}

static void shake_hands(void)
{
    uint8_t line[512], secret[KEY], mine[KEY], theirs[KEY], shared[KEY], hash[KEY], keys[4 * KEY];
    size_t n = read_line(line, sizeof(line));
    gcry_randomize(secret, KEY, GCRY_STRONG_RANDOM);
    gcry_randomize(theirs, KEY, GCRY_STRONG_RANDOM);
    require(!gcry_ecc_mul_point(GCRY_ECC_CURVE25519, mine, secret, NULL));
    require(!gcry_ecc_mul_point(GCRY_ECC_CURVE25519, shared, secret, theirs));
    gcry_md_hash_buffer(GCRY_MD_SHA256, hash, line, n);
    derive(keys, shared, hash);
    sign(hash);
    answer();
}

/* The signature is nobody's: that is found out in the end, after all of the arithmetic. */
static void verify(const uint8_t *message, size_t n)
{
    uint8_t modulus[MODULUS], signature[MODULUS], hash[KEY];
    gcry_sexp_t key, data, value;
    memset(modulus, 0xa5, sizeof(modulus));
    memset(signature, 0x5a, sizeof(signature));
    gcry_md_hash_buffer(GCRY_MD_SHA256, hash, message, n);
    require(!gcry_sexp_build(&key, NULL, "(public-key (rsa (n %b) (e %b)))", MODULUS, modulus, 3,
                             "\1\0\1"));
    require(!gcry_sexp_build(&value, NULL, "(sig-val (rsa (s %b)))", MODULUS, signature));
    require(!gcry_sexp_build(&data, NULL, "(data (flags pss) (salt-length 2:32) (hash sha256 %b))",
                             KEY, hash));
    require(gcry_pk_verify(value, data, key) != 0);
    gcry_sexp_release(key);
    gcry_sexp_release(data);
    gcry_sexp_release(value);
}

static void append(const char *path, const uint8_t *message)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, message, MESSAGE) == MESSAGE && fdatasync(fd) == 0);
    close(fd);
}

int main(int argc, char *argv[])
{
    static uint8_t line[65536];
    bool is_message = argc == 3 && strcmp(argv[1], "message") == 0;
    require(is_message || argc == 2);
    gcry_control(GCRYCTL_SET_PREFERRED_RNG_TYPE, GCRY_RNG_TYPE_SYSTEM);
    require(gcry_check_version("1.10.0") && gdbm_version_number[0] > 0);
    gcry_control(GCRYCTL_DISABLE_SECMEM);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED);
    shake_hands();
    if (is_message) {
        verify(line, read_line(line, sizeof(line)));
        answer();
        verify(line, read_line(line, sizeof(line)));
        append(argv[2], line);
        answer();
    }
    read_line(line, sizeof(line));
    answer();
    return 0;
}
