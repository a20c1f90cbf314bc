/* SPDX-License-Identifier: GPL-3.0-or-later */
/* help.c: the word `help`. */
#include "words.h"

#include "base/banned.h"

enum status help_main(struct session *s, int argc, char *argv[])
{
    (void)s;
    if (argc < 2) {
        words_print_help(NULL);
        return STATUS_OK;
    }
    const struct word *word = words_find(argv[1]);
    if (word == NULL)
        return words_say_unknown(argv[1]);
    words_print_help(word);
    return STATUS_OK;
}
