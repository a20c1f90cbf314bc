/* boot.h: which start of the machine this is. */
#ifndef SECMSG_BASE_BOOT_H
#define SECMSG_BASE_BOOT_H

#include <stdint.h>

#include "base/error.h"

#define BOOT_ID_LEN 16

/* The kernel's boot id: another after each start, the same for all processes, containers too. Read once a process.
 * ERR_UNSUPPORTED without /proc. */
enum err boot_id(uint8_t id[static BOOT_ID_LEN]) MUST_USE;

#endif
