/* fault.h: a mapped file that is cut, or whose disk fails, must end no session. */
#ifndef SECMSG_GUARD_FAULT_H
#define SECMSG_GUARD_FAULT_H

#include <stddef.h>

/* From now on a SIGBUS within the mapping replaces all of it by zeros that nobody shares. One mapping a process. After
 * the process has confined itself this needs mmap(2), private and anonymous, and rt_sigreturn(2). */
void fault_watch(void *mapping, size_t size);

/* It is no longer there. */
void fault_forget(void);

#endif
