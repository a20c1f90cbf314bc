/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The texts of the error codes. The switch has no default, so the compiler names a code without text. */
#include "base/error.h"

#include "base/banned.h"

const char *err_text(enum err code)
{
    switch (code) {
    case ERR_OK:
        return "success";
    case ERR_INCOMPLETE:
        return "cut short";
    case ERR_MALFORMED:
        return "not of the right form";
    case ERR_TOO_LARGE:
        return "too large";
    case ERR_FORGED:
        return "verification failed";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "exists already";
    case ERR_DUPLICATE:
        return "accepted before";
    case ERR_DENIED:
        return "not permitted";
    case ERR_FULL:
        return "quota used up";
    case ERR_BUSY:
        return "busy";
    case ERR_TIMEOUT:
        return "timed out";
    case ERR_CLOSED:
        return "closed by the other side";
    case ERR_STOPPED:
        return "told to stop";
    case ERR_NO_SPACE:
        return "no space on the disk";
    case ERR_NO_MEMORY:
        return "out of memory";
    case ERR_READ_ONLY:
        return "read-only";
    case ERR_DAMAGED:
        return "damaged";
    case ERR_IO:
        return "input/output error";
    case ERR_UNSUPPORTED:
        return "not supported";
    case ERR_INTERNAL:
        return "internal error";
    }
    return "unknown error";
}
