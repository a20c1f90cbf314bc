/* limits.h: the protocol's fixed limits. What can be configured is in INFO. */
#ifndef SECMSG_WIRE_LIMITS_H
#define SECMSG_WIRE_LIMITS_H

#define WIRE_PORT              7325
#define WIRE_HELLO_MAX         512   /* bytes of a hello line, with its LF */
#define WIRE_HEAD_MAX          512   /* bytes of a frame's head line */
#define WIRE_PRELOGIN_LINE_MAX 16384 /* bytes of a frame's line before login, with its LF */
#define WIRE_PRELOGIN_FRAMES   64
#define WIRE_PRELOGIN_BYTES    262144 /* in all, with the hello */
#define WIRE_ACK_MAX           1000   /* ids in one ACK */
#define WIRE_LIST_MAX          1000   /* messages in one LIST */
#define WIRE_WAIT_MAX          3600   /* seconds */
#define WIRE_LINGER_MS         2000   /* how long a closing server discards input */
#define WIRE_LINGER_REFUSED_MS \
    500 /* the same where it wouldn't begin: it has done that too often */

#endif
