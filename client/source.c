/* SPDX-License-Identifier: GPL-3.0-or-later */
/* source.c: text, a file or standard input becomes a letter. Whatever is wrong with it is found before a
 * password is asked for, and before anything is sent. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "say.h"

#include "base/banned.h"

static enum status take_all(int fd, const char *source, struct buf *data, const char *done)
{
    struct visible_value shown = visible_value(span_str(source));
    enum err err = file_read_all(fd, data);
    if (err == ERR_TOO_LARGE) {
        say("%s is larger than %zu bytes, more than any server takes; nothing was %s.", shown.text,
            data->max, done);
        return STATUS_DATA;
    }
    if (err != ERR_OK) {
        say("can't read %s: %s; nothing was %s.", shown.text,
            err == ERR_IO ? strerror(errno) : err_text(err), done);
        return STATUS_NO_INPUT;
    }
    return STATUS_OK;
}

static enum status take_stdin(const struct session *s, struct buf *data, const char *done)
{
    if (s->options.password_fd == STDIN_FILENO) {
        say("standard input can't be both the password and the message: give one of them in "
            "another "
            "way.");
        return STATUS_USAGE;
    }
    if (isatty(STDIN_FILENO) == 1)
        say("type the message; Ctrl-D on an empty line ends it.");
    return take_all(STDIN_FILENO, "standard input", data, done);
}

static enum status take_file(const char *path, struct letter *letter, struct buf *data,
                             const char *done)
{
    struct stat st;
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct visible_value shown = visible_value(span_str(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        say("can't read the file %s: %s; nothing was %s.", shown.text,
            fd >= 0 ? "it is a directory" : strerror(errno), done);
        if (fd >= 0)
            (void)close(fd);
        return STATUS_NO_INPUT;
    }
    enum status status = take_all(fd, path, data, done);
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

static enum status take_text(const char *text, struct buf *data, const char *done)
{
    if (!visible_is_text(span_str(text))) {
        say("the text of -m isn't UTF-8; nothing was %s. Give it as a file instead.", done);
        return STATUS_DATA;
    }
    enum err err = buf_append_str(data, text);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "message");
}

enum status source_gather(struct session *s, struct letter *letter, struct buf *data,
                          const char *done)
{
    const struct options *o = &s->options;
    enum status status;
    if (o->message != NULL)
        status = take_text(o->message, data, done);
    else if (o->file != NULL && strcmp(o->file, "-") != 0)
        status = take_file(o->file, letter, data, done);
    else
        status = take_stdin(s, data, done);
    if (status == STATUS_OK && data->len == 0) {
        say("the message is empty; nothing was %s.", done);
        status = STATUS_DATA;
    }
    letter->data = buf_span(data);
    letter->type = visible_is_text(letter->data) ? "text/plain" : "application/octet-stream";
    return status;
}

enum status source_check(const struct session *s, bool is_dash, const char *word)
{
    const struct options *o = &s->options;
    if ((o->message != NULL) + (o->file != NULL) + is_dash > 1) {
        say("%s takes only one of -m, -f and -.", word);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

bool source_is_stdin(const struct session *s)
{
    const struct options *o = &s->options;
    return o->message == NULL && (o->file == NULL || strcmp(o->file, "-") == 0);
}
