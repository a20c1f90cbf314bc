/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Only the bytes that differ are written. Invariant: a file of which a digest was told holds exactly the entries
 * that it was made of, each in the place that it has in memory. */
#include "store/gdbm/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/place.h"

#include "base/banned.h"

#define WORD sizeof(uint64_t)

struct front_slot front_slot(struct front_image *image, unsigned i)
{
    if (i < FRONT_SMALL) {
        struct front_small *small = &image->small[i];
        return (struct front_slot){&small->head, small->value, sizeof(small->value)};
    }
    struct front_large *large = &image->large[i - FRONT_SMALL];
    return (struct front_slot){&large->head, large->value, sizeof(large->value)};
}

bool front_is_dirty(const struct front_head *head)
{
    return head->state == FRONT_CHANGED || head->state == FRONT_ADDED ||
           head->state == FRONT_REMOVED;
}

/* The places that a value of that size can have: [first, end). */
struct range {
    unsigned first;
    unsigned end;
};

static struct range range_of(size_t size)
{
    return size <= INDEX_SMALL ? (struct range){0, FRONT_SMALL}
                               : (struct range){FRONT_SMALL, FRONT_SLOTS};
}

bool front_find(struct front *front, const uint8_t key[static INDEX_KEY_LEN], size_t size,
                struct front_slot *slot)
{
    struct range range = range_of(size);
    for (unsigned i = range.first; i < range.end; i++) {
        *slot = front_slot(&front->image, i);
        if (slot->head->state != FRONT_EMPTY && memcmp(slot->head->key, key, INDEX_KEY_LEN) == 0) {
            slot->head->used = ++front->clock;
            return true;
        }
    }
    return false;
}

static enum front_kind kind_of(const struct front_head *head)
{
    if (!front_is_dirty(head))
        return FRONT_FREE;
    return head->state == FRONT_ADDED ? FRONT_NEW : FRONT_KNOWN;
}

bool front_find_oldest(struct front *front, size_t size, unsigned kinds, struct front_slot *oldest)
{
    struct range range = range_of(size);
    oldest->head = NULL;
    for (unsigned i = range.first; i < range.end; i++) {
        struct front_slot slot = front_slot(&front->image, i);
        if ((kind_of(slot.head) & kinds) == 0)
            continue;
        if (slot.head->state == FRONT_EMPTY) {
            *oldest = slot;
            return true;
        }
        if (oldest->head == NULL || slot.head->used < oldest->head->used)
            *oldest = slot;
    }
    return oldest->head != NULL;
}

unsigned front_count_dirty(struct front *front, size_t size)
{
    struct range range = range_of(size);
    unsigned dirty = 0;
    for (unsigned i = range.first; i < range.end; i++)
        dirty += front_is_dirty(front_slot(&front->image, i).head);
    return dirty;
}

static void set_clock(struct front *front)
{
    front->clock = 0;
    for (unsigned i = 0; i < FRONT_SLOTS; i++) {
        uint64_t used = front_slot(&front->image, i).head->used;
        if (front->clock < used)
            front->clock = used;
    }
}

static enum err failed(const char *call)
{
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return ERR_NO_SPACE;
    log_event(LOG_LEVEL_ERROR, "front_io_failed", "call=%s errno=%d", call, errno);
    return ERR_IO;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 32;
}

/* Of an entry's place, key and state; its value is in the check that it begins with. */
static uint64_t digest_of(const struct front_head *head, const uint64_t *value, unsigned i)
{
    uint64_t key[INDEX_KEY_LEN / WORD];
    memcpy(key, head->key, sizeof(key));
    uint64_t sum = mix(mix(mix(i + 1, key[0]), key[1]), (uint64_t)head->state << 32 | head->size);
    return head->state == FRONT_REMOVED ? sum : mix(sum, value[0]);
}

/* 0 where there is nothing, and only there. */
static uint64_t digest_image(struct front_image *image)
{
    uint64_t digest = 0;
    bool is_empty = true;
    for (unsigned i = 0; i < FRONT_SLOTS; i++) {
        struct front_slot slot = front_slot(image, i);
        if (!front_is_dirty(slot.head))
            continue;
        digest ^= digest_of(slot.head, slot.value, i);
        is_empty = false;
    }
    return is_empty || digest != 0 ? digest : 1;
}

