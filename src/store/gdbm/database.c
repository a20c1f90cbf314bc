/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why all this: gdbm_close syncs a writer's file, which would cost every session 1.4 ms for an index that can
 * be built again; a call may fail and return success, which gdbm_needs_recovery still shows; mmap would
 * turn a full disk into SIGBUS; its own locks are taken after it has looked at the file. */
#include "store/gdbm/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/place.h"

#include "base/banned.h"

#if defined(__SANITIZE_ADDRESS__)
/* GDBM 1.23 doesn't free its header when it refuses a damaged file; everything else that leaks is ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:gdbm_fd_open\n";
}
#endif

/* GDBM writes a whole bucket, of this size, for each entry stored. And it doesn't open a file that ends with its
 * directory (validate_header in 1.23 asks for more behind it): as it comes to be when the directory is doubled,
 * into new space, and the new bucket then finds room before it. So a bucket must be larger than any entry that
 * leaves a hole: with half of this, files that couldn't be opened again came up in a crowd of writers. */
#define BLOCK_SIZE 1024
#define NAME       "index.gdbm" /* for GDBM's own messages */
#define PADDING    (64 * 1024)  /* more than any hole, but for old directories' */

#define FLAGS (GDBM_NOMMAP | GDBM_NOLOCK | GDBM_CLOEXEC | GDBM_CLOERROR)

static bool is_no_space(int system)
{
    return system == ENOSPC || system == EDQUOT || system == EFBIG;
}

enum err database_failed(GDBM_FILE db, const char *what)
{
    gdbm_error code = gdbm_last_errno(db);
    int system = gdbm_check_syserr(code) ? gdbm_last_syserr(db) : 0;
    if (is_no_space(system))
        return ERR_NO_SPACE;
    if (code == GDBM_MALLOC_ERROR)
        return ERR_NO_MEMORY;
    log_event(LOG_LEVEL_WARNING, "index_failed", "call=%s gdbm=\"%s\" errno=%d", what,
              gdbm_strerror(code), system);
    return system != 0 ? ERR_IO : ERR_DAMAGED;
}

enum err database_open_failed(const char *what, int system)
{
    if (is_no_space(system))
        return ERR_NO_SPACE;
    log_event(LOG_LEVEL_ERROR, "index_open_failed", "call=%s errno=%d gdbm=\"%s\"", what, system,
              gdbm_strerror(gdbm_errno));
    return ERR_IO;
}

/* Why GDBM didn't open a file. Only what stood in it before can be damaged, and that may also lead GDBM to
 * places that no file has (EINVAL) or to ask for any amount of memory. */
static enum err refused(bool is_new, int system)
{
    bool is_system = gdbm_check_syserr(gdbm_errno) != 0 && system != 0;
    if (is_new && gdbm_errno == GDBM_MALLOC_ERROR)
        return ERR_NO_MEMORY;
    if (is_new || (is_system && system != EINVAL && system != EOVERFLOW))
        return database_open_failed("gdbm_fd_open", system);
    return ERR_DAMAGED;
}

enum err database_open(GDBM_FILE *db, int fd, int flags)
{
    *db = gdbm_fd_open(fd, NAME, BLOCK_SIZE, flags | FLAGS, NULL);
    if (*db == NULL)
        return refused(flags == GDBM_NEWDB, errno);
    if (!gdbm_needs_recovery(*db))
        return ERR_OK;
    gdbm_close(*db);
    *db = NULL;
    return flags == GDBM_NEWDB ? refused(true, errno) : ERR_DAMAGED;
}

/* The sync in gdbm_close then fails at once (EBADF). Nothing is lost by it: GDBM keeps no change back once a call
 * has returned. */
void database_close(GDBM_FILE db, int dir)
{
    if (db == NULL)
        return;
    if (dup3(dir, gdbm_fdesc(db), O_CLOEXEC) < 0)
        log_event(LOG_LEVEL_WARNING, "index_drop_failed", "errno=%d", errno);
    gdbm_close(db);
}

static enum err write_out(GDBM_FILE db, int file)
{
    struct stat st;
    int memory = gdbm_fdesc(db);
    if (fstat(memory, &st) != 0)
        return database_open_failed("fstat", errno);
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, memory, 0);
    if (data == MAP_FAILED)
        return ERR_NO_MEMORY;
    bool is_written = place_write(file, data, (size_t)st.st_size, 0);
    int system = errno;
    munmap(data, (size_t)st.st_size);
    return is_written ? ERR_OK : database_open_failed("pwrite", system);
}

/* A file that GDBM wouldn't open, see BLOCK_SIZE, gets something behind its directory. */
static enum err pad(GDBM_FILE db)
{
    static char nothing[PADDING];
    char key[] = "padding";
    datum name = {.dptr = key, .dsize = sizeof(key)};
    datum value = {.dptr = nothing, .dsize = sizeof(nothing)};
    if (gdbm_store(db, name, value, GDBM_REPLACE) != 0 || gdbm_delete(db, name) != 0)
        return database_failed(db, "pad");
    return ERR_OK;
}

static enum err open_moved(GDBM_FILE *db, int file)
{
    int fd = fcntl(file, F_DUPFD_CLOEXEC, 0); /* GDBM closes its own */
    if (fd < 0)
        return database_open_failed("dup", errno);
    *db = gdbm_fd_open(fd, NAME, BLOCK_SIZE, GDBM_WRITER | FLAGS, NULL);
    return *db == NULL && gdbm_errno != GDBM_BAD_HEADER ? refused(true, errno) : ERR_OK;
}

enum err database_move(GDBM_FILE *db, int file, int dir)
{
    GDBM_FILE moved = NULL;
    for (int tries = 0; moved == NULL && tries < 3; tries++) {
        enum err e = tries > 0 ? pad(*db) : ERR_OK;
        if (!e)
            e = write_out(*db, file);
        if (!e)
            e = open_moved(&moved, file);
        if (e)
            return e;
    }
    if (moved == NULL)
        return refused(true, errno);
    database_close(*db, dir);
    *db = moved;
    return ERR_OK;
}
