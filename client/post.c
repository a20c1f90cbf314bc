/* SPDX-License-Identifier: GPL-3.0-or-later */
/* post.c: empties the outbox. A message leaves it only after the server has it and the archive too; whoever
 * is killed before that repeats the very same, which both take once. */
#include "post.h"

#include <inttypes.h>
#include <string.h>

#include "archive.h"
#include "authenticate.h"
#include "base/clock.h"
#include "deliver.h"
#include "outbox.h"
#include "result.h"
#include "say.h"

#include "base/banned.h"

#define NUMBERS_MAX (OUTBOX_MOST * sizeof(uint64_t))
#define NAMES_MAX   (OUTBOX_MOST * (size_t)FIELD_USER_SIZE)
#define MINE_MAX    (OUTBOX_MOST * sizeof(struct mine))

/* A message that this run is asked for. */
struct mine {
    uint64_t number;
    char id[FIELD_ID_SIZE];
    char to[FIELD_USER_SIZE];
    bool is_noted; /* how that went */
};

struct run {
    struct session *session;
    struct outbox outbox;
    struct buf mine;    /* of struct mine */
    bool is_flush;      /* all are */
    bool wants_json;    /* a line on stdout for each */
    struct buf blocked; /* names of FIELD_USER_SIZE, of recipients whose earlier message waits */
    uint64_t sent;      /* of those that were asked for */
    enum status failed; /* the first status of those that weren't sent */
    bool is_over;       /* there is no server any more */
    bool has_unkept;    /* one of those isn't in the outbox, and the server doesn't have it */
};

static void count_result(struct run *run, enum status status)
{
    if (status == STATUS_OK)
        run->sent++;
    else if (run->failed == STATUS_OK)
        run->failed = status;
}

static void note_result(struct run *run, const char *to, const char *id, enum status status)
{
    for (size_t at = 0; at < run->mine.len; at += sizeof(struct mine)) {
        struct mine *mine = (void *)(run->mine.data + at);
        mine->is_noted = mine->is_noted || strcmp(mine->id, id) == 0;
    }
    if (run->wants_json)
        result_print(to, id, status);
    count_result(run, status);
}

/* Those that weren't come to. */
static void print_others(const struct run *run, enum status status)
{
    for (size_t at = 0; run->wants_json && at < run->mine.len; at += sizeof(struct mine)) {
        const struct mine *mine = (const void *)(run->mine.data + at);
        if (!mine->is_noted)
            result_print(mine->to, mine->id, status == STATUS_PARTIAL ? STATUS_WAITING : status);
    }
}

static enum status sum_up(const struct run *run)
{
    return run->sent > 0 && run->failed != STATUS_OK ? STATUS_PARTIAL : run->failed;
}

/* NULL if this run wasn't asked for it. */
static struct mine *find_mine(const struct run *run, uint64_t number)
{
    for (size_t at = 0; at < run->mine.len; at += sizeof(struct mine)) {
        struct mine *mine = (void *)(run->mine.data + at);
        if (mine->number == number)
            return mine;
    }
    return NULL;
}

static bool is_blocked(const struct run *run, const char *to)
{
    for (size_t at = 0; at < run->blocked.len; at += FIELD_USER_SIZE) {
        if (strcmp((const char *)run->blocked.data + at, to) == 0)
            return true;
    }
    return false;
}

static void block(struct run *run, const char *to)
{
    char name[FIELD_USER_SIZE] = "";
    memcpy(name, to, strlen(to) + 1);
    if (buf_append(&run->blocked, name, sizeof(name)) != ERR_OK)
        run->is_over = true;
}

/* Nobody is there, or not now: that is the outbox's everyday. */
static enum status status_of_absence(enum status status)
{
    bool is_away =
        status == STATUS_UNAVAILABLE || status == STATUS_NO_HOST || status == STATUS_TEMPORARY;
    return is_away ? STATUS_WAITING : status;
}

/* What can never be sent as it is, and still lies where it came from, isn't kept. */
static bool is_hopeless(const struct run *run, const struct outbox_item *item, enum status status)
{
    return status == STATUS_DATA && !run->is_flush && item->sealed == 0;
}

