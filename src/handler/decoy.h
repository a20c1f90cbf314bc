/* decoy.h: an identity that belongs to nobody, for names that don't exist. */
#ifndef SECMSG_HANDLER_DECOY_H
#define SECMSG_HANDLER_DECOY_H

/* A valid identity text, whose private keys were never kept: checking a proof against it takes the same work
 * as against a real one. */
extern const char decoy_identity[];

/* Characters of a vault's token: what a decoy's is made as long as. */
#define DECOY_VAULT_LEN 1548

#endif
