/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ping.c: the word `ping`: one question and one answer. */
#include "words.h"

#include <stdio.h>
#include <time.h>

#include "json.h"
#include "say.h"

#include "base/banned.h"

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static enum status print_json(const struct session *s, const char *host, double took)
{
    struct json json;
    json_begin(&json);
    json_add_text(&json, "server", buf_span(&s->server));
    json_add_string(&json, "host_key", host);
    json_add_real(&json, "ms", took);
    return json_print(&json);
}

enum status ping_main(struct session *s, int argc, char *argv[])
{
    struct question question = {.verb = VERB_PING};
    struct answer answer;
    char host[FINGERPRINT_SIZE];
    (void)argc;
    (void)argv;
    enum status status = session_connect(s);
    double start = now_ms();
    if (status == STATUS_OK)
        status = session_ask(s, &question, &answer);
    if (status != STATUS_OK)
        return status;
    if (answer.kind != ANSWER_OK)
        return say_nonsense("PING");
    double took = now_ms() - start;
    struct visible_value server = session_server(s);
    hash_fingerprint(host, span_of(s->host_key, HOST_KEY_LEN));
    if (s->options.is_json)
        return print_json(s, host, took);
    (void)printf("%s answered in %.1f ms.\nhost key: %s\n", server.text, took, host);
    return STATUS_OK;
}
