/* SPDX-License-Identifier: GPL-3.0-or-later */
/* garbage.h: what may stand behind the file's header. */
#ifndef SECMSG_TESTS_FUZZ_GUARD_FILE_GARBAGE_H
#define SECMSG_TESTS_FUZZ_GUARD_FILE_GARBAGE_H

#include "base/buf.h"

/* Puts some of it there, as the input has it. */
void garbage_spill(struct span *in);

#endif
