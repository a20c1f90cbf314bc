/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the lines that a workload wrote to what must be true of the store. */
#include "tests/crash/books.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

const struct store_quota books_quota = {.messages = 100000,
                                        .bytes = UINT64_C(1) << 40,
                                        .per_sender_percent = 100};

void books_require(bool is_good)
{
    if (!is_good)
        abort();
}

void books_option(const char *argument, const char *name, uint64_t *value)
{
    size_t n = strlen(name);
    if (strncmp(argument, name, n) == 0 && argument[n] == '=')
        *value = strtoull(argument + n + 1, NULL, 10);
}

uint64_t books_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void books_id(char id[static FIELD_ID_SIZE], uint32_t writer, uint32_t number)
{
    uint64_t seed = (uint64_t)writer << 32 | number;
    snprintf(id, FIELD_ID_SIZE, "%08" PRIx32 "%08" PRIx32 "%016" PRIx64, writer, number,
             books_random(&seed));
}

static uint32_t hex_at(const char *id, size_t at)
{
    char text[9] = "";
    memcpy(text, id + at, 8);
    return (uint32_t)strtoul(text, NULL, 16);
}

uint32_t books_writer(const char *id)
{
    return hex_at(id, 0);
}

uint32_t books_number(const char *id)
{
    return hex_at(id, 8);
}

/* Between 16 bytes and 3 KB, now and then 20 KB. */
void books_body(struct buf *body, const char *id)
{
    uint64_t seed = (uint64_t)hex_at(id, 16) << 32 | hex_at(id, 24);
    uint64_t size = books_random(&seed);
    size = 2 + (size % 16 == 0 ? 2500 : size / 16 % 400);
    buf_clear(body);
    for (uint64_t i = 0; i < size; i++) {
        uint64_t word = books_random(&seed);
        books_require(buf_append(body, &word, sizeof(word)) == ERR_OK);
    }
}

void books_set_check(struct store_account *account, uint64_t check)
{
    memset(account->check, 0, sizeof(account->check));
    memset(account->salt, 's', sizeof(account->salt));
    bytes_put_be64(account->check, check);
}

uint64_t books_check(const struct store_account *account)
{
    return bytes_get_be64(account->check);
}

void books_complain(struct books *books, const char *kind, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    printf("%s: ", kind);
    vprintf(format, values);
    printf("\n");
    va_end(values);
    books->wrong++;
}

static unsigned place_of(const struct books *books, const char *id)
{
    unsigned i = (hex_at(id, 16) ^ hex_at(id, 24)) % books->place_count;
    while (books->places[i] != 0 && strcmp(books->messages[books->places[i] - 1].id, id) != 0)
        i = (i + 1) % books->place_count;
    return i;
}

static void grow(struct books *books)
{
    books->message_size = books->message_size == 0 ? 1024 : 2 * books->message_size;
    books->place_count = 4 * books->message_size;
    books->messages = realloc(books->messages, books->message_size * sizeof(*books->messages));
    free(books->places);
    books->places = calloc(books->place_count, sizeof(*books->places));
    books_require(books->messages != NULL && books->places != NULL);
    for (unsigned i = 0; i < books->message_count; i++)
        books->places[place_of(books, books->messages[i].id)] = i + 1;
}

struct books_message *books_find(struct books *books, const char *id)
{
    if (books->place_count == 0)
        return NULL;
    unsigned place = books->places[place_of(books, id)];
    return place == 0 ? NULL : &books->messages[place - 1];
}

static unsigned user_number(struct books *books, const char *name)
{
    for (unsigned i = 0; i < books->user_count; i++) {
        if (strcmp(books->users[i].name, name) == 0)
            return i;
    }
    books_require(books->user_count < BOOKS_USERS);
    snprintf(books->users[books->user_count].name, sizeof(books->users[0].name), "%s", name);
    return books->user_count++;
}

static struct books_message *take_message(struct books *books, const char *id, unsigned user)
{
    struct books_message *m = books_find(books, id);
    if (m != NULL)
        return m;
    if (books->message_count == books->message_size)
        grow(books);
    m = &books->messages[books->message_count];
    *m = (struct books_message){.user = user};
    snprintf(m->id, sizeof(m->id), "%s", id);
    books->places[place_of(books, id)] = ++books->message_count;
    return m;
}

/* ---- reading ---- */

/* One call, from its "+" line until its "=" line. */
struct call {
    uint64_t number;
    char verb[16];
    unsigned user;
    uint64_t check;
    char ids[BOOKS_IDS][FIELD_ID_SIZE];
    unsigned id_count;
    bool was_deleted; /* perhaps, by an earlier call */
};

#define CALLS 64 /* in flight at once */

struct reading {
    struct books *books;
    struct call calls[CALLS];
    uint64_t group;
    uint64_t last_number;
    bool is_known; /* results still count */
};

/* What brings something of that name into being. */
static bool is_making(const struct call *call)
{
    return strcmp(call->verb, "register") == 0 || strcmp(call->verb, "invite") == 0;
}

