/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's native protocol, read by a socket of our own: fields, hostile values, a reader that is gone, and how
 * the log uses it. */
#include "base/journald.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/event.h"
#include "base/log.h"
#include "temporary.h"

#include "base/banned.h"

static const char path[] = "socket"; /* in the test's directory */
static int journal = -1;
static int reader = -1; /* of what goes to stderr */
static int real_stderr = -1;

static int set_up(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fds[2];
    struct stat st;
    char stream[64];
    if (temporary_enter(state))
        return -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (bind(journal, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) < 0)
        return -1;
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    reader = fds[0];
    if (dup2(fds[1], STDERR_FILENO) < 0 || close(fds[1]) < 0 || fstat(STDERR_FILENO, &st) < 0)
        return -1;
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return setenv("JOURNAL_STREAM", stream, 1);
}

static int tear_down(void **state)
{
    unsetenv("JOURNAL_STREAM");
    log_open("-", LOG_LEVEL_INFO);
    close(reader);
    if (journal >= 0)
        close(journal);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    return temporary_leave(state);
}

static uint8_t datagram[65536];
static ssize_t datagram_len;

static bool receive(int fd)
{
    datagram_len = recv(fd, datagram, sizeof(datagram) - 1, 0);
    datagram[datagram_len > 0 ? datagram_len : 0] = '\0';
    return datagram_len > 0;
}

/* The value of a field of the last entry, read as the protocol's page says, or one that begins with NUL; *count is how
 * many fields of that name there are. */
static struct span field(const char *name, size_t *count)
{
    struct span found = SPAN("\0none");
    const uint8_t *at = datagram, *end = datagram + datagram_len;
    *count = 0;
    while (at < end) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(line);
        const uint8_t *equals = memchr(at, '=', (size_t)(line - at));
        size_t len = (size_t)((equals ? equals : line) - at);
        struct span key = span_of(at, len), value;
        uint64_t n = 0;
        if (equals) {
            value = span_of(equals + 1, (size_t)(line - equals) - 1);
            at = line + 1;
        } else {
            for (size_t i = 0; i < 8; i++)
                n |= (uint64_t)line[1 + i] << 8 * i;
            assert_true(n < (uint64_t)(end - line));
            value = span_of(line + 9, n);
            assert_int_equal(line[9 + n], '\n');
            at = line + 10 + n;
        }
        if (span_is(key, name)) {
            found = value;
            ++*count;
        }
    }
    return found;
}

static void assert_field(const char *name, const char *value)
{
    size_t count;
    struct span found = field(name, &count);
    assert_int_equal(count, 1);
    assert_int_equal(found.len, strlen(value));
    assert_memory_equal(found.data, value, found.len);
}

static void assert_no_field(const char *name)
{
    size_t count;
    (void)field(name, &count);
    assert_int_equal(count, 0);
}

static void values_arrive_byte_by_byte(void **state)
{
    /* Whatever is in a value, it comes back, as that field's and no other's. */
    (void)state;
    static const uint8_t every[] = {0,   1,   '\n', '=', 0x80, 0xff, '\n', 'P', 'R',
                                    'I', 'O', 'R',  'I', 'T',  'Y',  '=',  '0', '\n'};
    struct journald_entry entry = {.len = 0};
    journald_add(&entry, "MESSAGE", SPAN("plain = text"));
    journald_add(&entry, "EMPTY", SPAN(""));
    journald_add(&entry, "HOSTILE", span_of(every, sizeof(every)));
    journald_add(&entry, "LAST_1", SPAN("\n"));
    int fd = journald_connect(path);
    assert_true(fd >= 0 && journald_send(fd, &entry) && receive(journal));
    assert_field("MESSAGE", "plain = text");
    assert_field("EMPTY", "");
    assert_field("LAST_1", "\n");
    assert_no_field("PRIORITY");
    size_t count;
    struct span hostile = field("HOSTILE", &count);
    assert_int_equal(hostile.len, sizeof(every));
    assert_memory_equal(hostile.data, every, sizeof(every));
    close(fd);
}

static void the_bytes_are_the_protocols(void **state)
{
    /* The example of the protocol's page, in its way: a length is 64 bits, least significant byte first. */
    (void)state;
    static const uint8_t expected[] = "A=b\nMESSAGE\n\x07\0\0\0\0\0\0\0foo\nbar\n";
    struct journald_entry entry = {.len = 0};
    journald_add(&entry, "A", SPAN("b"));
    journald_add(&entry, "MESSAGE", SPAN("foo\nbar"));
    assert_int_equal(entry.len, sizeof(expected) - 1);
    assert_memory_equal(entry.data, expected, entry.len);
}

