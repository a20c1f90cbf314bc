/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server that answers as it likes, over a connection that is sound: what the client says of a message is true by the
 * keys that it knows, no key is taken over that isn't the user's, and nothing on stdout drives a terminal.
 *
 * The user is bob, who has pinned nobody. The input is the answers, and then the words that ask. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "client/authenticate.h"
#include "client/identify.h"
#include "client/pins.h"
#include "client/reading.h"
#include "client/words.h"
#include "crypto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"
#include "tests/fuzz/steady.h"

#define ANSWERS 12
#define PLAIN   ((size_t)1 << 20)

static const uint8_t salt[STRETCH_SALT_LEN] = {6};
static struct buf vault; /* bob's, under his password */
static char home[200], account[220], password[220];

void fuzz_start(void)
{
    uint8_t root[STRETCH_ROOT_LEN], key[FERNET_KEY_LEN];
    people_meet();
    struct vault bobs = {.sign = bob.sign, .seal = bob.seal, .archive = {1}};
    FUZZ_OK(stretch_root(root, SPAN("password"), salt));
    FUZZ_OK(stretch_vault_key(key, root));
    vault = BUF_INIT(VAULT_TOKEN_MAX);
    FUZZ_OK(vault_seal(&vault, &bobs, key, 0));
    snprintf(home, sizeof(home), "%s/home", fuzz_directory());
    snprintf(account, sizeof(account), "%s/account", home);
    snprintf(password, sizeof(password), "%s/password", fuzz_directory());
    fuzz_write_file(password, SPAN("password"));
    FUZZ_HOLDS(mkdir(home, 0700) == 0);
}

/* Answers that the fuzzer needn't find. */
static void add_known(struct buf *plain, uint8_t kind)
{
    char text[25];
    switch (kind) {
    case 1:
        base64url_encode_text(text, sizeof(text), span_of(salt, sizeof(salt)));
        FUZZ_OK(buf_printf(plain, "OK %s", text));
        break;
    case 2:
        FUZZ_OK(buf_append_str(plain, "OK 1\nvault: "));
        FUZZ_OK(buf_append_span(plain, buf_span(&vault)));
        FUZZ_OK(buf_append_str(plain, "\n"));
        break;
    case 3:
    case 4:
        FUZZ_OK(buf_append_str(plain, "OK\n"));
        FUZZ_OK(buf_append_span(plain, buf_span(kind == 3 ? &bob.text : &alice.text)));
        break;
    case 5: {
        struct envelope envelope;
        FUZZ_OK(envelope_parse(&envelope, buf_span(&people_envelope)));
        FUZZ_OK(buf_printf(plain, "MESSAGE %.*s alice 1800000000 signed 0\n", (int)envelope.id.len,
                           (const char *)envelope.id.data));
        FUZZ_OK(buf_append_span(plain, buf_span(&people_envelope)));
        break;
    }
    case 6:
        FUZZ_OK(buf_append_str(plain, "EMPTY"));
        break;
    default:
        FUZZ_OK(buf_append_str(plain, "OK 1"));
    }
}

static void add_answers(struct buf *lines, struct frame_end *end, struct span *in)
{
    for (unsigned n = fuzz_take_byte(in) % ANSWERS; n > 0; n--) {
        struct buf plain = BUF_INIT(PLAIN);
        uint8_t kind = fuzz_take_byte(in) % 12;
        if (kind > 0 && kind < 8)
            add_known(&plain, kind);
        else
            FUZZ_OK(buf_append_span(&plain, fuzz_take_some(in)));
        FUZZ_OK(frame_seal(lines, end, 0, buf_span(&plain)));
        buf_free(&plain);
    }
}

/* As after a handshake with a server whose keys are known. */
static void connect_to(struct session *s, int from, int to)
{
    struct connection *c = &s->connection;
    *c = (struct connection){.transport = TRANSPORT_INIT,
                             .max_line = CONNECTION_LINE_MAX,
                             .step_ms = 1000,
                             .plain = BUF_INIT(CONNECTION_LINE_MAX),
                             .is_open = true};
    c->transport.in = from;
    c->transport.out = to;
    FUZZ_OK(stream_open(&c->stream, from, to, 2 * CONNECTION_LINE_MAX));
    c->keys = (struct hello_keys){.client = {.mac = {1}}, .server = {.mac = {2}}};
    s->has_host_key = true;
    s->is_host_pinned = true;
}

