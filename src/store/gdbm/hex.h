/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hex.h: message ids between their 32 hex digits and the 16 bytes that are stored. */
#ifndef SECMSG_STORE_GDBM_HEX_H
#define SECMSG_STORE_GDBM_HEX_H

#include "store/gdbm/layout.h"

/* `text` is FIELD_ID_LEN lower-case hex digits (field_is_id), with or without an end. */
void hex_to_id(uint8_t id[static LAYOUT_ID_LEN], const char *text);
void hex_from_id(char text[static FIELD_ID_SIZE], const uint8_t id[static LAYOUT_ID_LEN]);

#endif
