/* settings.h: what an operator can choose: the file, then the command line. */
#ifndef SECMSG_HANDLER_SETTINGS_H
#define SECMSG_HANDLER_SETTINGS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "guard/guard.h"
#include "store/store.h"

enum registration { REGISTRATION_OPEN, REGISTRATION_INVITE, REGISTRATION_CLOSED };

/* Where the kernel can't confine the process as confine.h says: serve all the same, or nobody. */
enum confinement { CONFINEMENT_BEST_EFFORT, CONFINEMENT_REQUIRED };

/* What the program is to do. */
enum task { TASK_SERVE, TASK_FINGERPRINT, TASK_HELP, TASK_VERSION };

struct settings {
    enum task task;
    bool is_plain;
    char store[4096];       /* directory or URL */
    uint64_t hello_timeout; /* seconds from the start to the end of the handshake */
    uint64_t login_timeout; /* seconds from there to a login */
    uint64_t idle_timeout;  /* seconds without a command, once logged in */
    uint64_t max_message;   /* bytes of an envelope or an unsigned text */
    uint64_t max_load;      /* load average for each processor; 0: isn't looked at */
    struct store_quota quota;
    struct guard_limits guard;
    enum registration registration;
    enum confinement confinement;
    enum log_level log_level;
};

/* Settles the settings: built in, then the configuration file, then the command line, the later
 * overrides. On an error message[size] says what is wrong, where, and what to do: ERR_MALFORMED for a
 * wrong command line, ERR_NOT_FOUND or ERR_IO for a file that can't be read, ERR_DENIED for one with a
 * wrong line in it. */
enum err settings_read(struct settings *settings, int argc, char *argv[], char *message,
                       size_t size) MUST_USE;

/* The text of --help. */
extern const char settings_help[];

const char *settings_registration_name(enum registration registration);

/* Bytes of the longest line that a session may send: a frame that carries one message. */
size_t settings_max_frame(const struct settings *settings);

#endif
