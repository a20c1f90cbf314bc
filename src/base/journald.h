/* journald.h: entries with fields for systemd's journal, in its native protocol.
 *
 * One entry is one datagram of fields (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/), as sd_journal_sendv(3) sends it,
 * written here because libsystemd costs each connection 0.4 ms. */
#ifndef SECMSG_BASE_JOURNALD_H
#define SECMSG_BASE_JOURNALD_H

#include <stdbool.h>

#include "base/bytes.h"

#define JOURNALD_SOCKET   "/run/systemd/journal/socket"
#define JOURNALD_NAME_MAX 64 /* bytes of a field's name that the journal takes */

/* An entry in the making: zero before the first field. */
struct journald_entry {
    uint8_t data[6144];
    size_t len;
};

/* Adds a field. The name is of A-Z, 0-9 and _, begins with a letter and has at most JOURNALD_NAME_MAX of them: another
 * one is a mistake of the program's, and left out, as is a field for which there is no room: an entry is sent with
 * what fits. The value may be any bytes. */
void journald_add(struct journald_entry *entry, const char *name, struct span value);

/* A descriptor for journald_send, or -1. It never waits, and stays good when journald is started anew, because systemd
 * keeps the socket meanwhile. */
int journald_connect(const char *path);

/* Whether the journal has the entry. It hasn't where it is stopped, or has no room: nothing waits for it. One write(2),
 * which a process that has confined itself may still do. */
bool journald_send(int fd, const struct journald_entry *entry);

#endif
