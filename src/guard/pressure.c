/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the machine is. Who finds the shared answer too old asks the kernel, and shares what he hears. */
#include <sys/sysinfo.h>

#include "guard/crowd.h"

#include "base/banned.h"

#define FRESH_MS UINT64_C(1000)

/* The load is the whole machine's, and so are the processors, whichever of them this process may use. Who made the
 * file counted them: a confined process may no longer read the file that sysconf(3) asks. */
static void ask_load(struct layout_pressure *shared, uint64_t n)
{
    struct sysinfo info;
    uint64_t load = 0;
    if (sysinfo(&info) == 0 && n > 0)
        load = (uint64_t)info.loads[0] * 100 / n >> SI_LOAD_SHIFT;
    atomic_store(&shared->load, load);
}

void guard_pressure(struct guard *guard, uint64_t now_ms, struct guard_pressure *pressure)
{
    struct layout_pressure *shared = &guard->file->pressure;
    uint64_t asked = atomic_load(&shared->asked), source;
    *pressure = (struct guard_pressure){0};
    if (asked == 0 || asked > now_ms || now_ms - asked > FRESH_MS) {
        ask_load(shared, guard->file->header.processors);
        atomic_store(&shared->asked, now_ms);
    }
    pressure->load = atomic_load(&shared->load);
    unsigned top = crowd_top(guard);
    for (unsigned i = 0; i < top; i++)
        pressure->connected += crowd_has(&guard->file->slots[i], now_ms, &source);
}
