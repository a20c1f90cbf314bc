/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pins.c: the files of pinned keys. A pin is added, and replaced where the user says so; every line of a file must be of its form,
 * for a damaged file must not look like one in which nothing is pinned. */
#include "pins.h"

#include <string.h>

#include "base/base64.h"
#include "base/file.h"
#include "visible.h"

#include "base/banned.h"

#define FILE_MAX ((size_t)64 << 20)

/* Takes the next line, without its LF, off the front of *rest. */
static enum err take_line(struct span *rest, struct span *line)
{
    if (rest->len == 0)
        return ERR_NOT_FOUND;
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    if (end == NULL)
        return ERR_DAMAGED;
    *line = span_of(rest->data, (size_t)(end - rest->data));
    *rest = span_of(end + 1, rest->len - line->len - 1);
    return ERR_OK;
}

/* Takes what stands before the first space off the front of *line, and the space. */
static enum err take_word(struct span *line, struct span *word)
{
    const uint8_t *space = line->len > 0 ? memchr(line->data, ' ', line->len) : NULL;
    if (space == NULL || space == line->data)
        return ERR_DAMAGED;
    *word = span_of(line->data, (size_t)(space - line->data));
    *line = span_of(space + 1, line->len - word->len - 1);
    return ERR_OK;
}

