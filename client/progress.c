/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.c: one line that is written over again and again, and is gone before anything else is said. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define LEAST_BYTES ((size_t)256 << 10)
#define FIRST_MS    500
#define STEP_MS     200

void progress_begin(struct progress *progress, size_t total)
{
    *progress = (struct progress){.total = total,
                                  .next_ms = clock_monotonic_ms() + FIRST_MS,
                                  .is_wanted = total >= LEAST_BYTES && isatty(STDERR_FILENO) == 1};
}

void progress_show(struct progress *progress, size_t left)
{
    uint64_t now = clock_monotonic_ms();
    if (!progress->is_wanted || now < progress->next_ms)
        return;
    size_t done = progress->total - left;
    (void)fprintf(stderr, "\rsending: %3u%% of %.1f MB ", (unsigned)(done * 100 / progress->total),
                  (double)progress->total / (1 << 20));
    (void)fflush(stderr);
    progress->next_ms = now + STEP_MS;
    progress->is_shown = true;
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown)
        (void)fprintf(stderr, "\r%30s\r", "");
    progress->is_shown = false;
}
