/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send.c: the word `send`: text, a file or standard input becomes a message. Everything that can be wrong
 * is found before a password is asked for, and before anything is sent. */
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "deliver.h"
#include "say.h"

#include "base/banned.h"

static enum status take_all(int fd, const char *source, struct buf *data)
{
    struct visible_value shown = visible_value(span_str(source));
    enum err err = file_read_all(fd, data);
    if (err == ERR_TOO_LARGE) {
        say("%s is larger than %zu bytes, more than any server takes; nothing was sent.",
            shown.text, data->max);
        return STATUS_DATA;
    }
    if (err != ERR_OK) {
        say("can't read %s: %s; nothing was sent.", shown.text,
            err == ERR_IO ? strerror(errno) : err_text(err));
        return STATUS_NO_INPUT;
    }
    return STATUS_OK;
}

static enum status take_stdin(const struct session *s, struct buf *data)
{
    if (s->options.password_fd == STDIN_FILENO) {
        say("standard input can't be both the password and the message: give one of them in "
            "another "
            "way.");
        return STATUS_USAGE;
    }
    if (isatty(STDIN_FILENO) == 1)
        say("type the message; Ctrl-D on an empty line ends it.");
    return take_all(STDIN_FILENO, "standard input", data);
}

static enum status take_file(const char *path, struct letter *letter, struct buf *data)
{
    struct stat st;
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct visible_value shown = visible_value(span_str(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        say("can't read the file %s: %s; nothing was sent.", shown.text,
            fd >= 0 ? "it is a directory" : strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return STATUS_NO_INPUT;
    }
    enum status status = take_all(fd, path, data);
    (void)close(fd);
    if (status == STATUS_OK && !field_is_file_name(span_str(name))) {
        say("the file's name can't be sent: it must be UTF-8 without control characters and not "
            "begin "
            "with a dot. Rename it, or send it with `< %s`.",
            shown.text);
        return STATUS_DATA;
    }
    letter->name = name;
    return status;
}

static enum status take_text(const char *text, struct buf *data)
{
    if (!visible_is_text(span_str(text))) {
        say("the text of -m isn't UTF-8; nothing was sent. Send it as a file instead.");
        return STATUS_DATA;
    }
    enum err err = buf_append_str(data, text);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "message");
}

static enum status gather(struct session *s, struct letter *letter, struct buf *data)
{
    const struct options *o = &s->options;
    enum status status;
    if (o->message != NULL)
        status = take_text(o->message, data);
    else if (o->file != NULL && strcmp(o->file, "-") != 0)
        status = take_file(o->file, letter, data);
    else
        status = take_stdin(s, data);
    if (status == STATUS_OK && data->len == 0) {
        say("the message is empty; nothing was sent.");
        status = STATUS_DATA;
    }
    letter->data = buf_span(data);
    letter->type = visible_is_text(letter->data) ? "text/plain" : "application/octet-stream";
    return status;
}

static enum status check_words(const struct session *s, int argc, char *argv[])
{
    int sources = (s->options.message != NULL) + (s->options.file != NULL) + (argc > 2);
    if (argc < 2) {
        say("send to whom? Type: send USER [-m TEXT | -f FILE | -]");
        return STATUS_USAGE;
    }
    if (argc > 2 && strcmp(argv[2], "-") != 0) {
        say("send takes one user, and the text with -m \"TEXT\", from -f FILE or from standard "
            "input.");
        return STATUS_USAGE;
    }
    if (sources > 1) {
        say("send takes only one of -m, -f and -.");
        return STATUS_USAGE;
    }
    bool is_stdin = s->options.file == NULL || strcmp(s->options.file, "-") == 0;
    if (s->is_prompt && s->options.message == NULL && is_stdin) {
        struct visible_value to = visible_value(span_str(argv[1]));
        say("at the prompt, type `compose %s` to write a message, or give -m \"TEXT\" or -f FILE.",
            to.text);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

enum status send_main(struct session *s, int argc, char *argv[])
{
    struct letter letter = {.to = ""};
    struct buf data = BUF_INIT(CONNECTION_LINE_MAX);
    enum status status = check_words(s, argc, argv);
    if (status == STATUS_OK)
        status = session_take_name(letter.to, argv[1]);
    if (status == STATUS_OK)
        status = gather(s, &letter, &data);
    if (status == STATUS_OK)
        status = deliver_letter(s, &letter);
    buf_free(&data);
    return status;
}
