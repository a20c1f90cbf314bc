/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h: messages on stdout, one a row: in full for scripts, and at a terminal in rows that fit it. */
#ifndef SECMSG_CLIENT_TABLE_H
#define SECMSG_CLIENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All text may come from outside: it is made visible. */
struct table_row {
    const char *way;  /* at most 4 characters before the name; NULL in a table without */
    const char *name; /* of a user */
    uint64_t time;
    uint64_t bytes;
    const char *id;
    const char *note; /* behind it all; NULL for none */
};

struct table {
    size_t width; /* of the terminal; 0: in full */
    int name;     /* columns of the name */
    int id;
    bool has_way;
    bool is_split; /* the name is on a row of its own */
};

/* What stands above the columns. */
struct table_head {
    const char *way; /* NULL in a table without */
    const char *name;
    const char *time;
};

/* Prints the head. longest: characters of the longest name. */
void table_begin(struct table *table, const struct table_head *head, size_t longest);
void table_print(const struct table *table, const struct table_row *row);

#endif
