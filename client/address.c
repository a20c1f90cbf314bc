/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.c: parses a server's address; the same server written twice gives the same text. */
#include "address.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/limits.h"

#include "base/banned.h"

#define SCHEME  "secmsg://"
#define URL_MAX (ADDRESS_SIZE + 16)

static bool is_host_byte(char c, bool in_brackets)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_')
        return true;
    return in_brackets && (c == ':' || c == '%');
}

static enum err take_host(struct address *address, const char *host, size_t len, bool in_brackets)
{
    if (len == 0 || len > ADDRESS_HOST_MAX || host[0] == '-')
        return ERR_MALFORMED;
    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (!is_host_byte(c, in_brackets))
            return ERR_MALFORMED;
        address->host[i] = c;
    }
    address->host[len] = '\0';
    return ERR_OK;
}

static enum err take_port(struct address *address, const char *text)
{
    unsigned port = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 5 || text[0] == '0')
        return ERR_MALFORMED;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return ERR_MALFORMED;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    if (port > 65535)
        return ERR_MALFORMED;
    (void)snprintf(address->port, sizeof(address->port), "%u", port);
    return ERR_OK;
}

static enum err split(struct address *address, const char *text, bool *in_brackets)
{
    const char *port = NULL;
    const char *colon = strchr(text, ':');
    size_t len = strlen(text);
    enum err err;

    *in_brackets = text[0] == '[';
    if (*in_brackets) {
        const char *close = strchr(text, ']');
        if (close == NULL || (close[1] != '\0' && close[1] != ':'))
            return ERR_MALFORMED;
        port = close[1] == ':' ? close + 2 : NULL;
        text++;
        len = (size_t)(close - text);
        if (memchr(text, ':', len) == NULL)
            return ERR_MALFORMED;
    } else if (colon != NULL && strchr(colon + 1, ':') != NULL) {
        *in_brackets = true;
    } else if (colon != NULL) {
        port = colon + 1;
        len = (size_t)(colon - text);
    }
    err = take_host(address, text, len, *in_brackets);
    if (err == ERR_OK && port != NULL)
        err = take_port(address, port);
    return err;
}

/* Cuts scheme and pin off; what stands between them is in *plain. */
static enum err take_url(struct address *address, const char *text, char plain[static URL_MAX])
{
    size_t scheme = strlen(SCHEME);
    const char *hash = NULL;
    if (strncmp(text, SCHEME, scheme) == 0) {
        text += scheme;
        hash = strchr(text, '#');
    }
    size_t len = hash != NULL ? (size_t)(hash - text) : strlen(text);
    if (!span_to_text(span_of(text, len), plain, URL_MAX))
        return ERR_MALFORMED;
    if (hash == NULL)
        return ERR_OK;
    bool is_pin = hash_is_fingerprint(span_str(hash + 1)) &&
                  span_to_text(span_str(hash + 1), address->pin, sizeof(address->pin));
    return is_pin ? ERR_OK : ERR_MALFORMED;
}

enum err address_parse(struct address *address, const char *text)
{
    bool in_brackets = false;
    char plain[URL_MAX];
    *address = (struct address){.host = ""};
    (void)snprintf(address->port, sizeof(address->port), "%d", WIRE_PORT);
    enum err err = take_url(address, text, plain);
    if (err == ERR_OK)
        err = split(address, plain, &in_brackets);
    if (err != ERR_OK)
        return err;
    (void)snprintf(address->text, sizeof(address->text), in_brackets ? "[%s]:%s" : "%s:%s",
                   address->host, address->port);
    return ERR_OK;
}
