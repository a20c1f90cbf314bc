/* standard.h: descriptors 0 to 2, which a program may be started without. */
#ifndef SECMSG_BASE_STANDARD_H
#define SECMSG_BASE_STANDARD_H

#include <stdbool.h>

/* What is opened later must become none of them, or output would end there. Those that are closed are opened so that
 * reading is at its end, and writing fails as it did. False if that can't be done. */
bool standard_fill(void);

#endif
