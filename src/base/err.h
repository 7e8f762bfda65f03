/* SPDX-License-Identifier: MIT */
/*
 * The folder src/base has what all other folders build on: errors, memory, time, files,
 * threads. It does not know what a task, a snapshot or an option is.
 *
 * Errors: a code to decide by, an errno, and one sentence that tells a user what to do.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_OK = 0,
	ERR_SYS = -1,      /* a system call failed; sys holds errno */
	ERR_GONE = -2,     /* the target ended */
	ERR_PERM = -3,     /* not allowed to look at the target */
	ERR_NOTFOUND = -4, /* no such target, file, column … */
	ERR_USAGE = -5,    /* the user's words are wrong */
	ERR_FORMAT = -6,   /* bytes from outside do not make sense */
	ERR_NOMEM = -7,
	ERR_TIMEOUT = -8,     /* nothing came in time; try again later */
	ERR_UNSUPPORTED = -9, /* this target cannot be watched this way */
};

#define ERR_TEXT_MAX 400

struct err {
	int code; /* enum err_code */
	int sys;  /* errno, or 0 */
	int at;   /* byte offset into the user's text that is wrong, or -1 */
	char text[ERR_TEXT_MAX];
};

/* e may be NULL everywhere. All return `code`, so that callers can `return err_set(…)`. */
int err_set(struct err *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Code ERR_SYS (ERR_PERM for EPERM and EACCES, ERR_NOMEM for ENOMEM, ERR_GONE for ESRCH),
 * text + ": " + strerror. */
int err_sys(struct err *e, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* As err_set(ERR_USAGE), with the byte offset of what is wrong. */
int err_at(struct err *e, int at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void err_clear(struct err *e);

#endif
