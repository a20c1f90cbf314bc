/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qr.c: draws a QR code with the quiet zone around it without which readers don't find it. */
#include "qr.h"

#include <errno.h>
#include <qrencode.h>

#include "base/banned.h"

#define QUIET 4 /* modules on each side */

/* Outside of the code all is light. */
static bool is_light(const QRcode *code, int x, int y)
{
    bool is_outside = x < 0 || y < 0 || x >= code->width || y >= code->width;
    return is_outside || (code->data[y * code->width + x] & 1) == 0;
}

static enum err append_row(struct buf *rows, const QRcode *code, int y, bool is_ascii)
{
    static const char *const halves[] = {" ", "\u2584", "\u2580", "\u2588"};
    enum err err = ERR_OK;
    for (int x = -QUIET; err == ERR_OK && x < code->width + QUIET; x++) {
        bool upper = is_light(code, x, y);
        /* Behind the last row nothing is drawn. */
        bool lower = y + 1 < code->width + QUIET && is_light(code, x, y + 1);
        if (is_ascii)
            err = buf_append_str(rows, upper ? "##" : "  ");
        else
            err = buf_append_str(rows, halves[upper * 2 + lower]);
    }
    return err == ERR_OK ? buf_append_byte(rows, '\n') : err;
}

enum err qr_append(struct buf *rows, const char *text, bool is_ascii, size_t *columns)
{
    errno = 0;
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL)
        return errno == ENOMEM ? ERR_NO_MEMORY : ERR_TOO_LARGE;
    enum err err = ERR_OK;
    for (int y = -QUIET; err == ERR_OK && y < code->width + QUIET; y += is_ascii ? 1 : 2)
        err = append_row(rows, code, y, is_ascii);
    *columns = (size_t)(code->width + 2 * QUIET) * (is_ascii ? 2 : 1);
    QRcode_free(code);
    return err;
}
