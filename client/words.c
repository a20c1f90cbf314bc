/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.c: the table of words, and what people are told about them. */
#include "words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "page.h"
#include "say.h"

#include "base/banned.h"

#define HELP_MAX 65536

const struct word words_table[] = {
    {"register", register_main, 1, "iI", "[NAME] [--invite-file FILE | --invite TOKEN]",
     "make an account",
     "Makes new keys and an account on the server, and logs in. The keys are sealed by your\n"
     "password before they leave this machine. An invitation that the server wants is asked "
     "for.\n"},
    {"login", login_main, 1, "T", "[NAME] [--remember TIME]", "log in on this machine",
     "Fetches your keys from the server and keeps them here, sealed by your password. After that,\n"
     "other words ask for the password only to open them.\n"
     "  --remember TIME    for so long (30m, 8h, 7d) they don't even ask: the kernel keeps what\n"
     "                     opens them, in memory\n"},
    {"forget", forget_main, 0, "", "", "ask for the password again",
     "Ends what `login --remember` began.\n"},
    {"logout", logout_main, 0, "", "", "remove your keys from here",
     "The account, its messages and the pinned keys of others stay; log in to get the keys "
     "again.\n"},
    {"send", send_main, WORDS_MANY, "mfR", "USER... [-m TEXT | -f FILE | -]", "send a message",
     "Sends TEXT, FILE (with its name), or standard input to each USER, sealed for them and signed "
     "by\n"
     "you. It is in the outbox until the server has it; what waits there goes first.\n"
     "  -m, --message TEXT send TEXT\n"
     "  -f, --file FILE    send FILE, with its name\n"
     "  --reply ID         to the sender of that message too\n"},
    {"reply", reply_main, 2, "mf", "ID [-m TEXT | -f FILE | -]", "answer a message",
     "Sends to whom the message ID of your archive was from. The first 6 digits of ID are enough "
     "if\n"
     "no other begins so. At the prompt, without -m and -f, you write the answer line by line.\n"
     "  -m, --message TEXT send TEXT\n"
     "  -f, --file FILE    send FILE, with its name\n"},
    {"read", read_main, 0, "naor", "[-n N | --all] [-o PATH] [--raw]", "read the next messages",
     "Shows the next message, the next N, or all, keeps them in your archive, and removes them "
     "from\n"
     "the server. Files are told of, and can be saved by `save`.\n"
     "  -o, --output PATH  save what is in the message: in the directory PATH under its own name,\n"
     "                     or as the new file PATH; nothing is ever overwritten\n"
     "  --raw              write what the message holds as it is, without a header, for scripts\n"},
    {"watch", watch_main, 0, "", "[--exec COMMAND]", "wait for messages",
     "Shows messages as they come, sends what waits in the outbox, and connects again by itself "
     "when\n"
     "the connection is lost.\n"
     "  --exec COMMAND     behind the word: hand each message to COMMAND, with its text on stdin;\n"
     "                     it is removed from the server when COMMAND ends with status 0\n"},
    {"inbox", inbox_main, 0, "", "", "list waiting messages",
     "Lists sender, time stored, size and id, and removes nothing.\n"},
    {"history", history_main, 1, "n", "[USER] [-n N]", "list read and sent messages",
     "Lists what your archive holds, from and to USER or everybody, oldest first.\n"
     "  -n, --number N     the last N only\n"},
    {"show", word_show_main, 1, "r", "ID [--raw]", "show one of them again",
     "Shows the message ID of your archive. The first 6 digits of ID are enough if no other "
     "begins\n"
     "so.\n"
     "  --raw              write what the message holds as it is, without a header, for scripts\n"},
    {"save", word_save_main, 2, "", "ID DIR", "save one of them",
     "Saves what the message ID of your archive holds as a new file in the directory DIR, under "
     "its\n"
     "own name, and prints the file's path. Nothing is ever overwritten.\n"},
    {"outbox", word_outbox_main, 0, "d", "[--drop ID]", "list what waits to be sent",
     "Lists what the server isn't known to have yet, and why.\n"
     "  --drop ID          give that message up\n"},
    {"flush", flush_main, 0, "", "", "send what waits",
     "Sends what waits in the outbox, in the order in which it was written.\n"},
    {"quarantine", word_quarantine_main, 1, "", "[ID]", "what failed its checks",
     "Lists the messages that failed their checks, or tells why ID did, and shows its bytes with\n"
     "all that isn't text made visible. Don't trust what it says.\n"},
    {"passwd", passwd_main, 0, "NP", "[--new-password-file FILE]", "change your password",
     "Asks for the password and for a new one, and seals your keys under that. The keys stay the\n"
     "same: whoever had them open still has them.\n"
     "  --new-password-file FILE, --new-password-fd N  read the new one, for scripts\n"},
    {"keys", keys_main, 2, "", "backup FILE | restore FILE", "a copy of your keys",
     "backup FILE writes your keys, sealed by your password, as the new file FILE; restore FILE\n"
     "brings them to this machine. Keep FILE where the server isn't: with it and the password you\n"
     "can read your archive when the server is gone.\n"},
    {"delete-account", delete_account_main, 0, "y", "[--yes NAME]", "delete your account",
     "Deletes the account and the messages that wait for it, for good, after you typed its name\n"
     "and your password. Nobody can have the name again.\n"
     "  --yes NAME         the name, for scripts\n"},
    {"contacts", contacts_main, 0, "", "", "list pinned identities",
     "Lists everybody whose identity is pinned here, with the fingerprint.\n"},
    {"fingerprint", fingerprint_main, 1, "Q", "[USER] [--qr]", "one to compare, yours or USER's",
     "Shows the fingerprint of USER's identity, or of yours. One that isn't pinned yet is asked "
     "for\n"
     "and pinned. Compare it over another way: by telephone, or face to face.\n"
     "  --qr               as a QR code too\n"},
    {"trust", trust_main, 2, "H", "USER FINGERPRINT | --host FINGERPRINT", "accept a changed key",
     "Pins the identity of USER, or the host key of the server, in place of the one that is\n"
     "pinned. FINGERPRINT must be the one that the server shows now: compare it with USER, or "
     "with\n"
     "whoever runs the server, over another way first.\n"},
    {"prove", prove_main, 1, "o", "ID [-o FILE]", "show others who wrote a message",
     "Writes a proof that the message ID of your archive is by its sender. Whoever has it can\n"
     "check it by `verify`, and read the message.\n"
     "  -o, --output FILE  into the new file FILE, not to standard output\n"},
    {"verify", verify_main, 2, "r", "FILE [FINGERPRINT] [--raw]", "check a proof",
     "Says who wrote what to whom and when, or which check failed. Needs no account and no "
     "server.\n"
     "FILE is - for standard input. With FINGERPRINT the proof must be by that key.\n"
     "  --raw              write what the message holds as it is, without a header\n"},
    {"seal", seal_main, 2, "mfo", "USER [-m TEXT | -f FILE | -] [-o FILE]", "seal without sending",
     "Writes TEXT, FILE, or standard input as an envelope for USER, whose identity is pinned, to "
     "be\n"
     "carried to them in some other way. No server is asked.\n"
     "  -m, --message TEXT seal TEXT\n"
     "  -f, --file FILE    seal FILE, with its name\n"
     "  -o, --output FILE  into the new file FILE, not to standard output\n"},
    {"open", open_main, 1, "r", "[ENVELOPE] [--raw]", "open what was sealed",
     "Checks an envelope (the file, or standard input) that USER's `seal` made for you, and shows\n"
     "it. Nothing is kept, so it can be opened again. No server is asked.\n"
     "  --raw              write what the message holds as it is, without a header\n"},
    {"whoami", whoami_main, 0, "", "", "your name and fingerprints",
     "Compare fingerprints with people over another way: by telephone, or face to face.\n"},
    {"ping", ping_main, 0, "", "", "see that the server answers",
     "Connects, checks the host key, and says how long an answer takes.\n"},
    {"help", help_main, 1, "", "[WORD]", "this, or more about a word",
     "Lists all words, or tells what a word does and which options it takes.\n"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

const struct word *words_find(const char *name)
{
    for (const struct word *word = words_table; word->name != NULL; word++) {
        if (strcmp(word->name, name) == 0)
            return word;
    }
    return NULL;
}

void words_print_version(void)
{
    (void)printf("secmsg %s (protocol 1, %s)\n", SECMSG_VERSION, crypto_version());
}

static void print_options(void)
{
    (void)fputs(
        "\nOptions of all words:\n"
        "  --server HOST[:PORT]  the server (default: $SECMSG_SERVER; port 7325)\n"
        "  --exec 'COMMAND'      start COMMAND and speak with it instead\n"
        "  --user NAME           who you are (default: $SECMSG_USER, or who is logged in here)\n"
        "  --password-file FILE  read the password from FILE\n"
        "  --password-fd N       read the password from descriptor N\n"
        "  --home DIR            where keys and pins are kept (default: $SECMSG_HOME,\n"
        "                        or $XDG_STATE_HOME/secmsg, or ~/.local/state/secmsg)\n"
        "  --timeout SECONDS     how long to wait for an answer (default: 30)\n"
        "  --trust first-use     pin a key that is new (default), or with --trust strict only "
        "what\n"
        "                        `trust` or the address named: secmsg://HOST[:PORT]#SHA256:...\n"
        "  --json                results as JSON objects, one a line\n"
        "  --help, --version\n"
        "What is always the same can stand in ~/.config/secmsg/secmsg.conf: see secmsg.conf(5).\n",
        stdout);
}

static const char *before_usage(const struct word *word)
{
    return word->usage[0] != '\0' ? " " : "";
}

void words_print_prompt_help(const struct word *word)
{
    struct buf text = BUF_INIT(HELP_MAX), rows = BUF_INIT(HELP_MAX);
    size_t width = page_width(STDOUT_FILENO);
    enum err err =
        buf_printf(&text, "Usage: %s%s%s\n", word->name, before_usage(word), word->usage);
    if (err == ERR_OK)
        err = page_append(&rows, width, 0, buf_span(&text));
    buf_clear(&text);
    if (err == ERR_OK)
        err = buf_printf(&text,
                         "%s\nOptions of all words:\n"
                         "  --password-file FILE  read the password from FILE\n"
                         "  --timeout SECONDS     how long to wait for an answer\n"
                         "  --json                results as JSON objects, one a line\n",
                         word->help);
    if (err == ERR_OK)
        err = page_append_help(&rows, width, buf_span(&text));
    if (err == ERR_OK)
        (void)fwrite(rows.data, 1, rows.len, stdout);
    else
        (void)say_failure(err, "can't show help");
    buf_free(&text);
    buf_free(&rows);
}

void words_print_help(const struct word *word)
{
    if (word != NULL) {
        (void)printf("Usage: secmsg [OPTIONS] %s%s%s\n%s", word->name, before_usage(word),
                     word->usage, word->help);
        print_options();
        return;
    }
    (void)
        fputs("Usage: secmsg [OPTIONS] [WORD]\n"
              "Sends and reads messages that the server can't read. Without a word: a prompt.\n\n",
              stdout);
    for (word = words_table; word->name != NULL; word++)
        (void)printf("  %-14s %s\n", word->name, word->summary);
    print_options();
}

enum status words_say_unknown(const char *name)
{
    struct visible_value shown = visible_value(span_str(name));
    say("there is no word \"%s\". Type `%shelp` for what there is.", shown.text, say_command());
    return STATUS_USAGE;
}

enum status words_check(const struct word *word, int argc, char *argv[], const char *taken)
{
    enum status status = options_check(word->name, word->letters, taken);
    if (status != STATUS_OK)
        return status;
    if (argc - 1 > word->most) {
        struct visible_value shown = visible_value(span_str(argv[word->most + 1]));
        say("\"%s\" is too much: type `%s%s%s%s`.", shown.text, say_command(), word->name,
            before_usage(word), word->usage);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

enum status words_run(const struct word *word, struct session *s, int argc, char *argv[],
                      const char *taken)
{
    enum status status = words_check(word, argc, argv, taken);
    return status == STATUS_OK ? word->main(s, argc, argv) : status;
}
