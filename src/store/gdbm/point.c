/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a process may be killed without harm is said in the code itself, at the place. */
#include "store/gdbm/point.h"

#include <stddef.h>

#include "base/banned.h"

void (*point_hook)(const char *name) = NULL;

void point_pass(const char *name)
{
    if (point_hook != NULL)
        point_hook(name);
}