static void begin(struct session *s, const struct options *options)
{
    FUZZ_HOLDS(session_open(s, options) == STATUS_OK);
    FUZZ_HOLDS(mkdir(account, 0700) == 0);
    s->account.dir = open(account, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(s->account.path, sizeof(s->account.path), "%s", account);
    snprintf(s->user, sizeof(s->user), "bob");
    s->max_message = 1 << 20;
}

/* Logged in, as the login that was asked for leaves it. */
static void be_logged_in(struct session *s)
{
    uint8_t root[STRETCH_ROOT_LEN];
    FUZZ_OK(stretch_root(root, SPAN("password"), salt));
    FUZZ_OK(keyring_set(&s->ring, salt, buf_span(&bob.text), buf_span(&vault)));
    FUZZ_OK(keyring_unlock_root(&s->ring, root));
    s->is_logged_in = true;
}

static void read_one(struct session *s)
{
    struct received received;
    struct inspected inspected;
    bool is_empty;
    enum status status = received_next(s, &received, &is_empty);
    if (status == STATUS_OK && !is_empty) {
        FUZZ_HOLDS(field_is_id(span_str(received.id)) && field_is_user(span_str(received.sender)));
        inspect_message(s, &received, &inspected);
        bool is_hers = span_equal(buf_span(&received.body), buf_span(&people_envelope));
        FUZZ_HOLDS(inspected.verdict != VERDICT_GOOD || is_hers);
        FUZZ_HOLDS(inspected.verdict != VERDICT_BAD || inspected.reason != NULL);
        FUZZ_HOLDS(inspected.verdict != VERDICT_UNSIGNED || !received.is_signed);
        inspect_free(&inspected);
    }
    received_free(&received);
}

static void read_all(struct session *s)
{
    struct reading r;
    bool is_last = false;
    enum status status = reading_open(&r, s, reading_show);
    for (unsigned n = 0; status == STATUS_OK && !is_last && n < ANSWERS; n++)
        status = reading_next(&r, &is_last);
    reading_close(&r);
}

static void ask(struct session *s, uint8_t word)
{
    static char inbox[] = "inbox";
    char *argv[] = {inbox, NULL};
    struct identify_answer who = {.text = BUF_INIT(IDENTITY_MAX)};
    uint64_t count;
    switch (word % 8) {
    case 0:
        read_one(s);
        break;
    case 1:
        (void)!received_wait(s, 0, &count);
        break;
    case 2:
        if (identify_ask(s, "alice", &who) == STATUS_OK && who.kind == IDENTIFY_PRESENT)
            FUZZ_HOLDS(strcmp(who.identity.fingerprint, alice.identity.fingerprint) == 0);
        identify_free(&who);
        break;
    case 3:
        (void)!session_learn_limits(s);
        break;
    case 4:
        s->options.is_json = word & 8;
        (void)!inbox_main(s, 1, argv);
        break;
    case 5:
        read_all(s);
        break;
    default:
        (void)!connection_is_alive(&s->connection);
    }
}

static void log_in(struct session *s)
{
    if (authenticate_asking(s) != STATUS_OK)
        return;
    FUZZ_HOLDS(s->is_logged_in && s->ring.is_unlocked);
    FUZZ_HOLDS(strcmp(s->ring.self.fingerprint, bob.identity.fingerprint) == 0);
}

/* Nothing is pinned but who is who they say. */
static void check_pins(void)
{
    struct identity pinned;
    int dir = open(account, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = pins_find_identity(dir, "alice", &pinned);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_NOT_FOUND);
    FUZZ_HOLDS(e != ERR_OK || strcmp(pinned.fingerprint, alice.identity.fingerprint) == 0);
    e = pins_find_identity(dir, "bob", &pinned);
    FUZZ_HOLDS(e != ERR_OK || strcmp(pinned.fingerprint, bob.identity.fingerprint) == 0);
    close(dir);
}

static void check_output(int fd)
{
    static uint8_t block[65536];
    FUZZ_HOLDS(lseek(fd, 0, SEEK_SET) == 0);
    for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0;)
        for (ssize_t i = 0; i < n; i++)
            FUZZ_HOLDS((block[i] >= 0x20 && block[i] != 0x7f) || block[i] == '\n');
}

void fuzz_one(struct span in)
{
    static struct session s;
    struct options options;
    struct buf lines = BUF_INIT(64 << 20);
    struct frame_end end = {.mac = {2}};
    int out = fuzz_memory_file(SPAN(""));
    steady_begin();
    options_defaults(&options);
    options.home = home;
    options.server = "127.0.0.1:1"; /* nobody is there */
    options.password_file = password;
    options.timeout_ms = 1000;
    FUZZ_HOLDS(dup2(out, STDOUT_FILENO) == STDOUT_FILENO);
    add_answers(&lines, &end, &in);
    begin(&s, &options);
    connect_to(&s, fuzz_memory_file(buf_span(&lines)), open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (fuzz_take_byte(&in) % 4 == 0)
        log_in(&s);
    else
        be_logged_in(&s);
    for (unsigned n = 0; in.len > 0 && s.is_logged_in && s.connection.is_open && n < ANSWERS; n++)
        ask(&s, fuzz_take_byte(&in));
    session_close(&s);
    fflush(stdout);
    check_output(out);
    check_pins();
    close(out);
    buf_free(&lines);
    fuzz_empty_directory(home);
}
