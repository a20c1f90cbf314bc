/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A few senders write most of a shard's messages. Where there are more of them, whose group was used longest ago goes
 * first: then records are short, but none is wrong. */
#include "store/gdbm/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* The group of that head, else an empty one, else the one used longest ago. */
static struct gather_group *choose(struct gather *g, const struct record_memory *head)
{
    struct gather_group *chosen = &g->groups[0];
    for (size_t i = 0; i < GATHER_GROUPS; i++) {
        struct gather_group *group = &g->groups[i];
        if (group->n > 0 && memcmp(&group->head, head, sizeof(*head)) == 0)
            return group;
        if (chosen->n > 0 && (group->n == 0 || group->used < chosen->used))
            chosen = group;
    }
    return chosen;
}

enum err gather_add(struct gather *g, const struct record_memory *head,
                    const struct memory_item *item, struct gather_group **full)
{
    *full = NULL;
    if (g->groups == NULL)
        g->groups = calloc(GATHER_GROUPS, sizeof(*g->groups));
    if (g->groups == NULL)
        return ERR_NO_MEMORY;
    struct gather_group *group = choose(g, head);
    if (group->n == GATHER_ITEMS ||
        (group->n > 0 && memcmp(&group->head, head, sizeof(*head)) != 0)) {
        *full = group;
        return ERR_OK;
    }
    group->head = *head;
    group->used = ++g->clock;
    group->items[group->n++] = *item;
    return ERR_OK;
}

struct gather_group *gather_next(struct gather *g)
{
    for (size_t i = 0; g->groups != NULL && i < GATHER_GROUPS; i++) {
        if (g->groups[i].n > 0)
            return &g->groups[i];
    }
    return NULL;
}

void gather_free(struct gather *g)
{
    free(g->groups);
    g->groups = NULL;
}
