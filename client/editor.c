/* SPDX-License-Identifier: GPL-3.0-or-later */
/* editor.c: runs an editor on a file of its own (scratch.h), and keeps what it has saved however it ends. */
#include "editor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "input.h"
#include "say.h"
#include "scratch.h"

#include "base/banned.h"

/* How long an editor that is told to end may take to save. */
#define KILL_AFTER_MS 2000
#define NOT_FOUND     127

static const int ending[] = {SIGCHLD, SIGTERM, SIGHUP};

static const char *find_editor(void)
{
    const char *editor = getenv("VISUAL");
    if (editor == NULL || editor[0] == '\0')
        editor = getenv("EDITOR");
    return editor != NULL && editor[0] != '\0' ? editor : "vi";
}

/* What the program has open isn't the editor's, but for the lock. */
static bool close_others(int lock)
{
    bool is_closed =
        lock == STDERR_FILENO + 1 || close_range(STDERR_FILENO + 1, (unsigned)lock - 1, 0) == 0;
    return is_closed && close_range((unsigned)lock + 1, UINT_MAX, 0) == 0 &&
           fcntl(lock, F_SETFD, 0) == 0;
}

static void run(const char *editor, const char *path, int lock, const sigset_t *mask)
    __attribute__((noreturn));

/* The editor's name may have arguments behind it, as everywhere. */
static void run(const char *editor, const char *path, int lock, const sigset_t *mask)
{
    static const int reset[] = {SIGPIPE, SIGINT, SIGHUP, SIGTERM, SIGCONT, SIGCHLD};
    char *command = NULL;
    for (size_t i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
        (void)signal(reset[i], SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    if (asprintf(&command, "%s \"$1\"", editor) >= 0 && close_others(lock))
        (void)execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
    _exit(NOT_FOUND);
}

static void end_editor(pid_t pid, int *how)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    uint64_t deadline = clock_monotonic_ms() + KILL_AFTER_MS;
    pid_t done;
    (void)kill(pid, SIGHUP);
    (void)kill(pid, SIGCONT);
    while ((done = waitpid(pid, how, WNOHANG)) == 0 && clock_monotonic_ms() < deadline)
        (void)nanosleep(&pause, NULL);
    if (done != 0)
        return;
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, how, 0);
}

/* Signals come through only while it sleeps, so none is lost between a look and that. */
static int wait_for(pid_t pid, const sigset_t *mask)
{
    int how = 0;
    pid_t done;
    while ((done = waitpid(pid, &how, WNOHANG)) == 0 && !input_is_told_to_end())
        (void)sigsuspend(mask);
    if (done == 0)
        end_editor(pid, &how);
    return how;
}

static void wake(int number)
{
    (void)number;
}

/* How it ended, as waitpid has it; -1 if it couldn't be started. */
static int run_and_wait(const char *editor, const char *path, int lock)
{
    struct sigaction waking = {.sa_handler = wake}, former;
    sigset_t blocked, before;
    int how = -1;
    (void)sigemptyset(&waking.sa_mask);
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)sigaddset(&blocked, ending[i]);
    (void)fflush(NULL);
    (void)sigaction(SIGCHLD, &waking, &former);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    pid_t pid = fork();
    if (pid == 0)
        run(editor, path, lock, &before);
    if (pid > 0)
        how = wait_for(pid, &before);
    int saved = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)sigaction(SIGCHLD, &former, NULL);
    errno = saved;
    return how;
}

static enum status say_failed(const char *editor, int how, const char *to, bool has_text)
{
    struct visible_value shown = visible_value(span_str(editor));
    bool is_missing = WIFEXITED(how) && WEXITSTATUS(how) == NOT_FOUND;
    say("the editor \"%s\" failed; nothing was sent.%s", shown.text,
        is_missing || !has_text ? " Set EDITOR to one that works." : "");
    if (has_text)
        say("What you wrote is kept as a draft: `edit %s` goes on with it.", to);
    return STATUS_OS;
}

enum status editor_run(const struct session *s, const char *to, struct buf *text)
{
    struct scratch scratch;
    char file[SCRATCH_FILE_SIZE], path[PATH_MAX + SCRATCH_FILE_SIZE];
    const char *editor = find_editor();
    enum err err = scratch_make(&scratch, s, to, buf_span(text));
    if (err != ERR_OK)
        return say_failure(err, "can't make a file for the editor");
    scratch_file(&scratch, file);
    (void)snprintf(path, sizeof(path), "%s/%s", s->account.path, file);
    int how = run_and_wait(editor, path, scratch.dir);
    if (how == -1)
        (void)say_failure(ERR_IO, "can't start an editor");
    enum status status = scratch_take(&scratch, s, text);
    if (status != STATUS_OK || how == 0)
        return status;
    if (how == -1)
        return STATUS_OS;
    return input_is_told_to_end() ? STATUS_TEMPORARY : say_failed(editor, how, to, text->len > 0);
}
