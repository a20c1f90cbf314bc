/* SPDX-License-Identifier: GPL-3.0-or-later */
/* invitation.h: what the records of invitations to any name do to the index, and what of them a compaction keeps.
 *
 * An invitation lies in the shard that its number chooses, with its uses; the accounts that it admits lie in theirs. */
#ifndef SECMSG_STORE_GDBM_INVITATION_H
#define SECMSG_STORE_GDBM_INVITATION_H

#include "store/gdbm/apply.h"

/* The first 8 bytes of its hash: of 192 random bits, so that no two are alike. */
uint64_t invitation_number(const uint8_t hash[static LAYOUT_HASH_LEN]);

/* For apply_to_index; errors as there. A use of an invitation that isn't there, and its revocation, do nothing: a
 * compaction may have left it out just before. */
enum err invitation_issue(struct index *index, struct marker *marker,
                          const struct apply_record *record) MUST_USE;
enum err invitation_use(struct index *index, struct marker *marker,
                        const struct apply_record *record) MUST_USE;
enum err invitation_revoke(struct index *index, struct marker *marker,
                           const struct apply_record *record) MUST_USE;

enum invitation_fate {
    INVITATION_DEAD,  /* revoked, given back, or a record that did only that */
    INVITATION_ENDED, /* counted as living, and over by the shard's age `now` */
    INVITATION_LIVING,
};

/* What has become of one of these records, by the index as it was. */
enum err invitation_judge(struct index *was, const struct apply_record *record, uint64_t now,
                          enum invitation_fate *fate) MUST_USE;

#endif
