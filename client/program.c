/* SPDX-License-Identifier: GPL-3.0-or-later */
/* program.c: runs a program on one message. Its stdin is a file in memory: a program that doesn't read all of it
 * keeps nobody waiting. */
#include "program.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "say.h"

#include "base/banned.h"

#define NUMBER_SIZE 24

static bool has_environment(const struct program_message *m)
{
    char time[NUMBER_SIZE];
    (void)snprintf(time, sizeof(time), "%" PRIu64, m->time);
    const char *sender = m->is_signed ? "SECMSG_SENDER" : "SECMSG_UNSIGNED_SENDER";
    const char *other = m->is_signed ? "SECMSG_UNSIGNED_SENDER" : "SECMSG_SENDER";
    return unsetenv(other) == 0 && setenv(sender, m->sender, 1) == 0 &&
           setenv("SECMSG_ID", m->id, 1) == 0 && setenv("SECMSG_TYPE", m->type, 1) == 0 &&
           setenv("SECMSG_NAME", m->name, 1) == 0 && setenv("SECMSG_TIME", time, 1) == 0;
}

static void run(const char *command, const struct program_message *m, int in)
    __attribute__((noreturn));

static void run(const char *command, const struct program_message *m, int in)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP)
            (void)signal(number, SIG_DFL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (has_environment(m) && dup2(in, STDIN_FILENO) >= 0 &&
        close_range(STDERR_FILENO + 1, UINT_MAX, 0) == 0)
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* The data, to be read from its beginning; -1 and errno. */
static int open_data(struct span data)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (file_write_all(fd, data) == ERR_OK && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

static enum status say_end(int how)
{
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return STATUS_OK;
    if (WIFSIGNALED(how))
        say("the program was ended by signal %d (%s).", WTERMSIG(how), strsignal(WTERMSIG(how)));
    else
        say("the program ended with status %d%s.", WEXITSTATUS(how),
            WEXITSTATUS(how) == 127 ? " (not found)" : "");
    return STATUS_TEMPORARY;
}

enum status program_run(const char *command, const struct program_message *message)
{
    int how = 0;
    pid_t pid = -1, done;
    int in = open_data(message->data);
    if (in >= 0) {
        (void)fflush(NULL);
        pid = fork();
    }
    if (pid == 0)
        run(command, message, in);
    int saved = errno;
    if (in >= 0)
        (void)close(in);
    if (pid < 0) {
        say("can't start the program: %s.", strerror(saved));
        return STATUS_OS;
    }
    do
        done = waitpid(pid, &how, 0);
    while (done < 0 && errno == EINTR);
    return done == pid ? say_end(how) : say_failure(ERR_IO, "can't wait for the program");
}
