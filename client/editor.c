/* SPDX-License-Identifier: GPL-3.0-or-later */
/* editor.c: runs an editor. Its file is the one place where a text lies on the disk unsealed, for as long as the
 * editor runs; it is removed on every way out. */
#include "editor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "say.h"

#include "base/banned.h"

#define FILE_NAME "text-XXXXXX"

static const char *find_editor(void)
{
    const char *editor = getenv("VISUAL");
    if (editor == NULL || editor[0] == '\0')
        editor = getenv("EDITOR");
    return editor != NULL && editor[0] != '\0' ? editor : "vi";
}

static void run(const char *editor, const char *path) __attribute__((noreturn));

/* The editor's name may have arguments behind it, as everywhere. */
static void run(const char *editor, const char *path)
{
    static const int reset[] = {SIGPIPE, SIGINT, SIGHUP, SIGTERM, SIGCONT};
    char *command = NULL;
    for (size_t i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
        (void)signal(reset[i], SIG_DFL);
    if (asprintf(&command, "%s \"$1\"", editor) >= 0 &&
        close_range(STDERR_FILENO + 1, UINT_MAX, 0) == 0)
        (void)execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
    _exit(127);
}

static enum status wait_for(pid_t pid, const char *editor)
{
    struct visible_value shown = visible_value(span_str(editor));
    int how = 0;
    pid_t done;
    do
        done = waitpid(pid, &how, 0);
    while (done < 0 && errno == EINTR);
    if (done == pid && WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return STATUS_OK;
    say("the editor \"%s\" failed; nothing was sent. Set EDITOR to one that works.", shown.text);
    return STATUS_OS;
}

static enum status edit(const struct session *s, const char *path, struct buf *text)
{
    const char *editor = find_editor();
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        run(editor, path);
    if (pid < 0)
        return say_failure(ERR_IO, "can't start an editor");
    enum status status = wait_for(pid, editor);
    if (status != STATUS_OK)
        return status;
    buf_clear(text);
    enum err err = file_read(s->account.dir, path + strlen(s->account.path) + 1, text);
    if (err == ERR_TOO_LARGE)
        say("the message is longer than this server takes (%zu bytes); nothing was sent.",
            text->max);
    else if (err != ERR_OK)
        return say_failure(err, "can't read the message; nothing was sent");
    return err == ERR_OK ? STATUS_OK : STATUS_DATA;
}

enum status editor_run(const struct session *s, struct buf *text)
{
    char path[PATH_MAX + sizeof(FILE_NAME) + 1];
    (void)snprintf(path, sizeof(path), "%s/" FILE_NAME, s->account.path);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return say_failure(ERR_IO, "can't make a file for the editor");
    enum err err = file_write_all(fd, buf_span(text));
    (void)close(fd);
    enum status status = err == ERR_OK ? edit(s, path, text)
                                       : say_failure(err, "can't write the file for the editor");
    if (unlink(path) != 0)
        (void)say_failure(ERR_IO, "can't remove the file that the editor had");
    return status;
}
