/* SPDX-License-Identifier: GPL-3.0-or-later */
/* password.c: gets a password without ever showing it, and refuses a file that others can read. */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "input.h"
#include "say.h"
#include "terminal.h"
#include "visible.h"

#include "base/banned.h"

static enum status check_length(const struct buf *password)
{
    if (password->len >= 1 && password->len <= STRETCH_PASSWORD_MAX)
        return STATUS_OK;
    say(password->len == 0 ? "the password is empty. It must have 1-1024 bytes."
                           : "the password is too long. It must have 1-1024 bytes.");
    return STATUS_DATA;
}

static enum status take_all(int fd, const char *source, struct buf *password)
{
    enum err err = file_read_all(fd, password);
    if (err == ERR_TOO_LARGE)
        return check_length(password);
    if (err != ERR_OK) {
        say("can't read the password from %s: %s.", source, strerror(errno));
        return STATUS_NO_INPUT;
    }
    if (password->len > 0 && password->data[password->len - 1] == '\n')
        buf_truncate(password, password->len - 1);
    return check_length(password);
}

/* Who can write it could put a password of their own there for new keys. A terminal or a pipe that others write to
 * is its owner's affair. */
static bool is_others(const struct stat *st)
{
    mode_t forbidden = S_ISREG(st->st_mode) ? 066 : 044;
    return (st->st_mode & forbidden) != 0 || (st->st_uid != geteuid() && st->st_uid != 0);
}

static enum status read_file(const char *path, struct buf *password)
{
    struct stat st;
    enum status status = STATUS_NO_INPUT;
    struct visible_value shown = visible_value(span_str(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        say("can't open the password file %s: %s.", shown.text, strerror(errno));
    } else if (is_others(&st)) {
        say("others can read the password file %s, or change it. Make it yours alone: chmod 600, "
            "and "
            "think about another password.",
            shown.text);
        status = STATUS_NO_PERMISSION;
    } else {
        status = take_all(fd, shown.text, password);
    }
    if (fd >= 0)
        (void)close(fd);
    return status;
}

bool password_is_given(const struct session *s)
{
    return s->options.password_fd >= 0 || s->options.password_file != NULL;
}

/* A descriptor can be read only once. */
static enum status read_descriptor(struct session *s)
{
    char source[32];
    if (s->descriptor_password.len > 0)
        return STATUS_OK;
    (void)snprintf(source, sizeof(source), "descriptor %d", s->options.password_fd);
    enum status status = take_all(s->options.password_fd, source, &s->descriptor_password);
    if (status != STATUS_OK)
        buf_clear(&s->descriptor_password);
    return status;
}

/* So may a file (a shell's <(...)), but each word at the prompt can name another. */
static enum status read_named_file(struct session *s)
{
    struct span path = span_str(s->options.password_file);
    if (s->file_password.len > 0 && span_equal(path, buf_span(&s->file_path)))
        return STATUS_OK;
    buf_clear(&s->file_password);
    buf_clear(&s->file_path);
    enum err err = buf_append_span(&s->file_path, path);
    enum status status = err == ERR_OK ? read_file(s->options.password_file, &s->file_password)
                                       : say_failure(err, "password file");
    if (status != STATUS_OK)
        buf_clear(&s->file_password);
    return status;
}

enum status password_read_given(struct session *s)
{
    if (s->options.password_file != NULL)
        return read_named_file(s);
    return s->options.password_fd >= 0 ? read_descriptor(s) : STATUS_OK;
}

static enum status get_given(struct session *s, struct buf *password)
{
    enum status status = password_read_given(s);
    if (status != STATUS_OK)
        return status;
    const struct buf *given =
        s->options.password_file != NULL ? &s->file_password : &s->descriptor_password;
    enum err err = buf_append_span(password, buf_span(given));
    return err == ERR_OK ? STATUS_OK : say_failure(err, "password");
}

static enum status say_no_secret(enum err err)
{
    if (err == ERR_TOO_LARGE) {
        say("the password is too long. It must have 1-1024 bytes.");
        return STATUS_DATA;
    }
    if (err == ERR_CLOSED || err == ERR_DENIED) {
        say("no password was given; nothing was done.");
        return STATUS_USAGE;
    }
    return say_failure(err, "can't ask for the password");
}

static enum status ask_person(bool is_new, struct buf *password)
{
    struct buf again = BUF_INIT(PASSWORD_BUF_MAX);
    enum status status = STATUS_OK;
    enum err err = terminal_ask_secret(is_new ? "New password: " : "Password: ", password);
    if (err == ERR_OK && is_new && password->len > 0)
        err = terminal_ask_secret("The same again: ", &again);
    if (err != ERR_OK) {
        status = say_no_secret(err);
    } else if (is_new && password->len > 0 && !span_equal(buf_span(password), buf_span(&again))) {
        say("the two passwords differ; nothing was done. Try again.");
        status = STATUS_USAGE;
    } else {
        status = check_length(password);
    }
    buf_free(&again);
    return status;
}

static enum status read_piped(struct buf *password)
{
    enum err err = input_read_line("", INPUT_TEXT, password);
    return err == ERR_OK ? check_length(password) : say_no_secret(err);
}

static enum status ask(struct session *s, bool is_new, const char *options, struct buf *password)
{
    if (s->is_prompt && !input_is_terminal())
        return read_piped(password);
    if (terminal_can_ask())
        return ask_person(is_new, password);
    say("there is nobody to ask for the %spassword: standard input isn't a terminal. Give it with "
        "%s.",
        is_new ? "new " : "", options);
    return STATUS_USAGE;
}

enum status password_get(struct session *s, bool is_new, struct buf *password)
{
    if (password_is_given(s))
        return get_given(s, password);
    return ask(s, is_new, "--password-file FILE or --password-fd N", password);
}

enum status password_get_new(struct session *s, struct buf *password)
{
    char source[32];
    const struct options *o = &s->options;
    if (o->new_password_file != NULL && o->new_password_fd >= 0) {
        say("give either --new-password-file or --new-password-fd, not both.");
        return STATUS_USAGE;
    }
    if (o->new_password_file != NULL)
        return read_file(o->new_password_file, password);
    if (o->new_password_fd < 0)
        return ask(s, true, "--new-password-file FILE or --new-password-fd N", password);
    (void)snprintf(source, sizeof(source), "descriptor %d", o->new_password_fd);
    return take_all(o->new_password_fd, source, password);
}

void password_pass_over(const struct session *s)
{
    struct buf line = BUF_INIT(PASSWORD_BUF_MAX);
    if (s->is_prompt && !input_is_terminal() &&
        input_read_line("", INPUT_TEXT, &line) == ERR_NO_MEMORY)
        (void)say_failure(ERR_NO_MEMORY, "can't read on");
    buf_free(&line);
}

bool password_can_retry(const struct session *s)
{
    return !password_is_given(s) && input_is_terminal() && terminal_can_ask();
}
