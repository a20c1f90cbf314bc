/* list.h: what the index finds and can't list is read from the log, without the shard's lock. What became of each item
 * since, or before, is for the caller to look up. */
#ifndef SECMSG_STORE_GDBM_LIST_H
#define SECMSG_STORE_GDBM_LIST_H

#include "store/gdbm/keeper.h"
#include "store/gdbm/scan.h"

/* Appends to `items` what it wants of a record, which is whole. */
typedef enum err list_taker(struct buf *items, const struct scan_record *record);

/* Calls `take` for each record up to where the log ends now, and stops at the first error. ERR_NOT_FOUND: there is no
 * such shard yet. ERR_DAMAGED and the errors of every call. */
enum err list_log(struct gdbm_store *k, unsigned shard, list_taker *take,
                  struct buf *items) MUST_USE;

#endif
