/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flush.c: the word `flush`: sends what waits in the outbox. */
#include "words.h"

#include "post.h"

#include "base/banned.h"

enum status flush_main(struct session *s, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    return post_flush(s);
}
