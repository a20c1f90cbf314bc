/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secmsg-handler: one connection on stdin and stdout, from its first byte to its last. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/standard.h"
#include "crypto/crypto.h"
#include "crypto/random.h"
#include "handler/confine.h"
#include "handler/report.h"
#include "handler/session.h"

#include "base/banned.h"

/* TERM, INT and HUP never interrupt: what has begun in the store is finished, and the session sees them when
 * it next waits. A peer that is gone, and a file that may not grow, are errors of the calls that meet them.
 * Returns what stream.h calls a stop_fd, or -1. */
static int settle_signals(void)
{
    sigset_t stops;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGHUP);
    sigprocmask(SIG_BLOCK, &stops, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
    return signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Descriptors 0 to 2 that are closed must not become the store's files. An inetd gives the connection as stderr too:
 * then the log would be taken for protocol. Returns a descriptor of /dev/null, for hang_up, or -1. */
static int settle_descriptors(void)
{
    struct stat out, err;
    int null = standard_fill() ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (null < 0)
        return -1;
    bool is_same = fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
                   S_ISSOCK(out.st_mode) && out.st_dev == err.st_dev && out.st_ino == err.st_ino;
    return is_same && dup2(null, STDERR_FILENO) < 0 ? -1 : null;
}

static void open_log(enum log_level level)
{
    uint8_t id[4];
    char session[9];
    random_bytes(id, sizeof(id));
    snprintf(session, sizeof(session), "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    log_open(session, level);
}

static int complain(int status, const char *message)
{
    fprintf(stderr, "secmsg-handler: %s\n", message);
    return status;
}

static int status_of_settings(enum err e)
{
    switch (e) {
    case ERR_MALFORMED:
        return EX_USAGE;
    case ERR_DENIED:
        return EX_CONFIG;
    default:
        return EX_NOINPUT;
    }
}

/* The family of a descriptor's socket, or AF_UNSPEC for anything else. */
static sa_family_t socket_family(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return AF_UNSPEC;
    return address.ss_family;
}

static bool is_internet(int fd)
{
    sa_family_t family = socket_family(fd);
    return family == AF_INET || family == AF_INET6;
}

/* What can't be served here: said to whoever started the program. NULL if it can. */
static const char *find_obstacle(const struct settings *settings)
{
    if (settings->is_plain && (is_internet(STDIN_FILENO) || is_internet(STDOUT_FILENO)))
        return "--plain isn't for a network socket: everybody on the way could read it. Run "
               "without "
               "--plain";
    if (!settings->is_plain && isatty(STDIN_FILENO))
        return "standard input is a terminal: use --plain to type commands by hand, or connect "
               "with "
               "secmsg";
    return NULL;
}

static int open_store(const struct settings *settings, struct store **store)
{
    char message[512] = "";
    enum err e = store_open(store, settings->store, &settings->quota, message, sizeof(message));
    if (!e)
        return EX_OK;
    if (settings->task == TASK_FINGERPRINT)
        return complain(EX_UNAVAILABLE, message);
    log_event(LOG_LEVEL_ERROR, "store", "error=%s", log_quote(message).text);
    session_refuse(settings, e == ERR_BUSY ? CODE_BUSY : CODE_INTERNAL,
                   e == ERR_BUSY ? NULL : "the server's store can't be used; tell who runs it");
    return EX_UNAVAILABLE;
}

static int print_fingerprint(const struct store *store)
{
    char text[FINGERPRINT_SIZE];
    hash_fingerprint(text, span_of(store_host_key(store)->public_key, HOST_KEY_LEN));
    return printf("%s\n", text) < 0 || fflush(stdout) != 0 ? EX_IOERR : EX_OK;
}

/* Lets the peer see the end, so that nobody waits for what is cleaned up behind the session. */
static void hang_up(int null)
{
    if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        log_event(LOG_LEVEL_WARNING, "hang_up", "errno=%d", errno);
}

/* In the clear: whoever is to wait isn't worth a handshake. */
static void refuse(const struct session *s, const char *peer, enum guard_verdict verdict,
                   uint64_t retry_s)
{
    static const char *const reasons[] = {
        [GUARD_FULL] = "too many connections here",
        [GUARD_CROWDED] = "too many connections from your address",
        [GUARD_PENALISED] = "too many failed tries from your address",
    };
    char text[128];
    snprintf(text, sizeof(text), "retry-after=%" PRIu64 " %s; try again later", retry_s,
             reasons[verdict]);
    log_event(LOG_LEVEL_INFO, "refuse", "peer=%s why=%s retry-after=%" PRIu64, peer,
              log_quote(reasons[verdict]).text, retry_s);
    guard_count_answer(s->guard, CODE_BUSY);
    session_refuse(s->settings, CODE_BUSY, text);
}

static void admit(struct session *s, int null)
{
    struct source_peer peer;
    char text[SOURCE_TEXT_SIZE];
    uint64_t retry_s;
    source_peer_of(&peer, STDIN_FILENO);
    source_peer_text(&peer, text);
    enum guard_verdict verdict = guard_enter(s->guard, &peer, clock_running_ms(), &retry_s);
    if (verdict != GUARD_ADMITTED) {
        refuse(s, text, verdict, retry_s);
        return;
    }
    report_begin(s, text);
    session_run(s);
    hang_up(null);
    guard_leave(s->guard);
    store_maintain(s->store);
}

static int serve(const struct settings *settings, struct store *store, int stop_fd, int null)
{
    struct guard guard;
    struct session session = {.settings = settings,
                              .store = store,
                              .guard = &guard,
                              .stop_fd = stop_fd};
    int status = EX_OK;
    if (guard_open(&guard, settings->store, &settings->guard) || confine_self(settings)) {
        session_refuse(settings, CODE_INTERNAL, NULL);
        status = EX_OSERR;
    } else {
        admit(&session, null);
    }
    guard_close(&guard);
    return status;
}

static int run(const struct settings *settings, int null)
{
    struct store *store = NULL;
    int stop_fd = settle_signals();
    if (stop_fd < 0)
        return complain(EX_OSERR, "no signalfd: this needs Linux 2.6.27 or later");
    if (crypto_init(0))
        return complain(EX_UNAVAILABLE, "libgcrypt 1.10 or later is needed, and can't be used");
    open_log(settings->log_level);
    int status = open_store(settings, &store);
    if (status == EX_OK)
        status = settings->task == TASK_FINGERPRINT ? print_fingerprint(store)
                                                    : serve(settings, store, stop_fd, null);
    store_close(store);
    crypto_end();
    close(stop_fd);
    return status;
}

int main(int argc, char *argv[])
{
    static struct settings settings;
    char message[1024];
    int null = settle_descriptors();
    if (null < 0)
        return EX_OSERR;
    enum err e = settings_read(&settings, argc, argv, message, sizeof(message));
    if (e)
        return complain(status_of_settings(e), message);
    if (settings.task == TASK_HELP)
        return fputs(settings_help, stdout) < 0 || fflush(stdout) != 0 ? EX_IOERR : EX_OK;
    if (settings.task == TASK_VERSION)
        return printf("secmsg-handler %s\n", SECMSG_VERSION) < 0 || fflush(stdout) != 0 ? EX_IOERR
                                                                                        : EX_OK;
    const char *obstacle = settings.task == TASK_SERVE ? find_obstacle(&settings) : NULL;
    if (obstacle)
        return complain(EX_USAGE, obstacle);
    return run(&settings, null);
}
