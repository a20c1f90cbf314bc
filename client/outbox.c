/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outbox.c: keeps what was written until the server has it. On disk no text is ever in the clear. */
#include "outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "connection.h"
#include "home.h"

#include "base/banned.h"

#define DIRECTORY   "outbox"
#define NAME_DIGITS 12
#define NAME_SIZE   (NAME_DIGITS + 5)
#define FILE_MAX    (3 * CONNECTION_LINE_MAX)
#define NUMBERS_MAX (OUTBOX_MOST * sizeof(uint64_t))

enum err outbox_open(struct outbox *outbox, int account_dir,
                     const uint8_t key[static FERNET_KEY_LEN])
{
    *outbox =
        (struct outbox){.dir = account_dir, .account = fcntl(account_dir, F_DUPFD_CLOEXEC, 0)};
    memcpy(outbox->key, key, FERNET_KEY_LEN);
    enum err err = home_step_into(&outbox->dir, account_dir, DIRECTORY);
    return err == ERR_OK && outbox->account < 0 ? ERR_IO : err;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox->dir >= 0)
        (void)close(outbox->dir);
    if (outbox->account >= 0)
        (void)close(outbox->account);
    outbox->dir = outbox->account = -1;
    bytes_wipe(outbox->key, sizeof(outbox->key));
}

static void make_name(char name[static NAME_SIZE], uint64_t number)
{
    (void)snprintf(name, NAME_SIZE, "%0*" PRIu64, NAME_DIGITS, number);
}

/* Files that are being written have other names. */
static bool parse_name(const char *name, uint64_t *number)
{
    if (strlen(name) != NAME_DIGITS || strspn(name, "0123456789") != NAME_DIGITS)
        return false;
    *number = strtoull(name, NULL, 10);
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

static enum err read_names(DIR *dir, struct buf *numbers)
{
    enum err err = ERR_OK;
    uint64_t number;
    errno = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && err == ERR_OK; entry = readdir(dir))
        if (parse_name(entry->d_name, &number))
            err = buf_append(numbers, &number, sizeof(number));
    return err == ERR_OK && errno != 0 ? ERR_IO : err;
}

enum err outbox_list(const struct outbox *outbox, struct buf *numbers)
{
    int fd = openat(outbox->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        int saved = errno;
        if (fd >= 0)
            (void)close(fd);
        errno = saved;
        return ERR_IO;
    }
    enum err err = read_names(dir, numbers);
    int saved = errno;
    (void)closedir(dir);
    errno = saved;
    if (err == ERR_OK && numbers->len > 0)
        qsort(numbers->data, numbers->len / sizeof(uint64_t), sizeof(uint64_t), compare_numbers);
    return err;
}

void outbox_item_init(struct outbox_item *item)
{
    *item = (struct outbox_item){.data = BUF_INIT(CONNECTION_LINE_MAX),
                                 .envelope = BUF_INIT(CONNECTION_LINE_MAX)};
}

void outbox_item_free(struct outbox_item *item)
{
    buf_free(&item->data);
    buf_free(&item->envelope);
}

static enum err seal_line(struct buf *file, const struct outbox *outbox, struct span plain)
{
    enum err err = fernet_seal(file, outbox->key, clock_wall(), plain);
    return err == ERR_OK ? buf_append_byte(file, '\n') : err;
}

static enum err make_file(struct buf *file, const struct outbox *outbox,
                          const struct outbox_item *item)
{
    struct buf text = BUF_INIT(RECORD_TEXT_MAX);
    enum err err = record_append(&text, &item->record);
    if (err == ERR_OK)
        err = buf_printf(&text, "sealed: %" PRIu64 "\n", item->sealed);
    if (err == ERR_OK)
        err = field_add_line(&text, "sealed-for", span_str(item->sealed_for));
    if (err == ERR_OK)
        err = field_add_line(&text, "reason", span_str(item->reason));
    if (err == ERR_OK)
        err = seal_line(file, outbox, buf_span(&text));
    if (err == ERR_OK)
        err = seal_line(file, outbox, buf_span(&item->data));
    if (err == ERR_OK)
        err = buf_append_span(file, buf_span(&item->envelope));
    buf_free(&text);
    return err;
}

