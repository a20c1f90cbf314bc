/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs while secmsg is built: prints the handler's system call filter as numbers for the C compiler. Invariant: what
 * isn't in these tables ends the process.
 *
 * So the handler itself needs no libseccomp, and each connection pays for one system call instead of a
 * compiler. */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Whatever the arguments: files below a descriptor that is open (Landlock says which), the connection, memory, time. A
 * name that this kind of machine doesn't have is skipped. */
static const char *const plain[] = {
    /* files */
    "read",
    "write",
    "pread64",
    "pwrite64",
    "readv",
    "writev",
    "preadv",
    "pwritev",
    "openat",
    "close",
    "fstat",
    "newfstatat",
    "statx",
    "lseek",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "flock",
    "unlinkat",
    "renameat",
    "renameat2",
    "mkdirat",
    "getdents64",
    "statfs",
    "fstatfs",
    "faccessat",
    "faccessat2",
    "dup2",
    "dup3",
    "memfd_create",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    /* the connection */
    "poll",
    "ppoll",
    "shutdown",
    "getsockname",
    "getpeername",
    /* memory and time */
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "mlock",
    "munlock",
    "getrandom",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "clock_nanosleep",
    "nanosleep",
    "restart_syscall",
    /* the process */
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "futex",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "sysinfo",
    "exit",
    "exit_group",
};

/* With one argument of one value, under a mask. tgkill isn't here, so that abort(3) ends by SIGSYS: a filter that is made
 * while secmsg is built can't know the process's own number, and who may signal any process could end every session. */
static const struct checked {
    const char *name;
    unsigned argument;
    uint64_t mask;
    uint64_t value;
} checked[] = {
    {"mmap", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    {"fcntl", 1, UINT32_MAX, F_DUPFD_CLOEXEC},
    {"fcntl", 1, UINT32_MAX, F_GETFD},
    {"fcntl", 1, UINT32_MAX, F_SETFD},
    {"fcntl", 1, UINT32_MAX, F_GETFL},
    {"fcntl", 1, UINT32_MAX, F_SETFL},
    {"fcntl", 1, UINT32_MAX, F_OFD_SETLK},
    {"fcntl", 1, UINT32_MAX, F_OFD_GETLK},
    {"ioctl", 1, UINT32_MAX, TCGETS},  /* stdio asks whether it writes to a terminal, */
    {"ioctl", 1, UINT32_MAX, TCGETS2}, /* and so it does from glibc 2.42 on */
    {"sendto", 4, UINT64_MAX, 0},      /* to whom the socket is connected, and nobody else */
    {"prlimit64", 2, UINT64_MAX, 0},   /* asking, not setting */
};

static int fail(const char *what, int error)
{
    fprintf(stderr, "filter: %s: %s\n", what, strerror(error < 0 ? -error : error));
    return 1;
}

/* 0, or a negative errno. */
static int add_rules(scmp_filter_ctx filter)
{
    int failed = 0;
    for (size_t i = 0; !failed && i < COUNT(plain); i++) {
        int number = seccomp_syscall_resolve_name(plain[i]);
        if (number >= 0)
            failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    }
    for (size_t i = 0; !failed && i < COUNT(checked); i++) {
        const struct checked *c = &checked[i];
        int number = seccomp_syscall_resolve_name(c->name);
        if (number >= 0)
            failed =
                seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
                                 SCMP_CMP64(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value));
    }
    return failed;
}

static int print(int program)
{
    struct sock_filter line;
    ssize_t n;
    if (lseek(program, 0, SEEK_SET) != 0)
        return fail("lseek", errno);
    printf("static const struct sock_filter filter[] = {\n");
    while ((n = read(program, &line, sizeof(line))) == (ssize_t)sizeof(line))
        printf("{0x%02x, %u, %u, 0x%08x},\n", line.code, line.jt, line.jf, line.k);
    printf("};\n");
    return n == 0 && fflush(stdout) == 0 ? 0 : fail("output", n < 0 ? errno : EIO);
}

int main(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int program = memfd_create("filter", MFD_CLOEXEC);
    if (filter == NULL || program < 0)
        return fail("seccomp_init", ENOMEM);
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!failed)
        failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    if (!failed)
        failed = add_rules(filter);
    if (!failed)
        failed = seccomp_export_bpf(filter, program);
    seccomp_release(filter);
    return failed ? fail("libseccomp", failed) : print(program);
}