static void deliver(struct run *run, struct outbox_item *item, bool is_mine)
{
    struct session *s = run->session;
    enum status status = authenticate_session(s);
    if (status != STATUS_OK) {
        run->is_over = true;
        if (is_mine)
            note_result(run, item->record.peer, item->record.id, status_of_absence(status));
        return;
    }
    status = deliver_item(s, &run->outbox, item);
    /* A server that had its id already has made it another. */
    struct mine *mine = is_mine ? find_mine(run, item->number) : NULL;
    if (mine != NULL)
        memcpy(mine->id, item->record.id, sizeof(mine->id));
    if (is_mine && is_hopeless(run, item, status)) {
        enum err err = outbox_remove(&run->outbox, item->number);
        if (err != ERR_OK)
            (void)say_failure(err, "can't remove it from the outbox");
        run->has_unkept = true;
    } else if (status == STATUS_DATA) {
        result_say_stuck(item);
    } else if (status != STATUS_OK) {
        block(run, item->record.peer);
        result_say_waiting(item, is_mine, run->is_over);
    }
    if (is_mine)
        note_result(run, item->record.peer, item->record.id, status);
    run->is_over = run->is_over || transport_was_broken();
}

/* Another client sent it, or dropped it, while this one waited for the lock. */
static void look_for(struct run *run, const struct mine *mine)
{
    struct archive archive;
    struct archive_entry entry;
    bool is_sent = false;
    enum err err = archive_open(&archive, run->outbox.account, run->outbox.key);
    if (err == ERR_OK)
        archive_rewind(&archive, mine->id);
    while (err == ERR_OK && !is_sent) {
        err = archive_next(&archive, &entry);
        is_sent = err == ERR_OK && entry.record.kind == RECORD_SENT;
    }
    archive_close(&archive);
    say(is_sent ? "sent to %s: message %s." : "the message to %s was dropped: %s.", mine->to,
        mine->id);
    note_result(run, mine->to, mine->id, is_sent ? STATUS_OK : STATUS_TEMPORARY);
}

static void take(struct run *run, uint64_t number)
{
    struct outbox_item item;
    const struct mine *mine = find_mine(run, number);
    outbox_item_init(&item);
    enum err err = outbox_load(&run->outbox, number, &item);
    bool is_mine = run->is_flush || (mine != NULL && strcmp(mine->id, item.record.id) == 0);
    if (err == ERR_OK && mine != NULL && !is_mine)
        look_for(run, mine);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        enum status status = say_failure(err, "a message in the outbox can't be opened");
        say("It stays there, as outbox/%012" PRIu64 " in the account's directory.", number);
        if (run->is_flush || mine != NULL)
            note_result(run, mine != NULL ? mine->to : "", mine != NULL ? mine->id : "", status);
    } else if (err == ERR_OK && is_blocked(run, item.record.peer)) {
        if (is_mine) {
            say("The message to %s waits in the outbox behind an earlier one.", item.record.peer);
            note_result(run, item.record.peer, item.record.id, STATUS_WAITING);
        }
    } else if (err == ERR_OK) {
        deliver(run, &item, is_mine);
    }
    outbox_item_free(&item);
}

static uint64_t number_at(const struct buf *numbers, size_t i)
{
    uint64_t number;
    memcpy(&number, numbers->data + i * sizeof(number), sizeof(number));
    return number;
}

/* Those that this run was asked for and that are gone already. */
static void look_for_missing(struct run *run, const struct buf *numbers)
{
    for (size_t at = 0; at < run->mine.len; at += sizeof(struct mine)) {
        const struct mine *mine = (const void *)(run->mine.data + at);
        bool is_there = false;
        for (size_t i = 0; i < numbers->len / sizeof(uint64_t); i++)
            is_there = is_there || number_at(numbers, i) == mine->number;
        if (!is_there)
            look_for(run, mine);
    }
}

static enum err count_waiting(const struct run *run, size_t *count)
{
    struct buf numbers = BUF_INIT(NUMBERS_MAX);
    enum err err = outbox_list(&run->outbox, &numbers);
    *count = numbers.len / sizeof(uint64_t);
    buf_free(&numbers);
    return err;
}

static void send_all(struct run *run, const struct buf *numbers)
{
    size_t n = numbers->len / sizeof(uint64_t), i = 0, left = 0;
    for (; i < n && !run->is_over; i++)
        take(run, number_at(numbers, i));
    if (!run->is_over)
        return;
    if (run->is_flush && run->wants_json)
        result_print_waiting(&run->outbox, numbers, i, STATUS_WAITING);
    for (; i < n; i++) {
        if (run->is_flush || find_mine(run, number_at(numbers, i)) != NULL)
            count_result(run, STATUS_WAITING);
    }
    if (count_waiting(run, &left) == ERR_OK)
        result_say_away(left);
}