static bool is_possible(struct front_image *image)
{
    for (unsigned i = 0; i < FRONT_SLOTS; i++) {
        struct front_slot slot = front_slot(image, i);
        if (slot.head->state != FRONT_EMPTY && !front_is_dirty(slot.head))
            return false;
        if (slot.head->size > slot.room)
            return false;
    }
    return true;
}

enum err front_load(struct front *front, uint64_t digest)
{
    memset(&front->image, 0, sizeof(front->image));
    front->is_known = false;
    front->clock = 0;
    if (digest == 0)
        return ERR_OK;
    if (front->fd < 0)
        front->fd = openat(front->dir, FRONT_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (front->fd < 0 && (errno == EROFS || errno == EACCES))
        front->fd = openat(front->dir, FRONT_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (front->fd < 0)
        return errno == ENOENT ? ERR_DAMAGED : failed("open");
    ssize_t n = place_read(front->fd, &front->image, sizeof(front->image), 0);
    if (n < 0)
        return failed("pread");
    if (n != (ssize_t)sizeof(front->image) || !is_possible(&front->image) ||
        digest_image(&front->image) != digest)
        return ERR_DAMAGED;
    front->saved = front->image;
    front->is_known = true;
    set_clock(front);
    return ERR_OK;
}

static enum err write_at(const struct front *front, const void *data, size_t n, size_t place)
{
    return place_write(front->fd, data, n, place) ? ERR_OK : failed("pwrite");
}

/* Whatever an earlier front left goes; all its room is taken now, so that no later change needs any. */
static enum err save_whole(struct front *front)
{
    if (front->fd < 0)
        front->fd = openat(front->dir, FRONT_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (front->fd < 0)
        return failed("open");
    front->saved = front->image;
    for (unsigned i = 0; i < FRONT_SLOTS; i++) {
        struct front_head *head = front_slot(&front->saved, i).head;
        if (!front_is_dirty(head))
            head->state = FRONT_EMPTY;
    }
    return write_at(front, &front->saved, sizeof(front->saved), 0);
}

static size_t place_of(unsigned i)
{
    return i < FRONT_SMALL ? offsetof(struct front_image, small) + i * sizeof(struct front_small)
                           : offsetof(struct front_image, large) +
                                 (i - FRONT_SMALL) * sizeof(struct front_large);
}

/* Writes from the first word that differs to the last. */
static enum err save_slot(struct front *front, unsigned i)
{
    struct front_large wanted;
    struct front_slot slot = front_slot(&front->image, i);
    bool is_dirty = front_is_dirty(slot.head);
    if (!is_dirty && front_slot(&front->saved, i).head->state == FRONT_EMPTY)
        return ERR_OK;
    wanted.head = is_dirty ? *slot.head : (struct front_head){0};
    memcpy(wanted.value, slot.value, slot.room);
    const uint8_t *now = (const uint8_t *)&wanted;
    uint8_t *old = (uint8_t *)&front->saved + place_of(i);
    size_t end = sizeof(wanted.head) + (is_dirty ? slot.room : 0);
    size_t first = 0;
    while (first < end && memcmp(now + first, old + first, WORD) == 0)
        first += WORD;
    while (first < end && memcmp(now + end - WORD, old + end - WORD, WORD) == 0)
        end -= WORD;
    if (first == end)
        return ERR_OK;
    memcpy(old + first, now + first, end - first);
    return write_at(front, now + first, end - first, place_of(i) + first);
}

static enum err save_changes(struct front *front)
{
    enum err e = ERR_OK;
    for (unsigned i = 0; !e && i < FRONT_SLOTS; i++)
        e = save_slot(front, i);
    return e;
}

enum err front_save(struct front *front, uint64_t *digest)
{
    *digest = digest_image(&front->image);
    if (!front->is_known && *digest == 0)
        return ERR_OK;
    enum err e = front->is_known ? save_changes(front) : save_whole(front);
    front->is_known = !e;
    return e;
}

void front_close(struct front *front)
{
    if (front->fd >= 0)
        close(front->fd);
    front->fd = -1;
}
