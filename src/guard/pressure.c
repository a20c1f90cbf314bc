/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the machine is. Who finds the shared answer too old asks the kernel, and shares what he hears. */
#include <sched.h>
#include <sys/sysinfo.h>

#include "guard/crowd.h"

#include "base/banned.h"

#define FRESH_MS UINT64_C(1000)

/* Of the processors that this process may use: sysconf(3) would read a file, which it may no longer do. */
static void ask_load(struct layout_pressure *shared)
{
    struct sysinfo info;
    cpu_set_t processors;
    uint64_t n = 1, load = 0;
    if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
        n = (uint64_t)CPU_COUNT(&processors);
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
        ask_load(shared);
        atomic_store(&shared->asked, now_ms);
    }
    pressure->load = atomic_load(&shared->load);
    unsigned top = crowd_top(guard);
    for (unsigned i = 0; i < top; i++)
        pressure->connected += crowd_has(&guard->file->slots[i], now_ms, &source);
}
