/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transport.c: opens and closes what carries a connection. There is one at a time. */
#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolve.h"
#include "say.h"

#include "base/banned.h"

#define TERM_AFTER_MS 2000
#define KILL_AFTER_MS 4000

/* What transport_break may touch. */
static volatile sig_atomic_t open_socket = -1;
static volatile sig_atomic_t open_pid = 0;

static volatile sig_atomic_t was_broken;

void transport_break(void)
{
    int saved = errno;
    was_broken = 1;
    if (open_socket >= 0)
        (void)shutdown((int)open_socket, SHUT_RDWR);
    if (open_pid > 0)
        (void)kill((pid_t)open_pid, SIGTERM);
    errno = saved;
}

bool transport_was_broken(void)
{
    return was_broken != 0;
}

void transport_forget_break(void)
{
    was_broken = 0;
}

/* Returns the connected socket, or -1 and errno. */
static int try_address(const struct addrinfo *info, uint64_t deadline_ms)
{
    int error = 0;
    socklen_t len = sizeof(error);
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    info->ai_protocol);
    if (fd < 0)
        return -1;
    if (connect(fd, info->ai_addr, info->ai_addrlen) == 0)
        return fd;
    if (errno == EINPROGRESS) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        int ready = poll(&wait, 1, clock_poll_timeout(deadline_ms));
        if (ready > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
            return fd;
        if (ready == 0)
            error = ETIMEDOUT;
        else if (ready < 0)
            error = errno;
        errno = error;
    }
    error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

/* Gives each address an equal share of the time that is left. */
static int try_all(const struct addrinfo *list, uint64_t deadline_ms)
{
    uint64_t left = 0;
    int fd = -1;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        left++;
    for (const struct addrinfo *info = list; info != NULL && fd < 0; info = info->ai_next) {
        uint64_t now = clock_monotonic_ms();
        uint64_t share = deadline_ms > now ? (deadline_ms - now) / left : 0;
        fd = try_address(info, now + share);
        left--;
    }
    return fd;
}

enum status transport_dial(struct transport *t, const struct address *address, uint64_t deadline_ms)
{
    struct addrinfo *list = NULL;
    int on = 1;
    enum status status = resolve_address(address, deadline_ms, &list);
    if (status != STATUS_OK)
        return status;
    int fd = try_all(list, deadline_ms);
    int error = errno;
    freeaddrinfo(list);
    if (fd < 0) {
        say("can't connect to %s: %s. Check host and port, and that a server runs there.",
            address->text, strerror(error));
        return STATUS_UNAVAILABLE;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    *t = (struct transport){.in = fd, .out = fd, .pid = 0, .remarks = REMARKS_INIT};
    open_socket = fd;
    return STATUS_OK;
}

static void run_command(const char *command, int in, int out, int errors) __attribute__((noreturn));

static void run_command(const char *command, int in, int out, int errors)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGINT, SIG_IGN);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(errors, STDERR_FILENO) >= 0)
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void close_pair(const int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            (void)close(pair[i]);
    }
}

enum status transport_start(struct transport *t, const char *command)
{
    int to[2] = {-1, -1};
    int from[2] = {-1, -1};
    int errors = -1;
    struct remarks remarks = REMARKS_INIT;
    pid_t pid = -1;
    if (pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0 &&
        remarks_open(&remarks, &errors) == ERR_OK) {
        (void)fflush(NULL);
        pid = fork();
    }
    if (pid == 0)
        run_command(command, to[0], from[1], errors);
    int saved = errno;
    if (errors >= 0)
        (void)close(errors);
    if (pid < 0) {
        remarks_close(&remarks);
        close_pair(to);
        close_pair(from);
        say("can't start the command of --exec: %s.", strerror(saved));
        return STATUS_OS;
    }
    (void)close(to[0]);
    (void)close(from[1]);
    *t = (struct transport){.in = from[0], .out = to[1], .pid = pid, .remarks = remarks};
    open_pid = pid;
    return STATUS_OK;
}

static int wait_for(pid_t pid, struct remarks *remarks)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    uint64_t start = clock_monotonic_ms();
    bool is_told = false;
    int how = 0;
    for (;;) {
        pid_t done = waitpid(pid, &how, WNOHANG);
        remarks_take(remarks);
        if (done == pid)
            return how;
        if (done < 0 && errno != EINTR)
            return 0;
        uint64_t passed = clock_monotonic_ms() - start;
        if (passed > KILL_AFTER_MS) {
            (void)kill(pid, SIGKILL);
        } else if (passed > TERM_AFTER_MS && !is_told) {
            (void)kill(pid, SIGTERM);
            is_told = true;
        }
        (void)nanosleep(&pause, NULL);
    }
}

int transport_close(struct transport *t, bool failed)
{
    int how = 0;
    open_socket = -1;
    if (t->out >= 0 && t->out != t->in)
        (void)close(t->out);
    if (t->in >= 0)
        (void)close(t->in);
    if (t->pid > 0)
        how = wait_for(t->pid, &t->remarks);
    open_pid = 0;
    if (failed && !transport_was_broken())
        remarks_show(&t->remarks);
    remarks_close(&t->remarks);
    *t = TRANSPORT_INIT;
    return how;
}