/* Appends the file; a missing one is empty. */
static enum err read_pins(int dir, const char *file, struct buf *text)
{
    enum err err = file_read(dir, file, text);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err pins_command_name(struct buf *name, const char *command)
{
    enum err err = buf_append_str(name, "exec:");
    for (const char *c = command; err == ERR_OK && *c != '\0'; c++) {
        uint8_t byte = (uint8_t)*c;
        if (byte == '%' || byte < 0x20 || byte > 0x7e)
            err = buf_printf(name, "%%%02X", byte);
        else
            err = buf_append_byte(name, byte);
    }
    return err;
}

static enum err find_host(struct span text, struct span server, uint8_t key[static HOST_KEY_LEN])
{
    enum err found = ERR_NOT_FOUND;
    while (text.len > 0) {
        struct span line, word;
        uint8_t pinned[HOST_KEY_LEN];
        enum err err = take_line(&text, &line);
        if (err == ERR_OK)
            err = take_word(&line, &word);
        if (err != ERR_OK)
            return err;
        if (line.len == 0 || base64url_decode_exact(pinned, HOST_KEY_LEN, word) != ERR_OK)
            return ERR_DAMAGED;
        if (found == ERR_NOT_FOUND && span_equal(line, server)) {
            memcpy(key, pinned, HOST_KEY_LEN);
            found = ERR_OK;
        }
    }
    return found;
}

enum err pins_find_host(int home_dir, struct span server, uint8_t key[static HOST_KEY_LEN])
{
    struct buf text = BUF_INIT(FILE_MAX);
    enum err err = read_pins(home_dir, PINS_HOSTS_FILE, &text);
    if (err == ERR_OK)
        err = find_host(buf_span(&text), server, key);
    buf_free(&text);
    return err;
}

struct host {
    struct span server;
    const uint8_t *key;
};

/* What is to be pinned: how a file's text is searched for it, and the line that holds it. */
struct pin {
    const char *file;
    /* ERR_NOT_FOUND; ERR_DUPLICATE if the very same is pinned, ERR_EXISTS if another; ERR_DAMAGED */
    enum err (*look_up)(struct span text, const void *what);
    const void *what;
    struct span line;
    bool replaces; /* another that is pinned makes room */
};

/* Whether a line is of the server or user that the new one is of: hosts end in it, identities begin with it. */
static bool is_of_same(struct span old, const struct pin *pin)
{
    struct span word, other;
    if (take_word(&old, &word) != ERR_OK)
        return false;
    if (strcmp(pin->file, PINS_HOSTS_FILE) == 0)
        return span_equal(old, ((const struct host *)pin->what)->server);
    struct span line = pin->line;
    return take_word(&line, &other) == ERR_OK && span_equal(word, other);
}

static enum err drop_others(struct buf *text, const struct pin *pin)
{
    struct buf kept = BUF_INIT(FILE_MAX);
    struct span rest = buf_span(text), line;
    enum err err = ERR_OK;
    while (err == ERR_OK && rest.len > 0) {
        err = take_line(&rest, &line);
        if (err != ERR_OK || is_of_same(line, pin))
            continue;
        err = buf_append_span(&kept, line);
        if (err == ERR_OK)
            err = buf_append_byte(&kept, '\n');
    }
    buf_free(text);
    *text = kept;
    return err;
}

static enum err add_pin_locked(int dir, const struct pin *pin)
{
    struct buf text = BUF_INIT(FILE_MAX);
    enum err err = read_pins(dir, pin->file, &text);
    if (err == ERR_OK)
        err = pin->look_up(buf_span(&text), pin->what);
    if (err == ERR_EXISTS && pin->replaces)
        err = drop_others(&text, pin) == ERR_OK ? ERR_NOT_FOUND : ERR_NO_MEMORY;
    if (err == ERR_NOT_FOUND)
        err = buf_append_span(&text, pin->line);
    if (err == ERR_OK)
        err = file_replace(dir, pin->file, buf_span(&text), 0600);
    buf_free(&text);
    return err;
}

static enum err add_pin(int dir, const struct pin *pin)
{
    int lock = -1;
    enum err err = home_lock(dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK)
        err = add_pin_locked(dir, pin);
    home_unlock(lock);
    return err;
}

static enum err look_up_host(struct span text, const void *what)
{
    const struct host *host = what;
    uint8_t pinned[HOST_KEY_LEN];
    enum err err = find_host(text, host->server, pinned);
    if (err != ERR_OK)
        return err;
    return memcmp(pinned, host->key, HOST_KEY_LEN) == 0 ? ERR_DUPLICATE : ERR_EXISTS;
}

static enum err pin_host(int home_dir, struct span server, const uint8_t key[static HOST_KEY_LEN],
                         bool replaces)
{
    const struct host host = {.server = server, .key = key};
    struct buf line = BUF_INIT(FILE_MAX);
    enum err err = base64url_encode(&line, span_of(key, HOST_KEY_LEN));
    if (err == ERR_OK)
        err = buf_append_byte(&line, ' ');
    if (err == ERR_OK)
        err = buf_append_span(&line, server);
    if (err == ERR_OK)
        err = buf_append_byte(&line, '\n');
    if (err == ERR_OK)
        err = add_pin(home_dir, &(struct pin){PINS_HOSTS_FILE, look_up_host, &host, buf_span(&line),
                                              replaces});
    buf_free(&line);
    return err;
}

enum err pins_add_host(int home_dir, struct span server, const uint8_t key[static HOST_KEY_LEN])
{
    return pin_host(home_dir, server, key, false);
}

enum err pins_replace_host(int home_dir, struct span server, const uint8_t key[static HOST_KEY_LEN])
{
    return pin_host(home_dir, server, key, true);
}

/* One line's identity, verified as if it came from outside: the file is on a disk. */
static enum err parse_pin(struct span line, struct span user, struct identity *identity,
                          struct buf *text)
{
    struct span fingerprint;
    enum err err = take_word(&line, &fingerprint);
    if (err == ERR_OK && base64url_decode(text, line) != ERR_OK)
        err = ERR_DAMAGED;
    if (err == ERR_OK && identity_parse(identity, buf_span(text)) != ERR_OK)
        err = ERR_DAMAGED;
    if (err == ERR_OK &&
        (!span_is(user, identity->user) || !span_is(fingerprint, identity->fingerprint)))
        err = ERR_DAMAGED;
    return err;
}

/* *found (empty, of IDENTITY_MAX) gets its text. */
static enum err find_identity(struct span text, const char *user, struct identity *identity,
                              struct buf *found)
{
    struct span pin = {NULL, 0};
    while (text.len > 0) {
        struct span line, word;
        enum err err = take_line(&text, &line);
        if (err == ERR_OK)
            err = take_word(&line, &word);
        if (err != ERR_OK)
            return err;
        if (!field_is_user(word))
            return ERR_DAMAGED;
        if (pin.data == NULL && span_is(word, user))
            pin = line;
    }
    return pin.data == NULL ? ERR_NOT_FOUND : parse_pin(pin, span_str(user), identity, found);
}

enum err pins_find_text(int account_dir, const char *user, struct identity *identity,
                        struct buf *text)
{
    struct buf file = BUF_INIT(FILE_MAX), found = BUF_INIT(IDENTITY_MAX);
    enum err err = read_pins(account_dir, PINS_IDENTITIES_FILE, &file);
    if (err == ERR_OK)
        err = find_identity(buf_span(&file), user, identity, &found);
    if (err == ERR_OK)
        err = buf_append_span(text, buf_span(&found));
    buf_free(&file);
    buf_free(&found);
    return err;
}

enum err pins_find_identity(int account_dir, const char *user, struct identity *identity)
{
    struct buf text = BUF_INIT(IDENTITY_MAX);
    enum err err = pins_find_text(account_dir, user, identity, &text);
    buf_free(&text);
    return err;
}

static enum err look_up_identity(struct span text, const void *what)
{
    const struct identity *identity = what;
    struct identity pinned;
    struct buf found = BUF_INIT(IDENTITY_MAX);
    enum err err = find_identity(text, identity->user, &pinned, &found);
    buf_free(&found);
    if (err != ERR_OK)
        return err;
    return strcmp(pinned.fingerprint, identity->fingerprint) == 0 ? ERR_DUPLICATE : ERR_EXISTS;
}

static enum err pin_identity(int account_dir, struct span text, bool replaces)
{
    struct identity identity;
    struct buf line = BUF_INIT(FILE_MAX);
    enum err err = identity_parse(&identity, text);
    if (err == ERR_OK)
        err = buf_printf(&line, "%s %s ", identity.user, identity.fingerprint);
    if (err == ERR_OK)
        err = base64url_encode(&line, text);
    if (err == ERR_OK)
        err = buf_append_byte(&line, '\n');
    if (err == ERR_OK)
        err = add_pin(account_dir, &(struct pin){PINS_IDENTITIES_FILE, look_up_identity, &identity,
                                                 buf_span(&line), replaces});
    buf_free(&line);
    return err;
}

enum err pins_add_identity(int account_dir, struct span text)
{
    return pin_identity(account_dir, text, false);
}

enum err pins_replace_identity(int account_dir, struct span text)
{
    return pin_identity(account_dir, text, true);
}

static enum err visit(struct span text, pins_visitor *visitor, void *context)
{
    while (text.len > 0) {
        struct identity identity;
        struct span line, user;
        struct buf found = BUF_INIT(IDENTITY_MAX);
        enum err err = take_line(&text, &line);
        if (err == ERR_OK)
            err = take_word(&line, &user);
        if (err == ERR_OK)
            err = parse_pin(line, user, &identity, &found);
        buf_free(&found);
        if (err != ERR_OK)
            return err;
        visitor(context, &identity);
    }
    return ERR_OK;
}

enum err pins_visit_identities(int account_dir, pins_visitor *visitor, void *context)
{
    struct buf text = BUF_INIT(FILE_MAX);
    enum err err = read_pins(account_dir, PINS_IDENTITIES_FILE, &text);
    if (err == ERR_OK)
        err = visit(buf_span(&text), visitor, context);
    buf_free(&text);
    return err;
}

enum status pins_say_failure(enum err err, const char *dir, const char *file)
{
    struct visible_value shown = visible_value(span_str(dir));
    if (err == ERR_DAMAGED)
        say("the pinned keys in %s/%s are damaged, so nothing was trusted. Repair or remove the "
            "file: what it pinned will then be pinned anew.",
            shown.text, file);
    return say_failure(err, file);
}
