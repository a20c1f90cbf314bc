/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of the outbox: any bytes, or any text that its owner's key has sealed. */
#include "client/outbox.h"

#include <fcntl.h>

#include "tests/fuzz/fuzz.h"

static const uint8_t key[FERNET_KEY_LEN] = {3};
static char path[256];
static struct outbox outbox;

void fuzz_start(void)
{
    int dir = open(fuzz_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_OK(outbox_open(&outbox, dir, key));
    struct outbox_item item;
    outbox_item_init(&item);
    item.record = (struct record){.kind = RECORD_WAITING,
                                  .id = "000102030405060708090a0b0c0d0e0f",
                                  .peer = "bob",
                                  .type = "text/plain"};
    FUZZ_OK(outbox_add(&outbox, &item));
    struct buf numbers = BUF_INIT(1024);
    FUZZ_OK(outbox_list(&outbox, &numbers));
    FUZZ_HOLDS(numbers.len == sizeof(uint64_t));
    snprintf(path, sizeof(path), "%s/outbox/%012d", fuzz_directory(), 1);
    FILE *there = fopen(path, "re"); /* the name that the list is of */
    FUZZ_HOLDS(there != NULL);
    fclose(there);
    outbox_item_free(&item);
    buf_free(&numbers);
}

static void write_sealed(struct span in)
{
    struct buf file = BUF_INIT(1 << 20);
    struct span text = fuzz_take_some(&in);
    FUZZ_OK(fernet_seal(&file, key, 0, text));
    FUZZ_OK(buf_append_byte(&file, '\n'));
    FUZZ_OK(fernet_seal(&file, key, 0, fuzz_take_some(&in)));
    FUZZ_OK(buf_append_byte(&file, '\n'));
    FUZZ_OK(buf_append_span(&file, in));
    fuzz_write_file(path, buf_span(&file));
    buf_free(&file);
}

/* What was loaded is stored, and loaded again the same. */
static void check_again(const struct outbox_item *item)
{
    struct outbox_item again;
    outbox_item_init(&again);
    FUZZ_OK(outbox_store(&outbox, item));
    FUZZ_OK(outbox_load(&outbox, item->number, &again));
    FUZZ_HOLDS(memcmp(&again.record, &item->record, sizeof(again.record)) == 0);
    FUZZ_HOLDS(again.sealed == item->sealed && strcmp(again.reason, item->reason) == 0);
    FUZZ_HOLDS(strcmp(again.sealed_for, item->sealed_for) == 0);
    FUZZ_HOLDS(span_equal(buf_span(&again.data), buf_span(&item->data)));
    FUZZ_HOLDS(span_equal(buf_span(&again.envelope), buf_span(&item->envelope)));
    outbox_item_free(&again);
}

void fuzz_one(struct span in)
{
    struct outbox_item item;
    outbox_item_init(&item);
    if (fuzz_take_byte(&in) % 2)
        write_sealed(in);
    else
        fuzz_write_file(path, in);
    enum err e = outbox_load(&outbox, 1, &item);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_FORGED || e == ERR_DAMAGED);
    if (e == ERR_OK)
        check_again(&item);
    outbox_item_free(&item);
}
