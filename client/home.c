/* SPDX-License-Identifier: GPL-3.0-or-later */
/* home.c: finds, makes and locks the client's directories. They are the user's alone (0700). */
#include "home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define HOST_HEX_SIZE (2 * HOST_KEY_LEN + 1)
#define FIRST_LOGIN   "first-login"
#define DELETED       "deleted"

static bool join(char path[static PATH_MAX], const char *front, const char *back)
{
    int len = snprintf(path, PATH_MAX, "%s%s", front, back);
    return len > 0 && len < PATH_MAX;
}

static bool choose_path(char path[static PATH_MAX], const char *given)
{
    if (given != NULL && given[0] != '\0')
        return join(path, given, "");
    const char *value = getenv("XDG_STATE_HOME");
    if (value != NULL && value[0] == '/')
        return join(path, value, "/secmsg");
    value = getenv("HOME");
    return value != NULL && value[0] == '/' && join(path, value, "/.local/state/secmsg");
}

/* A parent that may be written but not read can't be synced. */
static bool make_one(const char *path)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST;
    return file_sync_name(AT_FDCWD, path) == ERR_OK || errno == EACCES;
}

/* mkdir -p, and each name survives a loss of power. */
static bool make_path(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool is_made = make_one(path);
        *slash = '/';
        if (!is_made)
            return false;
    }
    return make_one(path);
}

static enum status say_unusable(struct home *home)
{
    struct visible_value path = visible_value(span_str(home->path));
    say("can't use the directory %s: %s. Give another with --home DIR.", path.text,
        strerror(errno));
    home_close(home);
    return STATUS_CONFIG;
}

static enum status check_owner(struct home *home)
{
    struct stat st;
    if (fstat(home->dir, &st) != 0)
        return say_unusable(home);
    if ((st.st_uid == geteuid() || geteuid() == 0) && (st.st_mode & 022) == 0)
        return STATUS_OK;
    struct visible_value path = visible_value(span_str(home->path));
    say("the directory %s can be changed by others, so keys aren't safe in it. Make it yours "
        "alone (chmod 700), or give another with --home DIR.",
        path.text);
    home_close(home);
    return STATUS_CONFIG;
}

