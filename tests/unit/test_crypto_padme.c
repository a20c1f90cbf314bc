/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Padme lengths: the vectors', and what PURBs promises of them. */
#include "crypto/padme.h"

#include "vectors.h"

#include "base/banned.h"

static void lengths_are_the_vectors(void **state)
{
    /* Each pair of secmsg-1.json. */
    (void)state;
    json_t *root = vectors_load("secmsg-1.json"), *pair;
    size_t i;
    json_array_foreach(vectors_get(root, "padme"), i, pair)
    {
        json_int_t n = json_integer_value(json_array_get(pair, 0));
        assert_true(padme_len((uint64_t)n) ==
                    (uint64_t)json_integer_value(json_array_get(pair, 1)));
    }
    assert_true(i > 0);
    json_decref(root);
}

static void padding_is_small_and_final(void **state)
{
    /* It never shrinks, never adds more than 12%, grows with n, and a padded length is its own. */
    (void)state;
    uint64_t before = 0;
    for (uint64_t n = 0; n < 100000; n++) {
        uint64_t padded = padme_len(n);
        assert_true(padded >= n && padded >= before && (padded - n) * 100 <= 12 * n);
        assert_true(padme_len(padded) == padded);
        before = padded;
    }
    assert_true(padme_len((UINT64_C(1) << 62) + 1) == (UINT64_C(1) << 62) + (UINT64_C(1) << 56));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_the_vectors),
        cmocka_unit_test(padding_is_small_and_final),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
