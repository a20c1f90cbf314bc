/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded into the handler by a test: when its peer's first line is `TRY <what>`, the process tries that, with
 * whatever rights it has by then, and answers `<what> <errno>`, 0 if it could. Whoever is killed for trying
 * answers nothing. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int or_errno(int result)
{
    return result < 0 ? errno : 0;
}

static int create(const char *path)
{
    return or_errno(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
}

static int try_nothing(const char *argument)
{
    (void)argument;
    return 0;
}

static int try_write(const char *path)
{
    return create(path);
}

static int try_write_store(const char *name)
{
    char path[256];
    const char *store = getenv("STATE_DIRECTORY");
    snprintf(path, sizeof(path), "%s/%s", store ? store : "/var/lib/secmsg", name);
    int failure = create(path);
    return failure ? failure : or_errno(unlinkat(AT_FDCWD, path, 0));
}

static int try_read(const char *path)
{
    return or_errno(open(path, O_RDONLY | O_CLOEXEC));
}

/* Packets may be thrown away silently: what isn't connected within two seconds isn't. */
static int connect_to(int type, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int failure = 0, fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof(failure);
    if (fd < 0)
        return errno;
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
        return errno;
    if (poll(&writable, 1, 2000) != 1)
        return ETIMEDOUT;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
        return errno;
    if (failure == 0 && type == SOCK_DGRAM)
        return or_errno((int)send(fd, "x", 1, 0));
    return failure;
}

static int try_tcp(const char *port)
{
    return connect_to(SOCK_STREAM, (int)strtol(port, NULL, 10));
}

static int try_udp(const char *port)
{
    return connect_to(SOCK_DGRAM, (int)strtol(port, NULL, 10));
}

static int try_listen(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtol(port, NULL, 10))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return errno;
    return or_errno(listen(fd, 1));
}

/* The program that takes the place of this one gives the answer for it. */
static int try_execute(const char *path)
{
    char *const arguments[] = {(char[]){"echo"}, (char[]){"execute 0"}, NULL};
    char *const environment[] = {NULL};
    return or_errno(execve(path, arguments, environment));
}

static int try_new_user_space(const char *argument)
{
    (void)argument;
    return or_errno(unshare(CLONE_NEWUSER));
}

static const struct {
    const char *name;
    int (*function)(const char *argument);
} tries[] = {
    {"nothing", try_nothing}, {"write", try_write},     {"write-store", try_write_store},
    {"read", try_read},       {"tcp", try_tcp},         {"udp", try_udp},
    {"listen", try_listen},   {"execute", try_execute}, {"new-user-space", try_new_user_space},
};

/* `TRY <what> <argument>`; never returns when it is one. */
static void obey(const char *line)
{
    char what[32], argument[200] = "", answer[64];
    if (sscanf(line, "TRY %31s %199s", what, argument) < 1)
        return;
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
        if (strcmp(tries[i].name, what) == 0) {
            int n = snprintf(answer, sizeof(answer), "%s %d\n", what, tries[i].function(argument));
            _exit(write(STDOUT_FILENO, answer, (size_t)n) == n ? 0 : 1);
        }
}

static ssize_t (*real_read)(int fd, void *data, size_t size);

/* While everything is still allowed. */
__attribute__((constructor)) static void find_real_read(void)
{
    *(void **)&real_read = dlsym(RTLD_NEXT, "read");
}

ssize_t read(int fd, void *data, size_t size)
{
    char line[256] = "";
    ssize_t got = real_read(fd, data, size);
    if (fd == STDIN_FILENO && got > 4 && (size_t)got < sizeof(line)) {
        memcpy(line, data, (size_t)got);
        obey(line);
    }
    return got;
}
