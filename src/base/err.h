/* SPDX-License-Identifier: MIT */
/*
 * The folder src/base has what all other folders build on: errors, memory, time, files,
 * threads. It must not know what a task, a snapshot or an option is.
 *
 * An error consists of a code for the program, an errno and one sentence that tells the
 * user what to do.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_OK = 0,
	ERR_SYS = -1,      /* a system call failed; sys holds errno */
	ERR_GONE = -2,     /* the target has ended */
	ERR_PERM = -3,     /* no permission to inspect the target */
	ERR_NOTFOUND = -4, /* no such target, file, column … */
	ERR_USAGE = -5,    /* the user's input is not valid */
	ERR_FORMAT = -6,   /* data from outside is malformed */
	ERR_NOMEM = -7,
	ERR_TIMEOUT = -8,     /* no answer in time; try again later */
	ERR_UNSUPPORTED = -9, /* this target cannot be watched this way */
};

#define ERR_TEXT_MAX 400

struct err {
	int code; /* enum err_code */
	int sys;  /* errno, or 0 */
	int at;   /* byte offset of the error in the user's text, or -1 */
	char text[ERR_TEXT_MAX];
};

/* e may be NULL in all of these functions. They return `code`, so that a caller can write
 * `return err_set(…)`. */
int err_set(struct err *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets the text to `format: strerror(errnum)`. The code is ERR_PERM for EPERM and EACCES,
 * ERR_NOMEM for ENOMEM, ERR_GONE for ESRCH, and ERR_SYS for any other errno. */
int err_sys(struct err *e, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Like err_set() with ERR_USAGE; `at` is the byte offset of the error. */
int err_at(struct err *e, int at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void err_clear(struct err *e);

#endif
