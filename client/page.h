/* SPDX-License-Identifier: GPL-3.0-or-later */
/* page.h: lines in rows that end where the terminal's do, at the latest. What doesn't fit goes on indented:
 * only the beginning of a line of ours ever stands in the first column. */
#ifndef SECMSG_CLIENT_PAGE_H
#define SECMSG_CLIENT_PAGE_H

#include "base/buf.h"

/* Of what others wrote, and of rows that continue one. */
#define PAGE_INDENT 2

/* The columns of the terminal at fd; 0 if it isn't one, and rows have no end. */
size_t page_width(int fd);

/* Appends lines to out, each with LF at its end (the last too) and from column `indent` (0 or PAGE_INDENT) on,
 * made visible. TAB becomes spaces, to the next multiple of eight within the line. */
enum err page_append(struct buf *out, size_t width, size_t indent, struct span lines) MUST_USE;

/* Appends text of ours, whose lines were broken for 80 columns, the same way. Where there are fewer, what was broken is
 * joined first: a line that begins in the first column goes on with the next such one if it ends in the middle of a
 * sentence, and an indented one with those that are indented further than options are. */
enum err page_append_help(struct buf *out, size_t width, struct span lines) MUST_USE;

#endif
