/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was sealed: each content has one text, which is as long as Padme says. */
#include "crypto/content.h"

#include "crypto/padme.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

void fuzz_start(void)
{
    people_meet();
}

static void check_padme(uint64_t n)
{
    uint64_t len = padme_len(n);
    FUZZ_HOLDS(len >= n && len - n <= n / 8 && padme_len(len) == len);
}

/* What is taken would be made again byte for byte by who has these identities and this message. */
static void check_again(const struct content *content, const struct content_claims *claims)
{
    struct identity from = {.user = ""}, to = {.user = ""};
    char id[FIELD_ID_SIZE];
    struct buf again = BUF_INIT(1 << 20);
    FUZZ_HOLDS(span_to_text(claims->from, from.user, sizeof(from.user)));
    FUZZ_HOLDS(span_to_text(claims->to, to.user, sizeof(to.user)));
    FUZZ_HOLDS(span_to_text(claims->from_identity, from.fingerprint, sizeof(from.fingerprint)));
    FUZZ_HOLDS(span_to_text(claims->to_identity, to.fingerprint, sizeof(to.fingerprint)));
    FUZZ_HOLDS(span_to_text(claims->id, id, sizeof(id)));
    const struct message message = {.id = id,
                                    .type = content->type,
                                    .name = content->name,
                                    .data = content->data};
    FUZZ_OK(content_make(&again, &message, &from, &to));
    FUZZ_HOLDS(span_equal(buf_span(&again), buf_span(&content->plain)));
    buf_free(&again);
}

/* Padding that the fuzzer needn't find: zeros up to the length that the text itself would have. */
static void pad(struct buf *plain)
{
    while (plain->len < padme_len(plain->len))
        FUZZ_OK(buf_append_byte(plain, 0));
}

void fuzz_one(struct span in)
{
    struct content content = {.plain = BUF_INIT(1 << 20)};
    struct content_claims claims;
    uint64_t n = 0;
    bool is_padded = fuzz_take_byte(&in) % 2;
    memcpy(&n, in.data, in.len < sizeof(n) ? in.len : sizeof(n));
    check_padme(n >> 1);
    FUZZ_OK(buf_append_span(&content.plain, in));
    if (is_padded)
        pad(&content.plain);
    enum fault fault = content_parse(&content, &claims);
    FUZZ_HOLDS(fault == FAULT_NONE || fault == FAULT_CONTENT || fault == FAULT_PADDING);
    if (fault == FAULT_NONE)
        check_again(&content, &claims);
    content_free(&content);
}
