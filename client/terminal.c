/* SPDX-License-Identifier: GPL-3.0-or-later */
/* terminal.c: asks for secrets. While echo is off, every signal that would end or stop the program is
 * caught, the terminal is put right, and only then is the signal delivered. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"

#include "base/banned.h"

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM};
#define CAUGHT_COUNT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t last_signal;

static void note_signal(int number)
{
    last_signal = number;
}

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool terminal_can_ask(void)
{
    int tty = isatty(STDIN_FILENO) == 1 ? open_terminal() : -1;
    if (tty < 0)
        return false;
    (void)close(tty);
    return true;
}

/* Reads up to LF. A line that is too long is read to its end all the same, or the rest of a secret would
 * be taken for the next line. */
static enum err read_line(int tty, struct buf *secret)
{
    enum err err = ERR_OK;
    for (;;) {
        uint8_t byte;
        ssize_t got = read(tty, &byte, 1);
        if (got == 0)
            return ERR_CLOSED;
        if (got < 0)
            return errno == EINTR ? ERR_DENIED : ERR_IO;
        if (byte == '\n')
            return err;
        if (err == ERR_OK)
            err = buf_append_byte(secret, byte);
    }
}

enum err terminal_ask(const char *question, struct buf *line)
{
    int tty = open_terminal();
    if (tty < 0)
        return ERR_IO;
    enum err err = file_write_all(tty, span_str(question));
    if (err == ERR_OK)
        err = read_line(tty, line);
    (void)close(tty);
    return err;
}

/* One try: ERR_DENIED with last_signal set if a signal came. */
static enum err ask_once(int tty, const char *question, struct buf *secret)
{
    struct termios before, silent;
    struct sigaction old[CAUGHT_COUNT];
    struct sigaction action = {.sa_handler = note_signal};
    if (tcgetattr(tty, &before) != 0)
        return ERR_IO;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    silent.c_lflag |= ICANON | ISIG;
    (void)sigemptyset(&action.sa_mask);
    last_signal = 0;
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        (void)sigaction(caught[i], &action, &old[i]);
    enum err err = file_write_all(tty, span_str(question));
    if (err == ERR_OK && tcsetattr(tty, TCSAFLUSH, &silent) != 0)
        err = ERR_IO;
    if (err == ERR_OK)
        err = read_line(tty, secret);
    while (tcsetattr(tty, TCSAFLUSH, &before) != 0 && errno == EINTR && last_signal != SIGTTOU)
        continue;
    enum err newline = file_write_all(tty, SPAN("\n"));
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        (void)sigaction(caught[i], &old[i], NULL);
    return err == ERR_OK ? newline : err;
}

enum err terminal_ask_secret(const char *question, struct buf *secret)
{
    enum err err;
    int tty = open_terminal();
    if (tty < 0)
        return ERR_IO;
    for (;;) {
        size_t before = secret->len;
        err = ask_once(tty, question, secret);
        if (err != ERR_OK)
            buf_truncate(secret, before);
        if (last_signal == 0)
            break;
        int number = last_signal;
        (void)kill(getpid(), number);
        /* Stopped and continued: ask again. Still here after another signal: it has a handler. */
        bool is_stop = number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
        if (err == ERR_OK || !is_stop)
            break;
    }
    (void)close(tty);
    return err;
}
