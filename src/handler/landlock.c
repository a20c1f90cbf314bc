/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's header may be older than the kernel, so its numbers are here: each version of Landlock has more that can
 * be forbidden, and all that the running one knows is. */
#include "handler/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

#define ASK_VERSION  1u /* LANDLOCK_CREATE_RULESET_VERSION */
#define RULE_BENEATH 1  /* LANDLOCK_RULE_PATH_BENEATH */

enum file_right {
    WRITE_FILE = 1u << 1,
    READ_FILE = 1u << 2,
    READ_DIR = 1u << 3,
    REMOVE_FILE = 1u << 5,
    MAKE_DIR = 1u << 7,
    MAKE_REG = 1u << 8,
    TRUNCATE = 1u << 14,
};

/* What a store needs: its files come and go, its directories only come. */
#define STORE_RIGHTS \
    (WRITE_FILE | READ_FILE | READ_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE)

/* struct landlock_ruleset_attr: what is forbidden unless a rule allows it. */
struct ruleset {
    uint64_t files;
    uint64_t network; /* from version 4 on */
    uint64_t scopes;  /* from version 6 on */
};

struct __attribute__((packed)) beneath {
    uint64_t rights;
    int32_t directory;
};

/* By version: how many of the file rights there are, from the lowest bit on, and the rest. */
static struct ruleset ruleset_of(long version, size_t *size)
{
    static const unsigned file_rights[] = {13, 14, 15, 15, 16};
    static const size_t known = sizeof(file_rights) / sizeof(file_rights[0]);
    size_t at = (size_t)version <= known ? (size_t)version - 1 : known - 1;
    *size = version < 4 ? 8 : version < 6 ? 16 : 24;
    return (struct ruleset){.files = (UINT64_C(1) << file_rights[at]) - 1,
                            .network = 3, /* bind and connect of TCP */
                            .scopes = 3}; /* abstract Unix sockets, signals */
}

static enum err failed(void)
{
    return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
}

static enum err restrict_to(int rules, const struct ruleset *ruleset, const char *store)
{
    struct beneath rule = {.rights = STORE_RIGHTS & ruleset->files,
                           .directory = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (rule.directory < 0)
        return failed();
    enum err e = ERR_OK;
    if (syscall(SYS_landlock_add_rule, rules, RULE_BENEATH, &rule, 0u) != 0 ||
        syscall(SYS_landlock_restrict_self, rules, 0u) != 0)
        e = failed();
    close(rule.directory);
    return e;
}

enum err landlock_confine(const char *store)
{
    size_t size;
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
    if (version < 1)
        return ERR_UNSUPPORTED;
    const struct ruleset ruleset = ruleset_of(version, &size);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0u);
    if (rules < 0)
        return failed();
    enum err e = restrict_to(rules, &ruleset, store);
    close(rules);
    return e;
}