enum status home_open(struct home *home, const char *path)
{
    home->dir = -1;
    if (!choose_path(home->path, path)) {
        say("don't know where to keep keys: HOME isn't set. Give a directory with --home DIR.");
        return STATUS_CONFIG;
    }
    home->dir = open(home->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (home->dir < 0)
        return errno == ENOENT ? STATUS_OK : say_unusable(home);
    return check_owner(home);
}

enum status home_make(struct home *home)
{
    if (home->dir >= 0)
        return STATUS_OK;
    if (make_path(home->path))
        home->dir = open(home->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return home->dir < 0 ? say_unusable(home) : check_owner(home);
}

void home_close(struct home *home)
{
    if (home->dir >= 0)
        (void)close(home->dir);
    home->dir = -1;
}

static void host_hex(char text[static HOST_HEX_SIZE], const uint8_t host_key[static HOST_KEY_LEN])
{
    for (size_t i = 0; i < HOST_KEY_LEN; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", host_key[i]);
}

/* Makes a directory in dir if it is missing, and sees that its name survives a loss of power. */
static enum err make_dir(int dir, const char *name)
{
    if (mkdirat(dir, name, 0700) == 0)
        return fsync(dir) == 0 ? ERR_OK : ERR_IO;
    return errno == EEXIST ? ERR_OK : ERR_IO;
}

enum err home_step_into(int *dir, int keep, const char *name)
{
    enum err err = make_dir(*dir, name);
    int next = -1;
    if (err == ERR_OK)
        next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (err == ERR_OK && next < 0)
        err = ERR_IO;
    int saved = errno;
    if (*dir != keep)
        (void)close(*dir);
    errno = saved;
    *dir = next;
    return err;
}

enum err home_open_account(const struct home *home, const uint8_t host_key[static HOST_KEY_LEN],
                           const char *user, struct home_account *account)
{
    char hex[HOST_HEX_SIZE];
    int dir = home->dir;
    host_hex(hex, host_key);
    account->dir = -1;
    int len =
        snprintf(account->path, sizeof(account->path), "%s/accounts/%s/%s", home->path, hex, user);
    if (len < 0 || (size_t)len >= sizeof(account->path)) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    enum err err = home_step_into(&dir, home->dir, "accounts");
    if (err == ERR_OK)
        err = home_step_into(&dir, home->dir, hex);
    if (err == ERR_OK)
        err = home_step_into(&dir, home->dir, user);
    account->dir = err == ERR_OK ? dir : -1;
    return err;
}

void home_close_account(struct home_account *account)
{
    if (account->dir >= 0)
        (void)close(account->dir);
    account->dir = -1;
}

static bool is_logged_in(int host_dir, const char *user)
{
    char name[NAME_MAX + sizeof("/" HOME_KEYS)];
    int len = snprintf(name, sizeof(name), "%s/" HOME_KEYS, user);
    return len > 0 && (size_t)len < sizeof(name) && faccessat(host_dir, name, F_OK, 0) == 0;
}

enum err home_find_user(const struct home *home, const uint8_t host_key[static HOST_KEY_LEN],
                        char user[static FIELD_USER_SIZE])
{
    char name[sizeof("accounts/") + HOST_HEX_SIZE] = "accounts/";
    enum err err = ERR_NOT_FOUND;
    host_hex(name + strlen(name), host_key);
    int fd = openat(home->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return fd < 0 && errno != ENOENT ? ERR_IO : ERR_NOT_FOUND;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        struct span found = span_str(entry->d_name);
        if (!field_is_user(found) || !is_logged_in(fd, entry->d_name))
            continue;
        err = err == ERR_NOT_FOUND ? ERR_OK : ERR_EXISTS;
        (void)span_to_text(found, user, FIELD_USER_SIZE);
    }
    (void)closedir(dir);
    return err;
}

static enum err note_time(int account_dir, const char *name, uint64_t now)
{
    char text[24];
    int lock = -1;
    enum err err = home_lock(account_dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK && faccessat(account_dir, name, F_OK, 0) != 0) {
        (void)snprintf(text, sizeof(text), "%" PRIu64 "\n", now);
        err = file_replace(account_dir, name, span_str(text), 0600);
    }
    home_unlock(lock);
    return err;
}

enum err home_note_first_login(int account_dir, uint64_t now)
{
    return note_time(account_dir, FIRST_LOGIN, now);
}

enum err home_note_deleted(int account_dir, uint64_t now)
{
    return note_time(account_dir, DELETED, now);
}

bool home_is_deleted(int account_dir)
{
    return faccessat(account_dir, DELETED, F_OK, 0) == 0;
}

uint64_t home_first_login(int account_dir)
{
    uint64_t seconds = 0;
    struct buf text = BUF_INIT(24);
    if (file_read(account_dir, FIRST_LOGIN, &text) == ERR_OK && text.len > 0 &&
        field_number(span_of(text.data, text.len - 1), &seconds) != ERR_OK)
        seconds = 0;
    buf_free(&text);
    return seconds;
}

enum err home_lock(int dir, const char *name, uint64_t wait_ms, int *lock)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    uint64_t deadline = clock_monotonic_ms() + wait_ms;
    *lock = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*lock < 0)
        return ERR_IO;
    while (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        bool is_held = errno == EWOULDBLOCK || errno == EINTR;
        if (!is_held || clock_monotonic_ms() >= deadline) {
            int saved = errno;
            (void)close(*lock);
            *lock = -1;
            errno = saved;
            return is_held ? ERR_BUSY : ERR_IO;
        }
        (void)nanosleep(&pause, NULL);
    }
    return ERR_OK;
}

void home_unlock(int lock)
{
    if (lock >= 0)
        (void)close(lock);
}
