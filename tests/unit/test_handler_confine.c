/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a confined handler can't do, each thing tried by a process that has confined itself as the handler does. Landlock
 * refuses; the system call filter ends the process. */
#include "handler/confine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "handler/landlock.h"

#include "base/banned.h"

struct place {
    char root[200];
    char store[256];   /* what is allowed */
    char outside[256]; /* a file beside it */
    char inside[300];
    int outside_dir; /* open before the confinement */
    int tcp;         /* listens, on this address */
    struct sockaddr_in address;
    int abstract; /* listens, under a name that no file has */
    struct sockaddr_un name;
    socklen_t name_len;
    pid_t parent;
};

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "text\n", 5), 5);
    close(fd);
}

/* Under whatever name the kernel finds free. */
static int listen_abstract(struct place *p)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    p->name.sun_family = AF_UNIX;
    p->name_len = sizeof(p->name);
    if (bind(fd, (struct sockaddr *)&p->name, sizeof(sa_family_t)) || listen(fd, 5) ||
        getsockname(fd, (struct sockaddr *)&p->name, &p->name_len))
        return -1;
    return fd;
}

static int enter(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    const char *base = getenv("TMPDIR");
    *state = p;
    snprintf(p->root, sizeof(p->root), "%s/secmsg-confine-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(p->root) == NULL)
        return -1;
    snprintf(p->store, sizeof(p->store), "%s/store", p->root);
    snprintf(p->outside, sizeof(p->outside), "%s/outside", p->root);
    snprintf(p->inside, sizeof(p->inside), "%s/inside", p->store);
    if (mkdir(p->store, 0700) != 0)
        return -1;
    make_file(p->outside);
    make_file(p->inside);
    p->outside_dir = open(p->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    p->parent = getpid();
    socklen_t len = sizeof(p->address);
    p->address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    p->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    p->abstract = listen_abstract(p);
    return p->abstract < 0 || bind(p->tcp, (struct sockaddr *)&p->address, len) ||
           listen(p->tcp, 5) || getsockname(p->tcp, (struct sockaddr *)&p->address, &len);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static int leave(void **state)
{
    struct place *p = *state;
    close(p->outside_dir);
    close(p->tcp);
    close(p->abstract);
    int failed = nftw(p->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(p);
    return failed;
}

/* Something to try: 0 where it was done, an errno where it was refused. */
typedef int attempt(const struct place *p);

static int result(long value)
{
    return value < 0 ? errno : 0;
}

/* What waitpid says of a child that tried it, confined as far as said. */
static int try_confined(const struct place *p, attempt *what,
                        enum err (*confine)(const struct place *))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        _exit(confine(p) ? 99 : what(p));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static enum err by_landlock(const struct place *p)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ERR_IO;
    return landlock_confine(p->store);
}

static enum err by_filter(const struct place *p)
{
    (void)p;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ERR_IO;
    return confine_filter();
}

static enum err by_all(const struct place *p)
{
    struct settings settings = {.confinement = CONFINEMENT_REQUIRED};
    snprintf(settings.store, sizeof(settings.store), "%s", p->store);
    return confine_self(&settings);
}

/* ---- attempts ---- */

static int open_path(const char *path, int flags)
{
    return result(open(path, flags | O_CLOEXEC, 0600));
}

static int read_inside(const struct place *p)
{
    return open_path(p->inside, O_RDONLY);
}

static int write_inside(const struct place *p)
{
    return open_path(p->inside, O_WRONLY | O_TRUNC);
}

static int make_inside(const struct place *p)
{
    char path[400], other[400];
    snprintf(path, sizeof(path), "%s/made", p->store);
    snprintf(other, sizeof(other), "%s/renamed", p->store);
    int failed = open_path(path, O_RDWR | O_CREAT | O_EXCL);
    if (!failed)
        failed = result(renameat(AT_FDCWD, path, AT_FDCWD, other));
    if (!failed)
        failed = result(unlinkat(AT_FDCWD, other, 0));
    return failed;
}

static int read_outside(const struct place *p)
{
    return open_path(p->outside, O_RDONLY);
}

static int read_outside_below_open(const struct place *p)
{
    return result(openat(p->outside_dir, "outside", O_RDONLY | O_CLOEXEC));
}

static int read_above(const struct place *p)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/../outside", p->store);
    return open_path(path, O_RDONLY);
}

static int list_outside(const struct place *p)
{
    return open_path(p->root, O_RDONLY | O_DIRECTORY);
}

static int write_outside(const struct place *p)
{
    return open_path(p->outside, O_WRONLY);
}

static int make_outside(const struct place *p)
{
    return result(openat(p->outside_dir, "made", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int remove_outside(const struct place *p)
{
    return result(unlinkat(p->outside_dir, "outside", 0));
}

static int move_out(const struct place *p)
{
    return result(renameat(AT_FDCWD, p->inside, p->outside_dir, "moved"));
}

static int make_socket_file(const struct place *p)
{
    return result(mknodat(p->outside_dir, "store/socket", S_IFSOCK | 0600, 0));
}

static int execute(const struct place *p)
{
    char program[] = "/bin/true";
    char *const arguments[] = {program, NULL};
    (void)p;
    return result(execv(program, arguments));
}

static int execute_inside(const struct place *p)
{
    char path[300];
    snprintf(path, sizeof(path), "%s", p->inside);
    char *const arguments[] = {path, NULL};
    return result(execv(path, arguments));
}

static int connect_tcp(const struct place *p)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return result(connect(fd, (const struct sockaddr *)&p->address, sizeof(p->address)));
}

static int bind_tcp(const struct place *p)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)p;
    return result(bind(fd, (const struct sockaddr *)&any, sizeof(any)));
}

static int make_socket(const struct place *p)
{
    (void)p;
    return result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int accept_more(const struct place *p)
{
    return result(accept4(p->tcp, NULL, NULL, SOCK_CLOEXEC));
}

static int connect_abstract(const struct place *p)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return result(connect(fd, (const struct sockaddr *)&p->name, p->name_len));
}

static int make_child(const struct place *p)
{
    (void)p;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return result(child);
}

static void *do_nothing(void *nothing)
{
    return nothing;
}

static int make_thread(const struct place *p)
{
    pthread_t thread;
    (void)p;
    int failed = pthread_create(&thread, NULL, do_nothing, NULL);
    return failed ? failed : pthread_join(thread, NULL);
}

static int read_parent(const struct place *p)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)p, 1};
    return result(process_vm_readv(p->parent, &here, 1, &there, 1, 0));
}

