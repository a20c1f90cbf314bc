/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fault.h: why a message or a proof isn't what it should be. */
#ifndef SECMSG_CRYPTO_FAULT_H
#define SECMSG_CRYPTO_FAULT_H

#include "base/error.h"

/* Which check an envelope, its content or a proof failed, in the order of protocol 3.4. */
enum fault {
    FAULT_NONE = 0,
    FAULT_FORM,            /* not an envelope of this version */
    FAULT_TO,              /* for somebody else */
    FAULT_FROM,            /* not from whom the server named */
    FAULT_ID,              /* another id than the server named */
    FAULT_SIGNATURE,       /* not signed by the sender's key */
    FAULT_KEY,             /* doesn't open with the recipient's key, or holds no 32-byte key */
    FAULT_COMMIT,          /* the message key isn't the one committed to */
    FAULT_BODY,            /* the body doesn't open with the message key */
    FAULT_CONTENT,         /* the content isn't exactly of the form it must have */
    FAULT_PADDING,         /* padding that isn't zero, or isn't the least */
    FAULT_INNER_FROM,      /* the sealed `from` differs: taken over by somebody else */
    FAULT_INNER_TO,        /* the sealed `to` differs: forwarded as if it were for you */
    FAULT_INNER_ID,        /* the sealed id differs */
    FAULT_SENDER_IDENTITY, /* sealed under another identity of the sender */
    FAULT_READER_IDENTITY, /* sealed for another identity of the recipient */
    FAULT_PROOF_FORM,      /* not a proof of this version */
    FAULT_PROOF_IDENTITY,  /* the proof's identity isn't a valid one */
    FAULT_INTERNAL, /* it couldn't be checked: no memory, or a library's failure. Not the message's fault */
};

/* A sentence for people: what failed. Never NULL. */
const char *fault_text(enum fault fault);

/* The fault that an error means to a check: `failed` for ERR_FORGED and ERR_MALFORMED, FAULT_INTERNAL for
 * all that isn't the message's doing. */
enum fault fault_from(enum err code, enum fault failed);

#endif
