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

static enum status read_file(const char *path, struct buf *password)
{
    struct stat st;
    enum status status = STATUS_NO_INPUT;
    struct visible_value shown = visible_value(span_str(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        say("can't open the password file %s: %s.", shown.text, strerror(errno));
    } else if ((st.st_mode & (S_IRGRP | S_IROTH)) != 0) {
        say("others can read the password file %s. Make it yours alone: chmod 600, and think about "
            "another password.",
            shown.text);
        status = STATUS_NO_PERMISSION;
    } else {
        status = take_all(fd, shown.text, password);
    }
    if (fd >= 0)
        (void)close(fd);
    return status;
}

static bool is_given(const struct session *s)
{
    return s->options.password_fd >= 0 || s->options.password_file != NULL;
}

/* A descriptor can be read only once, so what was read is kept for the run. */
static enum status get_given(struct session *s, struct buf *password)
{
    enum status status = STATUS_OK;
    if (s->given_password.len == 0) {
        char source[32];
        (void)snprintf(source, sizeof(source), "descriptor %d", s->options.password_fd);
        status = s->options.password_file != NULL
                     ? read_file(s->options.password_file, &s->given_password)
                     : take_all(s->options.password_fd, source, &s->given_password);
    }
    if (status != STATUS_OK) {
        buf_clear(&s->given_password);
        return status;
    }
    enum err err = buf_append_span(password, buf_span(&s->given_password));
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

enum status password_get(struct session *s, bool is_new, struct buf *password)
{
    if (is_given(s))
        return get_given(s, password);
    if (s->is_prompt && !input_is_terminal())
        return read_piped(password);
    if (terminal_can_ask())
        return ask_person(is_new, password);
    say("there is nobody to ask for the password: standard input isn't a terminal. Give it with "
        "--password-file FILE or --password-fd N.");
    return STATUS_USAGE;
}

bool password_can_retry(const struct session *s)
{
    return !is_given(s) && input_is_terminal() && terminal_can_ask();
}
