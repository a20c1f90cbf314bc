/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: the same server gives the same text, and nothing else is taken for an address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/address.h"

static void expect(const char *text, const char *host, const char *port, const char *canonical)
{
    struct address address;
    assert_int_equal(address_parse(&address, text), ERR_OK);
    assert_string_equal(address.host, host);
    assert_string_equal(address.port, port);
    assert_string_equal(address.text, canonical);
}

static void test_forms(void **state)
{
    /* Every form that the manual names is understood, and the port is 7325 where none is given. */
    (void)state;
    expect("example.org", "example.org", "7325", "example.org:7325");
    expect("example.org:1", "example.org", "1", "example.org:1");
    expect("127.0.0.1:65535", "127.0.0.1", "65535", "127.0.0.1:65535");
    expect("[::1]:99", "::1", "99", "[::1]:99");
    expect("[::1]", "::1", "7325", "[::1]:7325");
    expect("fe80::1%eth0", "fe80::1%eth0", "7325", "[fe80::1%eth0]:7325");
}

static void test_pins(void **state)
{
    /* A URL may carry the host key's fingerprint; the name that pins are kept under is the same without it. */
    static const char print[] = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    struct address address;
    (void)state;
    expect("secmsg://h:1", "h", "1", "h:1");
    expect("secmsg://[::1]", "::1", "7325", "[::1]:7325");
    assert_int_equal(
        address_parse(&address, "secmsg://H:1#SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"),
        ERR_OK);
    assert_string_equal(address.pin, print);
    assert_string_equal(address.text, "h:1");
    assert_int_equal(address_parse(&address, "h:1"), ERR_OK);
    assert_string_equal(address.pin, "");
}

static void test_refused_pins(void **state)
{
    /* A pin that isn't whole, or stands behind anything but a URL, is no address. */
    static const char *const bad[] = {
        "secmsg://",
        "secmsg://#SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "secmsg://h#",
        "secmsg://h#SHA256:",
        "secmsg://h#SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF",
        "secmsg://h#SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "secmsg://h#SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV",
        "secmsg://h#sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "secmsg://h/#SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "h#SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "SECMSG://h",
        "secmsg:h",
        "secmsg://secmsg://h",
    };
    struct address address;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (address_parse(&address, bad[i]) != ERR_MALFORMED)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_same_server(void **state)
{
    /* Case and a port that is the default make no difference to the name that pins are kept under. */
    struct address a, b;
    (void)state;
    assert_int_equal(address_parse(&a, "Example.ORG"), ERR_OK);
    assert_int_equal(address_parse(&b, "example.org:7325"), ERR_OK);
    assert_string_equal(a.text, b.text);
}

static void test_refused(void **state)
{
    /* What isn't an address is refused: empty parts, bad ports, spaces, controls, options, URLs. */
    static const char *const bad[] = {
        "",           ":",        ":7325",     "host:",     "host:0",
        "host:65536", "host:007", "host:port", "host:-1",   "host:+1",
        "ho st",      "host\n",   "-host",     "[::1",      "[::1]x",
        "[::1]:",     "[]",       "[host]:1",  "http://h",  "h/path",
        "h\x1b[2J",   "[::1]:0",  "user@host", "h:1:2:z 3", "h:99999999999999999999",
    };
    struct address address;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (address_parse(&address, bad[i]) != ERR_MALFORMED)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_too_long(void **state)
{
    /* A host of 255 characters fits, one of 256 doesn't. */
    char host[300];
    struct address address;
    (void)state;
    memset(host, 'a', sizeof(host));
    host[255] = '\0';
    assert_int_equal(address_parse(&address, host), ERR_OK);
    assert_int_equal(strlen(address.text), 255 + strlen(":7325"));
    host[255] = 'a';
    host[256] = '\0';
    assert_int_equal(address_parse(&address, host), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_refused_pins), cmocka_unit_test(test_same_server),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
