/* base64.h: RFC 4648 base64, encoded, and decoded strictly. */
#ifndef SECMSG_BASE_BASE64_H
#define SECMSG_BASE_BASE64_H

#include "base/buf.h"

/* Characters of the padded text of n bytes. n must be at most SIZE_MAX / 2. */
size_t base64_encoded_len(size_t n);

/* Appends b64(x): section 5's alphabet (- and _), with padding: the protocol's own b64. */
enum err base64url_encode(struct buf *out, struct span in) MUST_USE;

/* Writes the same, and a terminating zero, into text[size]; size must be base64_encoded_len + 1 or
 * more (a smaller one is a bug and aborts). For keys, salts and tags. */
void base64url_encode_text(char *text, size_t size, struct span in);

/* Strict: nothing but the alphabet, right padding, trailing bits zero; the empty text is no bytes.
 * ERR_MALFORMED (out as it was), ERR_TOO_LARGE, ERR_NO_MEMORY. */
enum err base64url_decode(struct buf *out, struct span text) MUST_USE;

/* Decodes exactly n bytes into out; ERR_MALFORMED for another length too. */
enum err base64url_decode_exact(uint8_t *out, size_t n, struct span text) MUST_USE;

/* Section 4's alphabet (+ and /) without padding, as in fingerprints, with a terminating zero. */
void base64_fingerprint_text(char text[static 44], const uint8_t digest[static 32]);

#endif
