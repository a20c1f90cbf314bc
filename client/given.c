/* SPDX-License-Identifier: GPL-3.0-or-later */
/* given.c: reads what a word was handed, whole, and up to the buffer's limit. */
#include "given.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "say.h"

#include "base/banned.h"

static enum status check_stdin(const struct session *s)
{
    if (s->is_prompt) {
        say("at the prompt, name the file to read.");
        return STATUS_USAGE;
    }
    if (s->options.password_fd == STDIN_FILENO) {
        say("standard input can't be both the password and the file: give one of them in another "
            "way.");
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

static enum status take_all(int fd, const char *name, struct buf *bytes)
{
    struct visible_value shown = visible_value(span_str(name));
    enum err err = file_read_all(fd, bytes);
    if (err == ERR_OK)
        return STATUS_OK;
    if (err == ERR_TOO_LARGE)
        say("%s is larger than %zu bytes, more than there can be in it.", shown.text, bytes->max);
    else
        say("can't read %s: %s.", shown.text, err == ERR_IO ? strerror(errno) : err_text(err));
    return err == ERR_TOO_LARGE ? STATUS_DATA : STATUS_NO_INPUT;
}

enum status given_read(const struct session *s, const char *path, struct buf *bytes)
{
    struct stat st;
    if (path == NULL || strcmp(path, "-") == 0) {
        enum status status = check_stdin(s);
        return status == STATUS_OK ? take_all(STDIN_FILENO, "standard input", bytes) : status;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        struct visible_value shown = visible_value(span_str(path));
        say("can't read %s: %s.", shown.text, fd >= 0 ? "it is a directory" : strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return STATUS_NO_INPUT;
    }
    enum status status = take_all(fd, path, bytes);
    (void)close(fd);
    return status;
}

enum status given_check_fingerprint(const char *text)
{
    if (hash_is_fingerprint(span_str(text)))
        return STATUS_OK;
    struct visible_value shown = visible_value(span_str(text));
    say("\"%s\" isn't a fingerprint: that is SHA256: and 43 characters.", shown.text);
    return STATUS_USAGE;
}
