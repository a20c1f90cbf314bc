/* error.h: the one space of error codes, and its one table of texts. */
#ifndef SECMSG_BASE_ERROR_H
#define SECMSG_BASE_ERROR_H

/* Put on every function that can fail: a caller that ignores the result doesn't compile. */
#define MUST_USE __attribute__((warn_unused_result))

/* What plumbing returns. The protocol's own error codes (what a peer is told) are wire/answer.h's. */
enum err {
    ERR_OK = 0,
    ERR_INCOMPLETE,  /* the input ended inside an object, or more of it is needed */
    ERR_MALFORMED,   /* the input isn't of the form that it must have */
    ERR_TOO_LARGE,   /* beyond a limit that was agreed on */
    ERR_FORGED,      /* a MAC, signature or commitment that doesn't verify */
    ERR_NOT_FOUND,   /* what was asked for isn't there */
    ERR_EXISTS,      /* what should be new is there already, and is another */
    ERR_DUPLICATE,   /* the very same was accepted before: nothing was done, and nothing need be */
    ERR_DENIED,      /* the caller's right to do this is gone, or never was */
    ERR_FULL,        /* a quota is used up */
    ERR_BUSY,        /* somebody else holds a lock for too long: try again */
    ERR_TIMEOUT,     /* a deadline passed */
    ERR_CLOSED,      /* the peer closed the stream, between two objects */
    ERR_STOPPED,     /* this process was told to end (SIGTERM) */
    ERR_NO_SPACE,    /* no room on the disk */
    ERR_NO_MEMORY,   /* no memory, or no secure memory */
    ERR_READ_ONLY,   /* the store can be read but not changed */
    ERR_DAMAGED,     /* stored data fail their checksum or contradict each other */
    ERR_IO,          /* a system call failed; errno was logged where that happened */
    ERR_UNSUPPORTED, /* not on this system, or of a newer format */
    ERR_INTERNAL,    /* a library refused what should have worked, or a bug */
};

/* A short lower-case text for a code, for logs and messages. Never NULL. */
const char *err_text(enum err code);

#endif
