/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one table of events. An id was made once, at random, and never changes: it is what searches and the journal's
 * catalog (systemd/secmsg.catalog) know an event by. */
#include "base/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct row {
    const char *event;
    const char *id;
};

/* By name. */
static const struct row rows[] = {
    {"account", "ce55aca76ac44ab39853913dccd64c57"},
    {"backup_failed", "b150bbd7f3564612921e8ba3797bf5a2"},
    {"backup_not_taken_back", "fd1ccf3574a4413c88e94adaf7d58bd1"},
    {"close", "99aa927bc6cc495fb300b1b9244eba19"},
    {"command", "ce0409d61d3e4ce08b17dd95816fcb35"},
    {"compact_busy", "791bb1302cbc45f6a7bd50a7b766e3e7"},
    {"compact_failed", "7050e9bc32cb4821b484651fc87be705"},
    {"compact_left_over", "00947fba29ad49ec94c7c1efab5ee4fc"},
    {"compact_refused", "07c0f323749a49f18d3146d012bee636"},
    {"confine", "a98cc368d3564d48a30f58a78614dec0"},
    {"confinement_lacks", "de91187b718847c2a418e69a4f9b385f"},
    {"connect", "af38093abcbd419295aa39733968083d"},
    {"directory_sync_failed", "708acc1a64fb4c6e98d7095339a2feac"},
    {"durable_end_lags", "66acc5ebbef24fe199671f7e1ff2ead5"},
    {"failed_flag_lost", "83c4191f0aa2454ebebdee80628a14f5"},
    {"failure_not_forgotten", "adfe17ef487541f4b24c171914fc76a2"},
    {"failure_not_noted", "b51e50b3c83c465a8f996cb140bf989d"},
    {"fdatasync_failed", "31980a9f7a514d49aaa205618e8edf9e"},
    {"front_io_failed", "0f6707262c65464f97252b942e170428"},
    {"guard", "bf1440a4c7b84a429a5c4c8b2d0ddd53"},
    {"hang_up", "e3ee821434214c45a3142c2e370e3c84"},
    {"index_contradicts_log", "4030a82967f54a97aff7afa42e950e18"},
    {"index_differs", "85eac5ea2adc47fe89058d7f9ab9af75"},
    {"index_drop_failed", "0424a1a5c57d4337a265437d0ff627fa"},
    {"index_entry_damaged", "550d48bd09d54806be79676eee7fbb1d"},
    {"index_failed", "6d0b39abe0f84a6abbdb775a5308bd93"},
    {"index_open_failed", "da4aad2bce564c6e870e8a72140f92a0"},
    {"index_rebuilt", "76b08338c06f48998db7a50c26bd5660"},
    {"keep_failed", "9f129a9e28944690881b4c1b98db0241"},
    {"lock_failed", "1f8c9473613a4c7682c8b0f0e8fb1979"},
    {"log_compacted", "fcf3d61ee0104973990995ed69cc623e"},
    {"log_cut_short", "7c79d66efc144b308515019b7742557f"},
    {"log_damaged", "6881fc12b0ca431a88c954d1a4b61301"},
    {"log_header_bad", "f034b7df29134c38be8db2a4d3dd8b7f"},
    {"log_io_failed", "4efb54c0495647579f6243fd744b7ea7"},
    {"log_mended", "2a2bf097f0dd487ab05d83facaf21072"},
    {"log_missing", "8142031d4eae4fbb8d8f28bd640134e0"},
    {"log_not_whole", "a9a1aeeffcba4d66ae4dcfeed1ca55fb"},
    {"log_remove_failed", "d61da9e0e09045c49775e14d54dd2891"},
    {"log_without_headroom", "2ffa0e85addd4873b931fc07a6f2ead4"},
    {"made_not_noted", "2767623884b8450987946bcc854e866e"},
    {"made_write_failed", "b80bea72608d426298466fd1b96d31e8"},
    {"marker_read_failed", "ac5a9b3c7dfd4dd18ded8443afd02f27"},
    {"marker_write_failed", "5a308ff24f144367be6ab9fa722b9e21"},
    {"message", "fb495b8c5a6f416b9ad8ca153fc83bfd"},
    {"message_unreadable", "fc90ec0a0ec3462db5a1c4e636574303"},
    {"record_refused", "78d92d79244c4675a577836a80365e39"},
    {"record_void_failed", "d8bc0823bd8b458694a6992e48b021b8"},
    {"refuse", "21c1b8dd5e1e45aeaad9f5d4a54ce698"},
    {"settle", "938c9b16efb14110bd9a8fc9977bbd9f"},
    {"shard_busy", "b09ae24b7e704b419f52cd832d339d83"},
    {"shard_list_failed", "9cf440d141774715a0281aaf738c8288"},
    {"shard_missing", "1b94efeda9b04b838d2b60b50afee61c"},
    {"shard_not_ours", "e1c07a8401604c62b380c06c33430d1e"},
    {"shard_only_read", "60b7f578d0504f25bb4518850f6ca4c0"},
    {"shard_open_failed", "6bd69fda722747e8a333664d5191a5bc"},
    {"shard_read_only", "93142e59bfc142209c04528d1423e967"},
    {"snapshot_failed", "efc2c6e8badf4b9c88adda58c01c0bd6"},
    {"store", "9998222b5c994d9a9aed438c9bb57499"},
    {"store_copied", "5436abd63e3d493ba74cf820ff9675db"},
    {"store_create_failed", "5e2f60a58d45436ea0390cd75fff65a5"},
    {"store_created", "aa44fbf4c6ab4aa4a944e62994315155"},
    {"stream", "8693dc3a00444f3e8b5e42da24a802ec"},
    {"suppressed", "9af62e026b8f4010b9af5e5a70d0a681"},
    {"tampered", "ae1952966a894e2ab556af23f389c176"},
    {"unheard", "aeff57284dbd40a1a83a2388f286b2d2"},
    {"use_not_returned", "af702d7f1c9049bdbfa5e90a50d3edac"},
};

static int compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct row *)row)->event);
}

const char *event_id(const char *event)
{
    const struct row *row =
        bsearch(event, rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]), compare);
    return row == NULL ? NULL : row->id;
}
