/* setting.h: the settings that there are, for every program that reads the settings file. */
#ifndef SECMSG_BASE_SETTING_H
#define SECMSG_BASE_SETTING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The file that is read where no other is given, if it exists. */
#define SETTING_FILE "/etc/secmsg/secmsg.conf"

/* What `store` is where it isn't set: the first directory in $STATE_DIRECTORY, else this one. */
#define SETTING_STORE "/var/lib/secmsg"
enum err setting_default_store(char *path, size_t size) MUST_USE; /* ERR_MALFORMED: too long */

/* Of a number: ERR_NOT_FOUND if no number has that name, ERR_MALFORMED for a value beyond its bounds. */
enum err setting_number(const char *name, const char *value, uint64_t *number) MUST_USE;

/* Where a program keeps a number: a uint64_t, so far into a structure of its own. */
struct setting_place {
    const char *name;
    size_t offset;
};

/* Sets the number in *owner that has its name in places[n]. ERR_NOT_FOUND if none has; else as above. */
enum err setting_keep_number(const struct setting_place *places, size_t n, void *owner,
                             const char *name, const char *value) MUST_USE;

/* The place of `value` among the words that the setting takes. Errors as above. */
enum err setting_choice(const char *name, const char *value, size_t *choice) MUST_USE;

/* Whether the name is a setting's, and the value one that it takes. Errors as above. */
enum err setting_check(const char *name, const char *value) MUST_USE;

/* Says what the setting takes: "retention-days takes a number from 0 to 36500"; nothing of an unknown name. */
void setting_describe(const char *name, char *text, size_t size);

#endif
