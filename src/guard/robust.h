/* robust.h: a word in shared memory that the kernel frees when its owner dies, however it dies.
 *
 * What glibc has for this (PTHREAD_MUTEX_ROBUST) keeps pointers in the shared memory; here they are this process's
 * own, so that garbage there can't lead anywhere. See get_robust_list(2), and the kernel's robust-futex-ABI. */
#ifndef SECMSG_GUARD_ROBUST_H
#define SECMSG_GUARD_ROBUST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* This process's number, as it stands in a word that is its own. Asks for the kernel's help first: one word a
 * process, and no robust mutexes beside it. Without that help a word stays as it is when its owner dies. */
uint32_t robust_self(void);

/* Should this process die from now on while the word is its own, the word is freed. Before the word is taken. */
void robust_watch(_Atomic uint32_t *word);

/* No longer. After it was given back. */
void robust_forget(void);

/* Whether a word with this value is somebody's. */
bool robust_is_owned(uint32_t value);

#endif
