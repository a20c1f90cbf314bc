/* SPDX-License-Identifier: GPL-3.0-or-later */
/* when.h: times as people read them. */
#ifndef SECMSG_CLIENT_WHEN_H
#define SECMSG_CLIENT_WHEN_H

#include <stdint.h>

#define WHEN_SIZE 40

/* ISO 8601 in the local time zone: 2026-03-01T09:30:00+01:00; `second <n>` where no calendar reaches. */
void when_text(char text[static WHEN_SIZE], uint64_t seconds);

#endif
