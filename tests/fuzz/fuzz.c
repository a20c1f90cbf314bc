/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joins a target to libFuzzer. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "crypto/crypto.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int report = STDERR_FILENO; /* libFuzzer shuts the program's own away */
static char directory[128];

void fuzz_fail(const char *file, int line, const char *claim)
{
    dprintf(report, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

uint8_t fuzz_take_byte(struct span *in)
{
    struct span taken = fuzz_take(in, 1);
    return taken.len > 0 ? taken.data[0] : 0;
}

uint32_t fuzz_take_number(struct span *in, uint32_t below)
{
    uint32_t number = 0;
    for (uint32_t most = below - 1; most > 0; most >>= 8)
        number = number << 8 | fuzz_take_byte(in);
    return number % below;
}

struct span fuzz_take(struct span *in, size_t n)
{
    struct span taken = span_of(in->data, n < in->len ? n : in->len);
    *in = span_of(in->data + taken.len, in->len - taken.len);
    return taken;
}

struct span fuzz_take_some(struct span *in)
{
    return fuzz_take(in, fuzz_take_number(in, 65536));
}

char *fuzz_text(struct span in, char *text, size_t size)
{
    size_t n = 0;
    for (; n < in.len && n < size - 1 && in.data[n] != '\0'; n++)
        text[n] = (char)in.data[n];
    text[n] = '\0';
    return text;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    return where->level == 0 ? 0 : remove(path);
}

void fuzz_empty_directory(const char *path)
{
    FUZZ_HOLDS(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static void remove_directory(void)
{
    fuzz_empty_directory(directory);
    rmdir(directory);
}

const char *fuzz_directory(void)
{
    const char *base = getenv("TMPDIR");
    if (directory[0] != '\0')
        return directory;
    snprintf(directory, sizeof(directory), "%s/secmsg-fuzz-XXXXXX",
             base != NULL && *base != '\0' ? base : "/tmp");
    FUZZ_HOLDS(mkdtemp(directory) != NULL);
    atexit(remove_directory);
    return directory;
}

static void write_all(int fd, struct span content)
{
    FUZZ_HOLDS(fd >= 0);
    FUZZ_OK(file_write_all(fd, content));
}

void fuzz_write_file(const char *path, struct span content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    write_all(fd, content);
    close(fd);
}

int fuzz_memory_file(struct span content)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    write_all(fd, content);
    FUZZ_HOLDS(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

void fuzz_memory_path(char path[static FUZZ_PATH_SIZE], int fd)
{
    snprintf(path, FUZZ_PATH_SIZE, "/proc/self/fd/%d", fd);
}

bool fuzz_is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    return true;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
    signal(SIGPIPE, SIG_IGN);
    FUZZ_OK(crypto_init(65536));
    log_open("fuzz", (enum log_level)0); /* nothing */
    fuzz_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one(span_of(data, size));
    return 0;
}
