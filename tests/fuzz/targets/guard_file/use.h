/* SPDX-License-Identifier: GPL-3.0-or-later */
/* use.h: what handlers and operators do with the file; each time all that guard.h says of it holds. */
#ifndef SECMSG_TESTS_FUZZ_GUARD_FILE_USE_H
#define SECMSG_TESTS_FUZZ_GUARD_FILE_USE_H

#include "tests/fuzz/targets/guard_file/scene.h"

/* The handler has another connection, from there. */
enum guard_verdict use_enter(struct guard *guard, const struct source_peer *peer);

/* The handler's connection does that. */
void use_penalise(struct guard *guard, enum guard_offence offence);

/* The handler's connection registers, and if it may not and is patient, comes again when it was told to. */
void use_register(struct guard *guard, bool is_patient);

void use_clear(const struct source_peer *peer);
void use_clear_all(void);

void use_count(struct span *in);

void use_pressure(void);

#endif
