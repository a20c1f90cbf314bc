/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each fault is called in front of people. */
#include "crypto/fault.h"

#include <stddef.h>

#include "base/banned.h"

static const char *const texts[] = {
    [FAULT_NONE] = "every check passed",
    [FAULT_FORM] = "it isn't a message, or it was cut or changed, or is of another version",
    [FAULT_TO] = "it is addressed to somebody else",
    [FAULT_FROM] = "it isn't from the sender that was named",
    [FAULT_ID] = "it has another id than was named",
    [FAULT_SIGNATURE] = "it isn't signed by the sender's key",
    [FAULT_KEY] = "it isn't sealed to this recipient's key",
    [FAULT_COMMIT] = "its key isn't the one that the sender committed to",
    [FAULT_BODY] = "its body doesn't open with its key",
    [FAULT_CONTENT] = "what is sealed in it isn't of the form that it must have",
    [FAULT_PADDING] = "its padding isn't what it must be",
    [FAULT_INNER_FROM] = "what is sealed in it names another sender",
    [FAULT_INNER_TO] = "what is sealed in it was written to somebody else",
    [FAULT_INNER_ID] = "what is sealed in it has another id",
    [FAULT_SENDER_IDENTITY] = "it was sealed under another identity of the sender",
    [FAULT_READER_IDENTITY] = "it was sealed for another identity of the recipient",
    [FAULT_PROOF_FORM] = "it isn't a proof, or it was cut or changed, or is of another version",
    [FAULT_PROOF_IDENTITY] = "the proof's identity isn't a valid one",
    [FAULT_INTERNAL] = "it couldn't be checked, through no fault of its own",
};

const char *fault_text(enum fault fault)
{
    size_t at = (size_t)fault;
    if (at >= sizeof texts / sizeof texts[0])
        return "an unknown fault";
    return texts[at];
}

enum fault fault_from(enum err code, enum fault failed)
{
    switch (code) {
    case ERR_OK:
        return FAULT_NONE;
    case ERR_FORGED:
    case ERR_MALFORMED:
        return failed;
    default:
        return FAULT_INTERNAL;
    }
}
