/* table.h: where a source's penalties and registrations are kept: a place out of LAYOUT_WAYS that a keyed hash gives
 * it.
 *
 * What happens when they are all taken: whoever has the least to remember of him gives way, but only to one who has
 * more. So whoever comes from many addresses can neither get the worst offenders forgotten by a crowd of small ones,
 * nor lock anybody out (OpenSSH's `deny-all` would let him): what finds no place isn't remembered, and counted. */
#ifndef SECMSG_GUARD_TABLE_H
#define SECMSG_GUARD_TABLE_H

#include "guard/layout.h"

/* The source's place, or NULL. */
struct layout_source *table_find(const struct guard *guard, uint64_t source);

/* The same, and gives it one if it has none and what is to be remembered lasts so many ms from now. */
struct layout_source *table_claim(const struct guard *guard, uint64_t source, uint64_t lasts_ms,
                                  uint64_t now_ms);

/* Whether a place is one where its source would be found. */
bool table_is_placed(const struct guard *guard, const struct layout_source *place);

#endif
