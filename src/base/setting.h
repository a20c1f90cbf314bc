/* setting.h: the settings that there are, for every program that reads the settings file. */
#ifndef SECMSG_BASE_SETTING_H
#define SECMSG_BASE_SETTING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Of a number: ERR_NOT_FOUND if no number has that name, ERR_MALFORMED for a value beyond its bounds. */
enum err setting_number(const char *name, const char *value, uint64_t *number) MUST_USE;

/* The place of `value` among the words that the setting takes. Errors as above. */
enum err setting_choice(const char *name, const char *value, size_t *choice) MUST_USE;

/* Whether the name is a setting's, and the value one that it takes. Errors as above. */
enum err setting_check(const char *name, const char *value) MUST_USE;

/* Says what the setting takes: "retention-days takes a number from 0 to 36500"; nothing of an unknown name. */
void setting_describe(const char *name, char *text, size_t size);

#endif
