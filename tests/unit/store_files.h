/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_files.h: an embedded store's files, from behind its back. */
#ifndef SECMSG_TESTS_UNIT_STORE_FILES_H
#define SECMSG_TESTS_UNIT_STORE_FILES_H

#include <fcntl.h>
#include <glob.h>

#include "tests/unit/store_fixture.h"

/* The shards' files of that name; globfree is the caller's. */
static FIXTURE_UNUSED glob_t files_named(const struct fixture *f, const char *name)
{
    char pattern[400];
    glob_t found = {0};
    snprintf(pattern, sizeof(pattern), "%s/shards/*/%s", f->store, name);
    glob(pattern, 0, NULL, &found);
    return found;
}

/* The one there is. */
struct file_path {
    char text[400];
};

static FIXTURE_UNUSED struct file_path file_named(const struct fixture *f, const char *name)
{
    struct file_path path;
    glob_t found = files_named(f, name);
    assert_int_equal(found.gl_pathc, 1);
    snprintf(path.text, sizeof(path.text), "%s", found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static FIXTURE_UNUSED void files_remove(const struct fixture *f, const char *name)
{
    glob_t found = files_named(f, name);
    for (size_t i = 0; i < found.gl_pathc; i++)
        assert_int_equal(unlink(found.gl_pathv[i]), 0);
    globfree(&found);
}

static FIXTURE_UNUSED void file_write(const char *path, const void *data, size_t n, uint64_t offset)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, n, (off_t)offset), n);
    close(fd);
}

static FIXTURE_UNUSED void file_read_at(const char *path, void *data, size_t n, uint64_t offset)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, data, n, (off_t)offset), n);
    close(fd);
}

static FIXTURE_UNUSED void file_flip(const char *path, uint64_t offset, unsigned bit)
{
    uint8_t byte;
    file_read_at(path, &byte, 1, offset);
    byte ^= (uint8_t)(1u << bit);
    file_write(path, &byte, 1, offset);
}

/* More than a flipped bit, which would be mended. Done twice, all is as it was. */
static FIXTURE_UNUSED void file_spoil(const char *path, uint64_t offset)
{
    file_flip(path, offset, 1);
    file_flip(path, offset + 1, 6);
}

static FIXTURE_UNUSED uint64_t file_size(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

#endif