enum err outbox_store(const struct outbox *outbox, const struct outbox_item *item)
{
    char name[NAME_SIZE];
    struct buf file = BUF_INIT(FILE_MAX);
    enum err err = make_file(&file, outbox, item);
    make_name(name, item->number);
    if (err == ERR_OK)
        err = file_replace(outbox->dir, name, buf_span(&file), 0600);
    buf_free(&file);
    return err;
}

static enum err choose_number(const struct outbox *outbox, uint64_t *number)
{
    struct buf numbers = BUF_INIT(NUMBERS_MAX);
    enum err err = outbox_list(outbox, &numbers);
    *number = 0;
    if (err == ERR_OK && numbers.len > 0)
        memcpy(number, numbers.data + numbers.len - sizeof(*number), sizeof(*number));
    ++*number;
    if (err == ERR_TOO_LARGE || numbers.len == NUMBERS_MAX)
        err = ERR_FULL;
    buf_free(&numbers);
    return err;
}

enum err outbox_add(const struct outbox *outbox, struct outbox_item *item)
{
    int lock = -1;
    item->record.size = item->data.len;
    hash_sha256(item->record.digest, SPANS(buf_span(&item->data)));
    enum err err = home_lock(outbox->account, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK)
        err = choose_number(outbox, &item->number);
    if (err == ERR_OK)
        err = outbox_store(outbox, item);
    home_unlock(lock);
    return err;
}

static enum err take_line(struct span *rest, struct span *line)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    if (end == NULL)
        return ERR_DAMAGED;
    *line = span_of(rest->data, (size_t)(end - rest->data));
    *rest = span_of(end + 1, rest->len - line->len - 1);
    return ERR_OK;
}

static enum err parse_state(struct outbox_item *item, struct span text)
{
    struct span sealed, sealed_for, reason;
    enum err err = record_take(&item->record, &text);
    if (err == ERR_OK)
        err = field_take_line(&text, "sealed", &sealed);
    if (err == ERR_OK)
        err = field_number(sealed, &item->sealed);
    if (err == ERR_OK)
        err = field_take_line(&text, "sealed-for", &sealed_for);
    if (err == ERR_OK)
        err = field_take_line(&text, "reason", &reason);
    if (err == ERR_OK && (text.len != 0 || item->record.kind != RECORD_WAITING ||
                          !span_to_text(sealed_for, item->sealed_for, sizeof(item->sealed_for)) ||
                          !span_to_text(reason, item->reason, sizeof(item->reason))))
        err = ERR_MALFORMED;
    return err;
}

static enum err parse_file(struct outbox_item *item, const struct outbox *outbox, struct span file)
{
    uint8_t digest[HASH_LEN];
    struct span state = {NULL, 0}, data = {NULL, 0};
    struct buf text = BUF_INIT(RECORD_TEXT_MAX);
    enum err err = take_line(&file, &state);
    if (err == ERR_OK)
        err = take_line(&file, &data);
    if (err == ERR_OK)
        err = fernet_open(&text, outbox->key, state);
    if (err == ERR_OK)
        err = parse_state(item, buf_span(&text));
    buf_free(&text);
    if (err == ERR_OK)
        err = fernet_open(&item->data, outbox->key, data);
    if (err != ERR_OK)
        return err;
    hash_sha256(digest, SPANS(buf_span(&item->data)));
    if (memcmp(digest, item->record.digest, HASH_LEN) != 0 || (file.len > 0) != (item->sealed > 0))
        return ERR_DAMAGED;
    return buf_append_span(&item->envelope, file);
}

enum err outbox_load(const struct outbox *outbox, uint64_t number, struct outbox_item *item)
{
    char name[NAME_SIZE];
    struct buf file = BUF_INIT(FILE_MAX);
    item->number = number;
    make_name(name, number);
    enum err err = file_read(outbox->dir, name, &file);
    if (err == ERR_OK)
        err = parse_file(item, outbox, buf_span(&file));
    buf_free(&file);
    return err == ERR_MALFORMED || err == ERR_TOO_LARGE ? ERR_DAMAGED : err;
}

enum err outbox_remove(const struct outbox *outbox, uint64_t number)
{
    char name[NAME_SIZE];
    make_name(name, number);
    if (unlinkat(outbox->dir, name, 0) != 0 && errno != ENOENT)
        return ERR_IO;
    return fsync(outbox->dir) == 0 ? ERR_OK : ERR_IO;
}
