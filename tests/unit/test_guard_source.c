/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: what counts as one, how it is written, and which networks it is in. */
#include "guard/source.h"

#include "tests/unit/guard_fixture.h"

#include "base/banned.h"

static void an_ipv6_network_of_64_bits_is_one_source(void **state)
{
    /* And an IPv4 address, however it is written; a pipe is none. */
    (void)state;
    assert_true(peer_at("2001:db8:1:2::1").source == peer_at("2001:db8:1:2:ffff::9").source);
    assert_true(peer_at("2001:db8:1:2::1").source != peer_at("2001:db8:1:3::1").source);
    assert_true(peer_at("192.0.2.1").source == peer_at("::ffff:192.0.2.1").source);
    assert_true(peer_at("192.0.2.1").source != peer_at("192.0.2.2").source);
    assert_true(peer_at("::1").source != SOURCE_LOCAL);
    assert_true(peer_at("::1").source != peer_at("0.0.0.2").source);
    struct source_peer peer;
    source_peer_of(&peer, -1);
    assert_true(peer.source == SOURCE_LOCAL);
}

static void a_source_is_written_and_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1", "2001:db8:1:2::/64", "::/64", "127.0.0.1",
                                        "ffff:ffff:ffff:ffff::/64"};
    char text[SOURCE_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint64_t source;
        assert_int_equal(source_parse(texts[i], &source), ERR_OK);
        source_text(source, text);
        assert_string_equal(text, texts[i]);
    }
    source_text(peer_at("2001:db8:1:2:3:4:5:6").source, text);
    assert_string_equal(text, "2001:db8:1:2::/64");
    source_text(SOURCE_LOCAL, text);
    assert_string_equal(text, "local");
    struct source_peer peer = peer_at("2001:db8::5");
    source_peer_text(&peer, text);
    assert_string_equal(text, "2001:db8::5");
}

static void what_is_no_source_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] =
        {"",           "local",        "192.0.2",       "192.0.2.1/24",
         "192.0.2.1/", "192.0.2.1/33", "2001:db8::/48", "x",
         "1.2.3.4 ",   "::/64/64",     "2001:db8::1%lo"};
    uint64_t source;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(source_parse(wrong[i], &source), ERR_MALFORMED);
}

static bool has(const char *list, const char *address)
{
    struct source_list parsed;
    struct source_peer peer = peer_at(address);
    assert_int_equal(source_list_parse(&parsed, list), ERR_OK);
    return source_list_has(&parsed, &peer);
}

static void a_list_has_what_is_in_its_networks(void **state)
{
    /* To the bit, for both kinds, whatever stands between them. */
    (void)state;
    assert_true(has("192.0.2.0/25", "192.0.2.127") && !has("192.0.2.0/25", "192.0.2.128"));
    assert_true(has("10.0.0.1 192.0.2.1", "192.0.2.1") && !has("10.0.0.1,192.0.2.1", "10.0.0.2"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::1") &&
                !has("2001:db8::/33", "2001:db8:8000::"));
    assert_true(has("2001:db8::1", "2001:db8::1") && !has("2001:db8::1", "2001:db8::2"));
    assert_true(has("0.0.0.0/0", "203.0.113.9") && !has("0.0.0.0/0", "2001:db8::1"));
    assert_true(has("::/0", "2001:db8::1") && has("127.0.0.0/8, ::1", "::1"));
    assert_true(has("192.0.2.1", "::ffff:192.0.2.1") && !has("none", "192.0.2.1"));
    struct source_list all;
    assert_int_equal(source_list_parse(&all, "::/0"), ERR_OK);
    assert_false(source_list_has(&all, &local));
}

static void a_wrong_list_changes_nothing(void **state)
{
    (void)state;
    struct source_list list;
    assert_int_equal(source_list_parse(&list, "192.0.2.1"), ERR_OK);
    static const char *const wrong[] = {"",         ",",           "192.0.2.1/33", "::1/129", "x",
                                        "none,::1", "192.0.2.1/a", "::1;::2",      "/8"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(source_list_parse(&list, wrong[i]), ERR_MALFORMED);
    char many[SOURCE_LIST_MAX * 8 + 16] = "";
    for (int i = 0; i <= SOURCE_LIST_MAX; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "::%d,", i);
    assert_int_equal(source_list_parse(&list, many), ERR_TOO_LARGE);
    assert_int_equal(list.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv6_network_of_64_bits_is_one_source),
        cmocka_unit_test(a_source_is_written_and_read),
        cmocka_unit_test(what_is_no_source_is_refused),
        cmocka_unit_test(a_list_has_what_is_in_its_networks),
        cmocka_unit_test(a_wrong_list_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
