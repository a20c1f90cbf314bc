/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list that the kernel walks when a process ends: here of one entry at most. The kernel frees only words that
 * hold the process's own number, so one that is watched and not taken is left alone. */
#include "guard/robust.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#include "base/banned.h"

static struct robust_list entry;
static struct robust_list_head head = {.list = {.next = &head.list}};

uint32_t robust_self(void)
{
    head.list.next = &head.list;
    if (syscall(SYS_set_robust_list, &head, sizeof(head)) != 0)
        log_event(LOG_LEVEL_DEBUG, "guard", "call=set_robust_list");
    return (uint32_t)gettid() & FUTEX_TID_MASK;
}

void robust_watch(_Atomic uint32_t *word)
{
    head.futex_offset = (long)((uintptr_t)word - (uintptr_t)&entry);
    entry.next = &head.list;
    atomic_signal_fence(memory_order_seq_cst);
    head.list.next = &entry;
    atomic_signal_fence(memory_order_seq_cst);
}

void robust_forget(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    head.list.next = &head.list;
}

bool robust_is_owned(uint32_t value)
{
    return (value & FUTEX_TID_MASK) != 0;
}
