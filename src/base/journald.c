/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NAME=value and a line feed; a value that has a line feed in it goes behind its length instead, so that nothing in it
 * can be taken for another field. */
#include "base/journald.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

static bool is_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = strlen(name);
    return len > 0 && len <= JOURNALD_NAME_MAX && strchr(letters, name[0]) != NULL &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len;
}

static void append(struct journald_entry *entry, const void *data, size_t len)
{
    if (len > 0)
        memcpy(entry->data + entry->len, data, len);
    entry->len += len;
}

/* 64 bits, the least significant byte first, on every machine. */
static void append_length(struct journald_entry *entry, uint64_t len)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(len >> 8 * i);
    append(entry, bytes, sizeof(bytes));
}

void journald_add(struct journald_entry *entry, const char *name, struct span value)
{
    size_t rest = sizeof(entry->data) - entry->len, len = strlen(name);
    size_t around = len + 2 + sizeof(uint64_t);
    if (!is_name(name) || around > rest || value.len > rest - around)
        return;
    append(entry, name, len);
    if (value.len > 0 && memchr(value.data, '\n', value.len) != NULL) {
        append(entry, "\n", 1);
        append_length(entry, value.len);
    } else {
        append(entry, "=", 1);
    }
    append(entry, value.data, value.len);
    append(entry, "\n", 1);
}

int journald_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

bool journald_send(int fd, const struct journald_entry *entry)
{
    return write(fd, entry->data, entry->len) == (ssize_t)entry->len;
}
