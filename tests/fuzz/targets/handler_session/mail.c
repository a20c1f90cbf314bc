/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each of alice and bob writes to both: sealed before the first input, since that is slow. */
#include "tests/fuzz/targets/handler_session/mail.h"

#include "crypto/envelope.h"
#include "tests/fuzz/fuzz.h"

struct person *const mail_people[USERS] = {&alice, &bob};
struct buf mail_envelopes[MESSAGES];
char mail_ids[MESSAGES][FIELD_ID_SIZE];
struct buf mail_vault;

unsigned mail_recipient(unsigned message)
{
    return message / EACH % USERS;
}

unsigned mail_sender(unsigned message)
{
    return message / EACH / USERS;
}

void mail_seal(void)
{
    people_meet();
    mail_vault = BUF_INIT(8192);
    FUZZ_OK(fernet_seal(&mail_vault, (const uint8_t[FERNET_KEY_LEN]){1}, 0, SPAN("vault")));
    for (unsigned n = 0; n < MESSAGES; n++) {
        snprintf(mail_ids[n], FIELD_ID_SIZE, "%032x", n * 7919);
        const struct message m = {.id = mail_ids[n], .type = "text/plain", .data = SPAN("text")};
        const struct person *from = mail_people[mail_sender(n)],
                            *to = mail_people[mail_recipient(n)];
        mail_envelopes[n] = BUF_INIT(65536);
        FUZZ_OK(envelope_seal(&mail_envelopes[n], &m, &from->identity, from->sign, &to->identity));
    }
}
