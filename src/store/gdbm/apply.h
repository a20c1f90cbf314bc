/* SPDX-License-Identifier: GPL-3.0-or-later */
/* apply.h: what a record does to the index. The same for a new record and for one read from the log. */
#ifndef SECMSG_STORE_GDBM_APPLY_H
#define SECMSG_STORE_GDBM_APPLY_H

#include "store/gdbm/index.h"

struct apply_record {
    uint64_t place;
    uint64_t size;
    struct record_head head;
    struct span fixed; /* the record's payload: */
    struct span rest;  /* its structure of layout.h, and what follows */
};

/* Splits a payload, and gives the head of a record without an age one; ERR_DAMAGED if it isn't of its type's form, ERR_UNSUPPORTED for a type of a newer format. */
enum err apply_split(struct apply_record *record, struct span payload) MUST_USE;

/* Applies it, and counts it in the marker. Nothing here reads a clock: what depends on time depends on the
 * record's. ERR_DAMAGED: the index contradicts the record. Else errors as index_put. */
enum err apply_to_index(struct index *index, struct marker *marker,
                        const struct apply_record *record) MUST_USE;

/* What goes with a damaged record of that type, in a word, where all else can do without it; NULL: what may be an
 * account. */
const char *apply_lost(uint8_t type);

#endif