static enum status send_locked(struct run *run)
{
    struct buf numbers = BUF_INIT(NUMBERS_MAX);
    enum err err = outbox_list(&run->outbox, &numbers);
    enum status status = err == ERR_OK ? STATUS_OK : say_failure(err, "can't look into the outbox");
    if (status == STATUS_OK && numbers.len > 0) {
        status = status_of_absence(authenticate_session(run->session));
        if (status != STATUS_OK && run->is_flush && run->wants_json)
            result_print_waiting(&run->outbox, &numbers, 0, status);
        if (status != STATUS_OK)
            result_say_away(numbers.len / sizeof(uint64_t));
    }
    if (status == STATUS_OK) {
        look_for_missing(run, &numbers);
        send_all(run, &numbers);
        status = sum_up(run);
    }
    buf_free(&numbers);
    return status;
}

static enum status send_waiting(struct run *run)
{
    int lock = -1;
    uint64_t wait = run->session->options.timeout_ms;
    enum err err = home_lock(run->outbox.account, HOME_SEND_LOCK,
                             wait > HOME_LOCK_MS ? wait : HOME_LOCK_MS, &lock);
    if (err != ERR_OK) {
        enum status status = say_failure(err, "can't send what is in the outbox now");
        return err == ERR_BUSY ? STATUS_WAITING : status;
    }
    enum status status = send_locked(run);
    home_unlock(lock);
    return status;
}

/* The others get theirs all the same: what is in the outbox by now goes out sooner or later. */
static void note_unkept(struct run *run, const struct mine *mine, enum err err)
{
    enum status status = say_failure(err, "can't keep a message in the outbox");
    say("It wasn't sent to %s.", mine->to);
    run->has_unkept = true;
    note_result(run, mine->to, mine->id, status);
}

static void add(struct run *run, const struct letter *letter, const char *to)
{
    struct outbox_item item;
    struct mine mine = {.number = 0};
    outbox_item_init(&item);
    item.record.kind = RECORD_WAITING;
    item.record.time = clock_wall();
    field_make_id(item.record.id);
    memcpy(item.record.peer, to, strlen(to) + 1);
    enum err err =
        span_to_text(span_str(letter->type), item.record.type, FIELD_TYPE_MAX + 1) &&
                (letter->name == NULL ||
                 span_to_text(span_str(letter->name), item.record.name, FIELD_NAME_MAX + 1))
            ? ERR_OK
            : ERR_MALFORMED;
    if (err == ERR_OK)
        err = buf_append_span(&item.data, letter->data);
    if (err == ERR_OK)
        err = buf_reserve(&run->mine, sizeof(mine));
    if (err == ERR_OK)
        err = outbox_add(&run->outbox, &item);
    mine.number = item.number;
    memcpy(mine.id, item.record.id, sizeof(mine.id));
    memcpy(mine.to, item.record.peer, sizeof(mine.to));
    if (err == ERR_OK)
        err = buf_append(&run->mine, &mine, sizeof(mine));
    if (err != ERR_OK)
        note_unkept(run, &mine, err);
    outbox_item_free(&item);
}

static enum status begin(struct run *run, struct session *s)
{
    *run = (struct run){.session = s,
                        .wants_json = s->options.is_json,
                        .outbox = {.dir = -1, .account = -1},
                        .mine = BUF_INIT(MINE_MAX),
                        .blocked = BUF_INIT(NAMES_MAX)};
    enum status status = authenticate_keys(s, true);
    if (status != STATUS_OK)
        return status;
    enum err err = outbox_open(&run->outbox, s->account.dir, s->ring.vault.archive);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't open the outbox");
}

static void end(struct run *run)
{
    outbox_close(&run->outbox);
    buf_free(&run->mine);
    buf_free(&run->blocked);
}

enum status post_letter(struct session *s, struct letter *letter)
{
    struct run run;
    enum status status = begin(&run, s);
    run.has_unkept = status != STATUS_OK;
    for (size_t i = 0; i < letter->to_count && status == STATUS_OK; i++)
        add(&run, letter, letter->to[i]);
    if (status == STATUS_OK)
        status = run.mine.len > 0 ? send_waiting(&run) : sum_up(&run);
    print_others(&run, status);
    letter->is_kept = !run.has_unkept;
    end(&run);
    return status;
}

static enum status flush(struct session *s, bool is_quiet)
{
    struct run run;
    size_t count = 0;
    enum status status = begin(&run, s);
    run.is_flush = true;
    run.wants_json = run.wants_json && !is_quiet;
    enum err err = status == STATUS_OK ? count_waiting(&run, &count) : ERR_OK;
    if (err != ERR_OK)
        status = say_failure(err, "can't look into the outbox");
    if (status == STATUS_OK && count > 0)
        status = send_waiting(&run);
    else if (status == STATUS_OK && !is_quiet)
        say("nothing waits in the outbox.");
    end(&run);
    return status;
}

enum status post_flush(struct session *s)
{
    return flush(s, false);
}

enum status post_flush_quietly(struct session *s)
{
    return flush(s, true);
}
