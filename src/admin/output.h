/* output.h: standard output: what was printed must have arrived. */
#ifndef SECMSG_ADMIN_OUTPUT_H
#define SECMSG_ADMIN_OUTPUT_H

/* Line by line: a finding is told when it is found, to a script too. */
void output_open(void);

/* Whether all that was printed so far has arrived. If it hasn't, says so on standard error, once, and what follows
 * from that (NULL: nothing); returns EX_IOERR, or `status`. */
int output_check(int status, const char *what_follows);

#endif
