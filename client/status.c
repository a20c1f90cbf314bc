/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.c: from errors and refusals to exit statuses. */
#include "status.h"

#include "base/banned.h"

enum status status_of_err(enum err err)
{
    switch (err) {
    case ERR_OK:
        return STATUS_OK;
    case ERR_INCOMPLETE:
    case ERR_MALFORMED:
    case ERR_TOO_LARGE:
    case ERR_FORGED:
        return STATUS_PROTOCOL;
    case ERR_NO_MEMORY:
    case ERR_UNSUPPORTED:
        return STATUS_OS;
    case ERR_BUSY:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
        return STATUS_TEMPORARY;
    case ERR_FULL:
        return STATUS_CANT_CREATE;
    case ERR_DAMAGED:
        return STATUS_CONFIG;
    case ERR_IO:
    case ERR_NO_SPACE:
    case ERR_READ_ONLY:
        return STATUS_IO;
    default:
        return STATUS_SOFTWARE;
    }
}

enum status status_of_code(enum code code)
{
    switch (code) {
    case CODE_BUSY:
    case CODE_TIMEOUT:
    case CODE_RATE_LIMITED:
    case CODE_MAILBOX_FULL:
    case CODE_STORAGE_FULL:
        return STATUS_TEMPORARY;
    case CODE_NO_USER:
    case CODE_NO_IDENTITY:
        return STATUS_NO_USER;
    case CODE_AUTH_FAILED:
    case CODE_REGISTRATION_CLOSED:
    case CODE_BAD_INVITE:
        return STATUS_NO_PERMISSION;
    case CODE_NAME_TAKEN:
        return STATUS_CANT_CREATE;
    case CODE_BAD_NAME:
        return STATUS_USAGE;
    case CODE_TOO_LARGE:
        return STATUS_DATA;
    case CODE_INTERNAL:
        return STATUS_SOFTWARE;
    default:
        return STATUS_PROTOCOL;
    }
}
