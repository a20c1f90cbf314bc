/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIGBUS: the instruction that met it is tried again when the handler returns, and finds memory there. */
#include "guard/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/banned.h"

static struct {
    void *mapping;
    size_t size;
} watched;

static void replace(int number, siginfo_t *info, void *context)
{
    (void)context;
    int error = errno;
    uintptr_t at = (uintptr_t)info->si_addr, start = (uintptr_t)watched.mapping;
    if (at < start || at - start >= watched.size ||
        mmap(watched.mapping, watched.size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        signal(number, SIG_DFL);
    errno = error;
}

void fault_watch(void *mapping, size_t size)
{
    struct sigaction action = {.sa_sigaction = replace, .sa_flags = SA_SIGINFO};
    watched.mapping = mapping;
    watched.size = size;
    sigaction(SIGBUS, &action, NULL);
}

void fault_forget(void)
{
    watched.size = 0;
}
