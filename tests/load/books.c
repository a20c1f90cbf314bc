/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The books of a load: one page for each message, checked at each entry. */
#include "tests/load/books.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "crypto/random.h"

#include "base/banned.h"

#define SHOWN 20 /* complaints: the rest is counted */

void books_open(struct books *books, size_t routes)
{
    *books =
        (struct books){.routes = calloc(routes, sizeof(*books->routes)), .route_count = routes};
    if (!books->routes)
        abort();
    for (size_t i = 0; i < routes; i++)
        books->routes[i].latest = -1;
}

void books_close(struct books *books)
{
    for (size_t i = 0; i < books->route_count; i++)
        free(books->routes[i].messages);
    free(books->routes);
}

void books_wrong(struct books *books, const char *format, ...)
{
    va_list values;
    if (books->wrong++ >= SHOWN)
        return;
    va_start(values, format);
    printf("wrong: ");
    vprintf(format, values);
    printf("\n");
    va_end(values);
}

/* ---- ids ---- */

static uint64_t hex_at(const char *id, size_t at, size_t n)
{
    char text[17] = "";
    memcpy(text, id + at, n);
    return strtoull(text, NULL, 16);
}

static size_t route_of(const char *id)
{
    return (size_t)hex_at(id, 0, 8);
}

static uint32_t number_of(const char *id)
{
    return (uint32_t)hex_at(id, 8, 8);
}

void books_write(struct books *books, size_t route, char id[static FIELD_ID_SIZE])
{
    struct route *r = &books->routes[route];
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 16 : 2 * r->cap;
        r->messages = realloc(r->messages, r->cap * sizeof(*r->messages));
        if (!r->messages)
            abort();
    }
    struct books_message *m = &r->messages[r->count];
    *m = (struct books_message){.is_sent = false};
    random_bytes(m->tail, sizeof(m->tail));
    snprintf(id, FIELD_ID_SIZE, "%08zx%08" PRIx32 "%016" PRIx64, route, r->count,
             bytes_get_be64(m->tail));
    r->count++;
    books->written++;
}

/* The page of an id; NULL if nobody wrote such a message. */
static struct books_message *find(const struct books *books, const char *id)
{
    size_t route = route_of(id);
    uint32_t number = number_of(id);
    if (route >= books->route_count || number >= books->routes[route].count)
        return NULL;
    struct books_message *m = &books->routes[route].messages[number];
    return bytes_get_be64(m->tail) == hex_at(id, 16, 16) ? m : NULL;
}

/* ---- senders ---- */

void books_send(struct books *books, const char *id, struct span envelope)
{
    struct books_message *m = find(books, id);
    hash_sha256(m->hash, SPANS(envelope));
    books->sent += !m->is_sent;
    m->is_sent = true;
}

void books_accept(struct books *books, const char *id, bool is_duplicate)
{
    struct books_message *m = find(books, id);
    if (m->is_accepted && !is_duplicate)
        books_wrong(books, "%s was accepted, and then stored a second time", id);
    books->accepted += !m->is_accepted;
    books->repeated += is_duplicate;
    m->is_accepted = true;
}

/* ---- readers ---- */

void books_restart(struct books *books, size_t route)
{
    books->routes[route].latest = -1;
}

/* In a session each route's messages come in order, and none is left out that wasn't removed. */
static void check_order(struct books *books, struct route *r, const char *id)
{
    int64_t number = number_of(id);
    if (number <= r->latest)
        books_wrong(books, "%s came behind a later one of its sender, or twice in a session", id);
    for (int64_t i = r->latest + 1; i < number; i++)
        if (!r->messages[i].is_ack_sent)
            books_wrong(books, "%s came, but number %" PRId64 " before it is left out", id, i);
    r->latest = number > r->latest ? number : r->latest;
}

static void check_message(struct books *books, const struct books_message *m, const char *id,
                          struct span envelope)
{
    uint8_t hash[HASH_LEN];
    hash_sha256(hash, SPANS(envelope));
    if (!m->is_sent)
        books_wrong(books, "%s came, and was never sent", id);
    if (memcmp(hash, m->hash, HASH_LEN) != 0)
        books_wrong(books, "%s came with other bytes than were sent", id);
    if (m->is_removed)
        books_wrong(books, "%s came again, though its removal was confirmed", id);
}

void books_give(struct books *books, size_t first, size_t n, struct span id_text,
                struct span envelope)
{
    char id[FIELD_ID_SIZE];
    struct books_message *m = NULL;
    if (span_to_text(id_text, id, sizeof(id)) && field_is_id(id_text))
        m = find(books, id);
    if (!m || route_of(id) < first || route_of(id) >= first + n) {
        books_wrong(books, "a message that nobody wrote to this mailbox came");
        return;
    }
    struct route *r = &books->routes[route_of(id)];
    check_message(books, m, id, envelope);
    check_order(books, r, id);
    books->given += !m->is_given;
    books->given_again += m->is_given;
    m->is_given = true;
    while (r->next < r->count && r->messages[r->next].is_given)
        r->next++;
}

void books_send_ack(struct books *books, const char *id)
{
    find(books, id)->is_ack_sent = true;
}

void books_remove(struct books *books, const char *id)
{
    struct books_message *m = find(books, id);
    books->removed += !m->is_removed;
    m->is_removed = true;
}

/* ---- balancing ---- */

bool books_is_accepted(const struct books *books)
{
    return books->accepted == books->written;
}

bool books_is_given(const struct books *books, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        if (books->routes[i].next != books->routes[i].count)
            return false;
    return true;
}

void books_balance(struct books *books)
{
    for (size_t i = 0; i < books->route_count; i++)
        for (uint32_t k = 0; k < books->routes[i].count; k++) {
            const struct books_message *m = &books->routes[i].messages[k];
            if (!m->is_accepted || !m->is_given || !m->is_ack_sent)
                books_wrong(books, "route %zu, message %" PRIu32 ": %s", i, k,
                            !m->is_accepted ? "never accepted"
                            : !m->is_given  ? "accepted, and never given"
                                            : "given, and never acknowledged");
        }
}
