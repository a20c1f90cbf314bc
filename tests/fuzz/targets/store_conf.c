/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store.conf and host.key of any bytes: a store that opens has what stands there, and others are refused with a
 * reason. */
#include "store/gdbm/directory.h"

#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static char root[200], conf[256], host_key[256];
static struct buf good_key;

void fuzz_start(void)
{
    char shards[256];
    static const uint8_t seed[HOST_KEY_SEED_LEN] = {7};
    uint8_t file[HOST_KEY_FILE_LEN];
    struct host_key key;
    snprintf(root, sizeof(root), "%s/store", fuzz_directory());
    snprintf(shards, sizeof(shards), "%s/shards", root);
    snprintf(conf, sizeof(conf), "%s/store.conf", root);
    snprintf(host_key, sizeof(host_key), "%s/host.key", root);
    FUZZ_HOLDS(mkdir(root, 0700) == 0 && mkdir(shards, 0700) == 0);
    FUZZ_OK(host_key_from_seed(&key, seed));
    host_key_pack(file, &key);
    good_key = BUF_INIT(1024);
    FUZZ_OK(buf_append(&good_key, file, sizeof(file)));
}

void fuzz_one(struct span in)
{
    struct directory d;
    char message[256] = "";
    bool is_key = fuzz_take_byte(&in) % 4 == 0;
    fuzz_write_file(conf,
                    is_key ? SPAN("format = 1\nshards = 2\nid = AAAAAAAAAAAAAAAAAAAAAA==\nsecret = "
                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
                           : in);
    fuzz_write_file(host_key, is_key ? in : buf_span(&good_key));
    enum err e = directory_open(&d, root, message, sizeof(message));
    FUZZ_HOLDS(e == ERR_OK || e == ERR_DAMAGED || e == ERR_UNSUPPORTED);
    FUZZ_HOLDS(e == ERR_OK || fuzz_is_printable(span_str(message)));
    FUZZ_HOLDS(e == ERR_OK || message[0] != '\0');
    if (e == ERR_OK) {
        FUZZ_HOLDS(d.shard_count >= 1 && d.shard_count <= LAYOUT_SHARDS_MAX);
        FUZZ_HOLDS(!is_key || span_equal(in, buf_span(&good_key)));
        directory_close(&d);
    }
}