static int make_name_space(const struct place *p)
{
    (void)p;
    return result(unshare(CLONE_NEWUSER));
}

static int trace_parent(const struct place *p)
{
    return result(ptrace(PTRACE_ATTACH, p->parent, NULL, NULL));
}

static int kill_parent(const struct place *p)
{
    return result(kill(p->parent, 0));
}

/* Were it let through, nobody would be hurt: there is no such thread. */
static int abort_thread_of_parent(const struct place *p)
{
    return result((int)syscall(SYS_tgkill, p->parent, 0x3fffffff, SIGABRT));
}

static int map_code(const struct place *p)
{
    (void)p;
    void *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return code == MAP_FAILED ? errno : 0;
}

static int make_code(const struct place *p)
{
    (void)p;
    void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result(mprotect(data, 4096, PROT_READ | PROT_EXEC));
}

/* What is readable would be executable. */
static int make_all_code(const struct place *p)
{
    (void)p;
    return result(personality(READ_IMPLIES_EXEC));
}

static int execute_memory(const struct place *p)
{
    char *const none[] = {NULL};
    (void)p;
    int fd = memfd_create("program", MFD_CLOEXEC);
    return result(syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH));
}

/* System calls that the filter would not see. */
static int make_ring(const struct place *p)
{
    (void)p;
    return result(syscall(SYS_io_uring_setup, 0, NULL));
}

static int read_keys(const struct place *p)
{
    (void)p;
    return result(syscall(SYS_keyctl, 0, -3, 0)); /* KEYCTL_GET_KEYRING_ID, of the session */
}

#if defined(__x86_64__)
/* By the numbers of another architecture. */
static int ask_in_x32(const struct place *p)
{
    (void)p;
    return result(syscall(0x40000000 | SYS_getpid));
}
#endif

