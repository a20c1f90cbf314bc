/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolve.c: getaddrinfo knows no deadline, so a thread asks. Whoever lets go of the question last frees it: a
 * thread that isn't waited for any more touches nothing of ours. */
#include "resolve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "say.h"
#include "transport.h"

#include "base/banned.h"

struct lookup {
    atomic_int holders;
    int event; /* readable when there is an answer */
    struct address address;
    int failed;
    struct addrinfo *list;
};

static void let_go(struct lookup *l)
{
    if (atomic_fetch_sub(&l->holders, 1) != 1)
        return;
    if (l->list != NULL)
        freeaddrinfo(l->list);
    (void)close(l->event);
    free(l);
}

static void *ask(void *context)
{
    struct lookup *l = context;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    l->failed = getaddrinfo(l->address.host, l->address.port, &hints, &l->list);
    if (l->failed != 0)
        l->list = NULL;
    (void)eventfd_write(l->event, 1);
    let_go(l);
    return NULL;
}

/* Signals are the main thread's. */
static bool start(struct lookup *l)
{
    pthread_t thread;
    pthread_attr_t detached;
    sigset_t all, before;
    if (pthread_attr_init(&detached) != 0)
        return false;
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = pthread_create(&thread, &detached, ask, l) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&detached);
    return is_started;
}

static struct lookup *new_lookup(const struct address *address)
{
    struct lookup *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->address = *address;
    l->event = eventfd(0, EFD_CLOEXEC);
    atomic_init(&l->holders, 2);
    if (l->event >= 0 && start(l))
        return l;
    if (l->event >= 0)
        (void)close(l->event);
    free(l);
    return NULL;
}

enum status resolve_address(const struct address *address, uint64_t deadline_ms,
                            struct addrinfo **list)
{
    enum status status = STATUS_OK;
    struct lookup *l = new_lookup(address);
    if (l == NULL)
        return say_failure(ERR_NO_MEMORY, "can't look up the host");
    struct pollfd wait = {.fd = l->event, .events = POLLIN};
    int ready;
    do
        ready = poll(&wait, 1, clock_poll_timeout(deadline_ms));
    while (ready < 0 && errno == EINTR && !transport_was_broken());
    if (ready == 0) {
        say("can't find the host %s: nobody told its address in time (--timeout).", address->host);
        status = STATUS_TEMPORARY;
    } else if (ready < 0) {
        say("interrupted.");
        status = STATUS_TEMPORARY;
    } else if (l->failed != 0) {
        bool is_passing = l->failed == EAI_AGAIN;
        say("can't find the host %s: %s. %s", address->host, gai_strerror(l->failed),
            is_passing ? "Check the network, or try again later." : "Check its name.");
        status = is_passing ? STATUS_TEMPORARY : STATUS_NO_HOST;
    } else {
        *list = l->list;
        l->list = NULL;
    }
    let_go(l);
    return status;
}
