/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain mode, and a framed session that begins with anything: the input is what the peer sends, from its first byte
 * on. What comes back is lines of their form, and not more answers than questions. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handler/session.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/steady.h"

static char root[200];
static struct settings settings =
    {.hello_timeout = 10,
     .login_timeout = 10,
     .idle_timeout = 600,
     .max_message = 4096,
     .quota = {.messages = 4, .bytes = 4096, .per_sender_percent = 75, .retention_days = 1},
     .guard = {.connections = GUARD_CONNECTIONS}};
static struct guard guard; /* of local connections: nothing is braked */

void fuzz_start(void)
{
    snprintf(root, sizeof(root), "%s/store", fuzz_directory());
    FUZZ_HOLDS(mkdir(root, 0700) == 0);
    FUZZ_OK(guard_open(&guard, fuzz_directory(), &settings.guard));
}

static struct buf run(struct store *store, struct span in)
{
    struct session session = {.settings = &settings,
                              .store = store,
                              .guard = &guard,
                              .stop_fd = -1};
    struct buf out = BUF_INIT(64 << 20);
    uint8_t block[4096];
    int from = fuzz_memory_file(in), to = fuzz_memory_file(SPAN(""));
    FUZZ_HOLDS(dup2(from, STDIN_FILENO) == STDIN_FILENO &&
               dup2(to, STDOUT_FILENO) == STDOUT_FILENO);
    session_run(&session);
    store_maintain(store);
    FUZZ_HOLDS(lseek(to, 0, SEEK_SET) == 0);
    for (ssize_t n; (n = read(to, block, sizeof(block))) > 0;)
        FUZZ_OK(buf_append(&out, block, (size_t)n));
    close(from);
    close(to);
    return out;
}

static struct span take_line(struct span *out)
{
    const uint8_t *end = memchr(out->data, '\n', out->len);
    FUZZ_HOLDS(end != NULL);
    struct span line = fuzz_take(out, (size_t)(end - out->data));
    fuzz_take_byte(out);
    return line;
}

static bool begins(struct span line, const char *word)
{
    return line.len >= strlen(word) && memcmp(line.data, word, strlen(word)) == 0;
}

/* Bodies end with a dot; of what they hold no line is one. */
static void skip_body(struct span *out)
{
    while (!span_is(take_line(out), "."))
        ;
}

static size_t check_answers(struct span out, size_t lines)
{
    size_t n = 0;
    while (out.len > 0) {
        struct span head = take_line(&out);
        FUZZ_HOLDS(fuzz_is_printable(head));
        FUZZ_HOLDS(begins(head, "OK") || begins(head, "MESSAGE ") || begins(head, "ERR ") ||
                   span_is(head, "EMPTY") || span_is(head, "BYE"));
        /* INFO, LIST: their bodies follow; nobody else's head is followed by a line of another form. */
        bool has_body =
            begins(head, "MESSAGE ") ||
            (begins(head, "OK") && out.len > 0 && !begins(out, "OK") && !begins(out, "MESSAGE ") &&
             !begins(out, "ERR ") && !begins(out, "EMPTY\n") && !begins(out, "BYE\n"));
        if (has_body)
            skip_body(&out);
        FUZZ_HOLDS(++n <= lines + 1);
    }
    return n;
}

void fuzz_one(struct span in)
{
    char message[512];
    struct store *store = NULL;
    size_t lines = 0;
    steady_begin();
    steady_set_draw(1);
    settings.is_plain = fuzz_take_byte(&in) % 4 != 0;
    for (size_t i = 0; i < in.len; i++)
        lines += in.data[i] == '\n';
    FUZZ_OK(store_open(&store, root, &settings.quota, message, sizeof(message)));
    struct buf out = run(store, in);
    store_close(store);
    if (settings.is_plain)
        check_answers(buf_span(&out), lines);
    else
        FUZZ_HOLDS(begins(buf_span(&out), "SECMSG 1 ") || begins(buf_span(&out), "ERR ") ||
                   out.len == 0);
    buf_free(&out);
    fuzz_empty_directory(root);
}
