/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verify.c: the word `verify`: makes every check of a proof, from the proof alone: no account, no server, no file of
 * the client's is touched. */
#include "words.h"

#include <string.h>

#include "crypto/proof.h"
#include "given.h"
#include "opened.h"
#include "say.h"

#include "base/banned.h"

static enum status say_other(const struct proof *proof, const char *expected)
{
    say("the proof is by another key than the one that you gave, whatever name it bears.");
    say("  given: %s", expected);
    say("  proof: %s", proof->from.fingerprint);
    return STATUS_FAILED_CHECK;
}

static void say_meaning(const struct proof *proof, bool is_known)
{
    say("the proof holds: whoever has the key of this fingerprint wrote this message.");
    if (!is_known)
        say("that it is %s's key is the proof's own claim: compare the fingerprint with %s, or "
            "give it behind the file.",
            proof->from.user, proof->from.user);
    say("the time is the sender's claim, and the proof doesn't show that the message was "
        "delivered.");
}

static enum status show(const struct session *s, const struct proof *proof, const char *expected)
{
    bool is_known = expected != NULL;
    if (is_known && strcmp(expected, proof->from.fingerprint) != 0)
        return say_other(proof, expected);
    struct opened opened = {.from = &proof->from,
                            .standing = is_known ? "as you gave it" : "by its own claim",
                            .is_known = is_known,
                            .to = span_str(proof->to),
                            .id = span_str(proof->id),
                            .time = proof->time,
                            .content = &proof->content};
    enum status status = opened_print(s, &opened);
    if (status == STATUS_OK)
        say_meaning(proof, is_known);
    return status;
}

static enum status verify(const struct session *s, struct span text, const char *expected)
{
    struct proof proof;
    enum fault fault = proof_verify(&proof, text);
    if (fault == FAULT_INTERNAL) {
        say("the proof couldn't be checked, through no fault of its own.");
        return STATUS_SOFTWARE;
    }
    if (fault != FAULT_NONE) {
        say("the proof doesn't hold: %s.", fault_text(fault));
        return STATUS_FAILED_CHECK;
    }
    enum status status = show(s, &proof, expected);
    proof_free(&proof);
    return status;
}

enum status verify_main(struct session *s, int argc, char *argv[])
{
    struct buf text = BUF_INIT(GIVEN_MAX);
    const char *expected = argc > 2 ? argv[2] : NULL;
    if (argc < 2) {
        say("verify what? Type: %sverify FILE [FINGERPRINT]; FILE is - for standard input.",
            say_command());
        return STATUS_USAGE;
    }
    enum status status = expected != NULL ? given_check_fingerprint(expected) : STATUS_OK;
    if (status == STATUS_OK)
        status = opened_check(s);
    if (status == STATUS_OK)
        status = given_read(s, argv[1], &text);
    if (status == STATUS_OK)
        status = verify(s, buf_span(&text), expected);
    buf_free(&text);
    return status;
}