static void begin(struct reading *r, struct call *call)
{
    struct books_user *user = &r->books->users[call->user];
    r->group++;
    for (unsigned i = 0; i < call->id_count; i++) {
        struct books_message *m = take_message(r->books, call->ids[i], call->user);
        if (*call->verb == 'p' && m->put != TOLD_OK) {
            m->put = TOLD_MAYBE;
            m->puts++;
        }
        if (*call->verb == 'a' && m->ack != TOLD_OK) {
            m->ack = TOLD_MAYBE;
            m->ack_group = r->group;
            m->acks++;
        }
    }
    if (is_making(call) && user->made != TOLD_OK)
        user->made = TOLD_MAYBE;
    call->was_deleted = user->deleted != TOLD_NOTHING;
    if (strcmp(call->verb, "delete") == 0 && user->deleted != TOLD_OK)
        user->deleted = TOLD_MAYBE;
    if (call->check != 0 && user->check_count < BOOKS_CHECKS)
        user->checks[user->check_count++] = call->check;
    else if (call->check != 0)
        user->has_more = true;
}

static void settle_messages(struct reading *r, const struct call *call, enum told told)
{
    for (unsigned i = 0; i < call->id_count; i++) {
        struct books_message *m = take_message(r->books, call->ids[i], call->user);
        if (*call->verb == 'p' && told == TOLD_OK)
            m->put = TOLD_OK;
        if (*call->verb == 'p' && told == TOLD_NO && m->put == TOLD_MAYBE && --m->puts == 0)
            m->put = TOLD_NO;
        if (*call->verb == 'a' && told == TOLD_OK && m->ack != TOLD_OK) {
            m->ack = TOLD_OK;
            m->ack_call = r->books->calls_before + call->number;
        }
        if (*call->verb == 'a' && told == TOLD_NO && m->ack == TOLD_MAYBE && --m->acks == 0)
            m->ack = TOLD_NOTHING;
    }
}

static void settle(struct reading *r, const struct call *call, enum told told)
{
    struct books_user *user = &r->books->users[call->user];
    settle_messages(r, call, told);
    if (is_making(call) && user->made != TOLD_OK)
        user->made = told == TOLD_NO ? TOLD_NOTHING : told;
    if (strcmp(call->verb, "delete") == 0 && !call->was_deleted)
        user->deleted = told == TOLD_NO ? TOLD_NOTHING : told;
    for (unsigned i = 0; call->check != 0 && i < user->check_count; i++) {
        if (user->checks[i] != call->check)
            continue;
        unsigned from =
            told == TOLD_OK ? i : i + 1; /* what came before it is over, or it never was */
        unsigned to = told == TOLD_OK ? 0 : i;
        memmove(user->checks + to, user->checks + from,
                (user->check_count - from) * sizeof(user->checks[0]));
        user->check_count -= from - to;
        return;
    }
}

static void read_begin(struct reading *r, char *text)
{
    char *rest = NULL;
    struct call call = {.number = strtoull(strsep(&text, " "), &rest, 10)};
    if (call.number == 1) /* another process */
        r->books->calls_before += r->last_number;
    r->last_number = call.number;
    snprintf(call.verb, sizeof(call.verb), "%s", text == NULL ? "" : strsep(&text, " "));
    books_require(text != NULL);
    call.user = user_number(r->books, strsep(&text, " "));
    bool has_ids = *call.verb == 'a' || strcmp(call.verb, "put") == 0;
    while (text != NULL && has_ids && call.id_count < BOOKS_IDS)
        snprintf(call.ids[call.id_count++], FIELD_ID_SIZE, "%s", strsep(&text, " "));
    if (text != NULL)
        call.check = strtoull(text, NULL, 16);
    begin(r, &call);
    r->calls[call.number % CALLS] = call;
}

static void read_end(struct reading *r, const char *text)
{
    char *rest = NULL;
    uint64_t number = strtoull(text, &rest, 10);
    struct call *call = &r->calls[number % CALLS];
    if (!r->is_known || call->number != number || strcmp(rest, " unknown") == 0)
        return;
    settle(r, call, strcmp(rest, " ok") == 0 ? TOLD_OK : TOLD_NO);
}

static void read_given(struct reading *r, char *text)
{
    uint64_t calls = strtoull(strsep(&text, " "), NULL, 10);
    const char *user = strsep(&text, " ");
    books_require(text != NULL);
    struct books_message *m = take_message(r->books, text, user_number(r->books, user));
    if (m->ack == TOLD_OK && m->ack_call <= r->books->calls_before + calls)
        books_complain(r->books, "back", "%s was given %s again", user, text);
    m->is_given = true;
}

static void read_line(struct reading *r, char *line)
{
    if (*line == '!')
        books_complain(r->books, "live", "%s", line + 1);
    else if (*line == '+')
        read_begin(r, line + 2);
    else if (*line == '=')
        read_end(r, line + 2);
    else if (*line == 'g' && r->is_known)
        read_given(r, line + 2);
}

void books_read(struct books *books, const char *path, uint64_t known)
{
    static char line[8192];
    struct reading *r = calloc(1, sizeof(*r));
    FILE *file = fopen(path, "r");
    uint64_t at = 0;
    books_require(file != NULL && r != NULL);
    r->books = books;
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t n = strlen(line);
        at += n;
        if (line[n - 1] != '\n')
            break; /* killed in the middle of a word */
        line[n - 1] = '\0';
        r->is_known = known == 0 || at <= known;
        read_line(r, line);
    }
    books->calls_before += r->last_number;
    fclose(file);
    free(r);
}

void books_close(struct books *books)
{
    for (unsigned i = 0; i < books->message_count; i++) {
        struct books_message *m = &books->messages[i];
        if (m->is_given && (m->put == TOLD_NOTHING || m->put == TOLD_NO))
            books_complain(books, "ghost", "%s was given %s", books->users[m->user].name, m->id);
        if (m->is_given)
            m->put = TOLD_OK;
    }
}

void books_free(struct books *books)
{
    free(books->messages);
    free(books->places);
}
