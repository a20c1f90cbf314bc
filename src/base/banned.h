/* banned.h: functions whose use is a bug, so that using one doesn't compile.
 *
 * Included last by every .c file: system headers may still declare and use them. The idea is git's. What
 * an entry says after "use" is what the house has instead. */
#ifndef SECMSG_BASE_BANNED_H
#define SECMSG_BASE_BANNED_H

#define BANNED(function, instead) function##_is_banned_use_##instead

/* They write without knowing how much room there is. */
#undef strcpy
#define strcpy(...) BANNED(strcpy, span_to_text)
#undef stpcpy
#define stpcpy(...) BANNED(stpcpy, span_to_text)
#undef strcat
#define strcat(...) BANNED(strcat, buf_append_str)
#undef sprintf
#define sprintf(...) BANNED(sprintf, snprintf_or_buf_printf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#undef gets
#define gets(...) BANNED(gets, stream_read_line)
#undef alloca
#define alloca(...) BANNED(alloca, buf)

/* They cut in silence, and may leave a text without its end. */
#undef strncpy
#define strncpy(...) BANNED(strncpy, span_to_text)
#undef stpncpy
#define stpncpy(...) BANNED(stpncpy, span_to_text)
#undef strncat
#define strncat(...) BANNED(strncat, buf_append)

/* They take any input for a number. */
#undef atoi
#define atoi(...) BANNED(atoi, conf_number)
#undef atol
#define atol(...) BANNED(atol, conf_number)
#undef atoll
#define atoll(...) BANNED(atoll, conf_number)
#undef atof
#define atof(...) BANNED(atof, strtod)
#undef scanf
#define scanf(...) BANNED(scanf, field_or_conf_number)
#undef sscanf
#define sscanf(...) BANNED(sscanf, field_or_conf_number)
#undef fscanf
#define fscanf(...) BANNED(fscanf, field_or_conf_number)

/* They keep state that somebody else changes. */
#undef strtok
#define strtok(...) BANNED(strtok, memchr)
#undef gmtime
#define gmtime(...) BANNED(gmtime, gmtime_r)
#undef localtime
#define localtime(...) BANNED(localtime, localtime_r)
#undef ctime
#define ctime(...) BANNED(ctime, strftime)
#undef asctime
#define asctime(...) BANNED(asctime, strftime)

/* They aren't random. */
#undef rand
#define rand(...) BANNED(rand, random_bytes)
#undef random
#define random(...) BANNED(random, random_bytes)
#undef drand48
#define drand48(...) BANNED(drand48, random_bytes)

/* They race with whoever else can write to the directory, or hand text to a shell. */
#undef mktemp
#define mktemp(...) BANNED(mktemp, mkstemp)
#undef tmpnam
#define tmpnam(...) BANNED(tmpnam, mkstemp)
#undef system
#define system(...) BANNED(system, posix_spawn)
#undef popen
#define popen(...) BANNED(popen, posix_spawn)

#endif