static void wrong_names_and_what_has_no_room_are_left_out(void **state)
{
    /* The rest of the entry is sent all the same, and never a part of a field. */
    (void)state;
    static const char *const wrong[] = {"",    "_TRANSPORT", "1A",   "a",
                                        "A B", "A=B",        "A\nB", "\xc3\x84"};
    struct journald_entry entry = {.len = 0};
    char name[JOURNALD_NAME_MAX + 2];
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        journald_add(&entry, wrong[i], SPAN("x"));
    memset(name, 'A', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    journald_add(&entry, name, SPAN("x"));
    assert_int_equal(entry.len, 0);
    journald_add(&entry, name + 1, SPAN("x"));
    assert_int_equal(entry.len, JOURNALD_NAME_MAX + 3);
    static const uint8_t large[sizeof(entry.data)];
    for (size_t len = sizeof(large) - 300; len <= sizeof(large); len++) {
        size_t before = entry.len;
        journald_add(&entry, "LARGE", span_of(large, len));
        assert_true(entry.len == before || entry.len == before + len + sizeof("LARGE=\n") - 1);
        assert_true(entry.len <= sizeof(entry.data));
    }
}

static void without_a_journal_there_is_no_descriptor(void **state)
{
    /* No socket, none that listens, a path that is too long. */
    (void)state;
    char other[256];
    assert_int_equal(journald_connect("none"), -1);
    memset(other, 'x', sizeof(other) - 1);
    other[sizeof(other) - 1] = '\0';
    assert_int_equal(journald_connect(other), -1);
}

static void an_event_is_an_entry_with_fields(void **state)
{
    /* The line as MESSAGE, its keys as fields, what the session is about where the line doesn't say it; nothing on
     * stderr. */
    (void)state;
    log_open_at("0a1b2c3d", LOG_LEVEL_INFO, path);
    log_event(LOG_LEVEL_INFO, "connect", "peer=%s mode=framed", "192.0.2.1");
    assert_true(receive(journal));
    assert_field("MESSAGE", "0a1b2c3d event=connect peer=192.0.2.1 mode=framed");
    assert_field("PRIORITY", "6");
    assert_field("SYSLOG_IDENTIFIER", program_invocation_short_name);
    assert_field("MESSAGE_ID", event_id("connect"));
    assert_field("SECMSG_SESSION", "0a1b2c3d");
    assert_field("SECMSG_EVENT", "connect");
    assert_field("SECMSG_PEER", "192.0.2.1");
    assert_field("SECMSG_MODE", "framed");
    assert_no_field("SECMSG_USER");
    log_set_peer("2001:db8::1");
    log_set_user("alice");
    log_event(LOG_LEVEL_ERROR, "made_up", "user=- why=%s odd-key=%s end=1",
              log_quote("a \"b\" c\\d\n").text, log_escape(SPAN("x y\n<0>=")).text);
    assert_true(receive(journal));
    assert_field("PRIORITY", "3");
    assert_no_field("MESSAGE_ID");
    assert_field("SECMSG_PEER", "2001:db8::1");
    assert_no_field("SECMSG_USER");
    assert_field("SECMSG_WHY", "a \\x22b\\x22 c\\x5cd\\x0a");
    assert_field("SECMSG_ODD_KEY", "x\\x20y\\x0a<0>\\x3d");
    assert_field("SECMSG_END", "1");
    assert_false(receive(reader));
}

static void a_line_that_was_cut_is_an_entry_too(void **state)
{
    /* However long a value is, and wherever that cuts the line, the entry is whole. */
    (void)state;
    char value[1200];
    log_open_at("s", LOG_LEVEL_INFO, path);
    for (size_t n = 900; n < sizeof(value); n++) {
        memset(value, n % 2 ? '\\' : 'x', n);
        value[n] = '\0';
        log_event(LOG_LEVEL_INFO, "command", "user=alice error=\"%s\"", value);
        assert_true(receive(journal));
        assert_field("SECMSG_USER", "alice");
        assert_field("SECMSG_EVENT", "command");
    }
    log_event(LOG_LEVEL_INFO, "command", "no pairs at all");
    log_event(LOG_LEVEL_INFO, "command", "%s", "");
    assert_true(receive(journal) && receive(journal));
    assert_field("MESSAGE", "s event=command");
}

static void without_the_journal_there_are_lines(void **state)
{
    /* No socket, or a journal that goes while the session lasts: a line with its priority on stderr, each time. */
    (void)state;
    log_open_at("s", LOG_LEVEL_INFO, "none");
    log_event(LOG_LEVEL_NOTICE, "close", "n=1");
    assert_true(receive(reader));
    assert_string_equal(datagram, "<5>s event=close n=1\n");
    log_open_at("s", LOG_LEVEL_INFO, path);
    log_event(LOG_LEVEL_INFO, "close", "n=2");
    assert_true(receive(journal) && !receive(reader));
    close(journal);
    journal = -1;
    for (int i = 0; i < 3; i++) {
        log_event(LOG_LEVEL_INFO, "close", "n=3");
        assert_true(receive(reader));
        assert_string_equal(datagram, "<6>s event=close n=3\n");
    }
}

static void a_journal_that_reads_nothing_holds_nobody_up(void **state)
{
    /* Its queue is full: the line goes to stderr, and what was taken before is in the queue still. */
    (void)state;
    int queued = 0;
    log_open_at("s", LOG_LEVEL_INFO, path);
    while (!receive(reader)) {
        log_event(LOG_LEVEL_INFO, "command", "n=%d", queued++);
        assert_true(queued < 100000);
    }
    for (int i = 1; i < queued; i++)
        assert_true(receive(journal));
    assert_false(receive(journal));
}

static void another_stderr_leaves_the_journal_alone(void **state)
{
    /* $JOURNAL_STREAM isn't our stderr: a line, and no entry. */
    (void)state;
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_open_at("s", LOG_LEVEL_INFO, path);
    log_event(LOG_LEVEL_INFO, "command", "n=1");
    assert_true(!receive(journal) && receive(reader));
    assert_string_equal(datagram, "s event=command n=1\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_arrive_byte_by_byte),
        TEST(the_bytes_are_the_protocols),
        TEST(wrong_names_and_what_has_no_room_are_left_out),
        TEST(without_a_journal_there_is_no_descriptor),
        TEST(an_event_is_an_entry_with_fields),
        TEST(a_line_that_was_cut_is_an_entry_too),
        TEST(without_the_journal_there_are_lines),
        TEST(a_journal_that_reads_nothing_holds_nobody_up),
        TEST(another_stderr_leaves_the_journal_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
