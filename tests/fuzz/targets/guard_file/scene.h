/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scene.h: who has to do with the file, and when. */
#ifndef SECMSG_TESTS_FUZZ_GUARD_FILE_SCENE_H
#define SECMSG_TESTS_FUZZ_GUARD_FILE_SCENE_H

#include "guard/layout.h"
#include "tests/fuzz/fuzz.h"

#define PEERS 8

extern struct guard_limits scene_limits;      /* the handlers' */
extern struct guard scene;                    /* the file; all others are copies of this handle */
extern struct guard scene_operator;           /* who looks, and has no limits */
extern struct source_peer scene_peers[PEERS]; /* the first is local, the last the input's */
extern uint64_t scene_now_ms;

void scene_pass(uint64_t seconds);

#endif