static int push_input(const struct place *p)
{
    (void)p;
    return result(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static int raise_limit(const struct place *p)
{
    const struct rlimit more = {64, 64};
    (void)p;
    return result(setrlimit(RLIMIT_NPROC, &more));
}

static int mount_something(const struct place *p)
{
    (void)p;
    return result(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL));
}

static int load_bpf(const struct place *p)
{
    (void)p;
    return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int send_elsewhere(const struct place *p)
{
    return result(
        sendto(p->tcp, "x", 1, 0, (const struct sockaddr *)&p->address, sizeof(p->address)));
}

static int ask_core_limit(const struct place *p)
{
    struct rlimit core = {1, 1};
    (void)p;
    if (getrlimit(RLIMIT_CORE, &core))
        return errno;
    return core.rlim_max == 0 ? 0 : EXIT_FAILURE;
}

static int lift_protection(const struct place *p)
{
    (void)p;
    return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* ---- tests ---- */

static void expect_refused(const struct place *p, attempt *what)
{
    int status = try_confined(p, what, by_landlock);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EACCES);
}

static void expect_killed(const struct place *p, attempt *what)
{
    int status = try_confined(p, what, by_filter);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void expect_done(const struct place *p, attempt *what)
{
    int status = try_confined(p, what, by_all);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void files_of_the_store_are_reached(void **state)
{
    expect_done(*state, read_inside);
    expect_done(*state, write_inside);
    expect_done(*state, make_inside);
}

static void other_files_are_not(void **state)
{
    /* By path, below a descriptor that is open, over the store's own `..`; read, listed, written, made, removed. */
    expect_refused(*state, read_outside);
    expect_refused(*state, read_outside_below_open);
    expect_refused(*state, read_above);
    expect_refused(*state, list_outside);
    expect_refused(*state, write_outside);
    expect_refused(*state, make_outside);
    expect_refused(*state, remove_outside);
    expect_refused(*state, make_socket_file);
}

static void no_file_leaves_the_store(void **state)
{
    int status = try_confined(*state, move_out, by_landlock);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == EXDEV || WEXITSTATUS(status) == EACCES);
}

static void nothing_is_executed(void **state)
{
    /* Neither a program of the system's nor what was written into the store: two guards, each alone. */
    expect_refused(*state, execute);
    expect_refused(*state, execute_inside);
    expect_killed(*state, execute);
}

static void no_connection_is_made_or_taken(void **state)
{
    expect_killed(*state, connect_tcp);
    expect_killed(*state, bind_tcp);
    expect_killed(*state, make_socket);
    expect_killed(*state, accept_more);
    expect_killed(*state, connect_abstract);
    expect_killed(*state, send_elsewhere);
}

static void landlock_forbids_tcp_by_itself(void **state)
{
    /* Where the kernel's version can (4 or later: Linux 6.7). */
    if (syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1u) < 4)
        return;
    expect_refused(*state, connect_tcp);
    expect_refused(*state, bind_tcp);
}

static void landlock_knows_whom_it_confines(void **state)
{
    /* Where the kernel's version can (6 or later: Linux 6.12). */
    if (syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1u) < 6)
        return;
    static attempt *const attempts[] = {connect_abstract, kill_parent};
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        int status = try_confined(*state, attempts[i], by_landlock);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EPERM);
    }
}

static void other_processes_are_out_of_reach(void **state)
{
    expect_killed(*state, make_child);
    expect_killed(*state, make_thread);
    expect_killed(*state, make_name_space);
    expect_killed(*state, read_parent);
    expect_killed(*state, trace_parent);
    expect_killed(*state, kill_parent);
    expect_killed(*state, abort_thread_of_parent);
}

static void no_code_is_made(void **state)
{
    expect_killed(*state, map_code);
    expect_killed(*state, make_code);
    expect_killed(*state, make_all_code);
    expect_killed(*state, execute_memory);
}

static void the_system_is_out_of_reach(void **state)
{
    expect_killed(*state, push_input);
    expect_killed(*state, raise_limit);
    expect_killed(*state, mount_something);
    expect_killed(*state, load_bpf);
    expect_killed(*state, make_ring);
    expect_killed(*state, read_keys);
#if defined(__x86_64__)
    expect_killed(*state, ask_in_x32);
#endif
    expect_killed(*state, lift_protection);
}

static void there_is_no_core(void **state)
{
    /* With a sanitizer too, where the other limits aren't (confine.c). */
    expect_done(*state, ask_core_limit);
}

static void what_is_tried_here_works_without(void **state)
{
    /* Else the tests above would show nothing. */
    const struct place *p = *state;
    static attempt *const attempts[] = {read_outside,  read_above,       list_outside,
                                        write_outside, make_socket_file, make_socket,
                                        connect_tcp,   bind_tcp,         map_code,
                                        make_code,     connect_abstract, make_child,
                                        make_thread,   kill_parent,      read_parent};
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
        assert_int_equal(attempts[i](p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_of_the_store_are_reached, enter, leave),
        cmocka_unit_test_setup_teardown(other_files_are_not, enter, leave),
        cmocka_unit_test_setup_teardown(no_file_leaves_the_store, enter, leave),
        cmocka_unit_test_setup_teardown(nothing_is_executed, enter, leave),
        cmocka_unit_test_setup_teardown(no_connection_is_made_or_taken, enter, leave),
        cmocka_unit_test_setup_teardown(landlock_forbids_tcp_by_itself, enter, leave),
        cmocka_unit_test_setup_teardown(landlock_knows_whom_it_confines, enter, leave),
        cmocka_unit_test_setup_teardown(other_processes_are_out_of_reach, enter, leave),
        cmocka_unit_test_setup_teardown(no_code_is_made, enter, leave),
        cmocka_unit_test_setup_teardown(the_system_is_out_of_reach, enter, leave),
        cmocka_unit_test_setup_teardown(there_is_no_core, enter, leave),
        cmocka_unit_test_setup_teardown(what_is_tried_here_works_without, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
