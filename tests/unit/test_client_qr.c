/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The drawing of a QR code: module by module what the encoder made, and light all around. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <qrencode.h>

#include "client/qr.h"

#define TEXT "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
#define SIDE (29 + 8)

static void test_ascii(void **state)
{
    /* In ASCII each module is two characters: # where it is light, the four around it too. */
    struct buf rows = BUF_INIT(QR_MAX);
    size_t columns = 0;
    QRcode *code = QRcode_encodeString8bit(TEXT, 0, QR_ECLEVEL_L);
    (void)state;
    assert_non_null(code);
    assert_int_equal(qr_append(&rows, TEXT, true, &columns), ERR_OK);
    assert_int_equal(columns, 2 * SIDE);
    assert_int_equal(rows.len, SIDE * (2 * SIDE + 1));
    for (size_t y = 0; y < SIDE; y++) {
        for (size_t x = 0; x < SIDE; x++) {
            bool is_inside = x >= 4 && x < SIDE - 4 && y >= 4 && y < SIDE - 4;
            bool is_dark = is_inside && (code->data[(y - 4) * 29 + x - 4] & 1) != 0;
            const uint8_t *at = rows.data + y * (2 * SIDE + 1) + 2 * x;
            assert_memory_equal(at, is_dark ? "  " : "##", 2);
        }
    }
    QRcode_free(code);
    buf_free(&rows);
}

static void test_halves(void **state)
{
    /* In half blocks two rows of modules are one; the last is half empty, for their number is odd. */
    struct buf rows = BUF_INIT(QR_MAX);
    size_t columns = 0, lines = 0;
    (void)state;
    assert_int_equal(qr_append(&rows, TEXT, false, &columns), ERR_OK);
    assert_int_equal(columns, SIDE);
    for (size_t i = 0; i < rows.len; i++)
        lines += rows.data[i] == '\n';
    assert_int_equal(lines, (SIDE + 1) / 2);
    for (size_t i = 0; i < SIDE; i++)
        assert_memory_equal(rows.data + rows.len - 1 - 3 * (i + 1), "\u2580", 3);
    buf_free(&rows);
}

static void test_too_long(void **state)
{
    /* A text that no code holds, and a buffer that can't hold the code, are refused. */
    char text[4000];
    size_t columns = 0;
    struct buf rows = BUF_INIT(QR_MAX), small = BUF_INIT(100);
    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(qr_append(&rows, text, false, &columns), ERR_TOO_LARGE);
    assert_int_equal(qr_append(&small, TEXT, false, &columns), ERR_TOO_LARGE);
    buf_free(&rows);
    buf_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
