/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz.h: what the targets share: the input as bytes to be taken from, claims that must hold, files in memory.
 *
 * A target is one file in targets/, which defines the two functions at the end. fuzz.c is the rest of it. */
#ifndef SECMSG_TESTS_FUZZ_FUZZ_H
#define SECMSG_TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* What must hold whatever the input is. The fuzzer keeps an input for which it doesn't. */
#define FUZZ_HOLDS(claim) ((claim) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #claim))
__attribute__((noreturn)) void fuzz_fail(const char *file, int line, const char *claim);

/* ERR_OK, of what can fail only for want of memory. */
#define FUZZ_OK(call) FUZZ_HOLDS((call) == ERR_OK)

/* Take from the front of the input. Behind its end there are zeros, and empty spans. */
uint8_t fuzz_take_byte(struct span *in);
uint32_t fuzz_take_number(struct span *in, uint32_t below); /* below > 0 */
struct span fuzz_take(struct span *in, size_t n);
struct span fuzz_take_some(struct span *in); /* of a length that stands before it, in two bytes */

/* The input as a string without zero bytes, cut to size - 1. Returns `text`. */
char *fuzz_text(struct span in, char *text, size_t size);

/* A directory of this process's own, made once and removed at its end. */
const char *fuzz_directory(void);

/* Removes what is in a directory, and all below it. */
void fuzz_empty_directory(const char *path);

/* Makes or replaces a file. */
void fuzz_write_file(const char *path, struct span content);

/* A file that has no name, with this content: its descriptor, and the path that opens it again. */
#define FUZZ_PATH_SIZE 32
int fuzz_memory_file(struct span content);
void fuzz_memory_path(char path[static FUZZ_PATH_SIZE], int fd);

/* Printable ASCII and nothing else. */
bool fuzz_is_printable(struct span text);

/* ---- what a target defines ---- */

/* Once, before the first input; libgcrypt is ready. */
void fuzz_start(void);

/* Of each input; leaves nothing behind that the next one would see. */
void fuzz_one(struct span in);

#endif
