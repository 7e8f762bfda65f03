/* SPDX-License-Identifier: MIT */
/* Fills in struct err. Never prints anything. A text that is too long is cut. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 5, 0))) static void
err_fill(struct err *e, int code, int sys, int at, const char *format, va_list args)
{
	e->code = code;
	e->sys = sys;
	e->at = at;
	vsnprintf(e->text, sizeof(e->text), format, args);
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list args;

	if (!e)
		return code;
	va_start(args, format);
	err_fill(e, code, 0, -1, format, args);
	va_end(args);
	return code;
}

static int err_code_of(int errnum)
{
	switch (errnum) {
	case EPERM:
	case EACCES:
		return ERR_PERM;
	case ENOMEM:
		return ERR_NOMEM;
	case ESRCH:
		return ERR_GONE;
	default:
		return ERR_SYS;
	}
}

int err_sys(struct err *e, int errnum, const char *format, ...)
{
	int code = err_code_of(errnum);
	char reason[96], number[64];
	size_t used, reason_bytes;
	va_list args;

	if (!e)
		return code;
	va_start(args, format);
	err_fill(e, code, errnum, -1, format, args);
	va_end(args);
	/* The reason is kept complete; the text before it is cut if necessary. This is
	 * GNU strerror_r. */
	snprintf(reason, sizeof(reason), ": %s",
		 strerror_r(errnum, number, sizeof(number)));
	reason_bytes = strlen(reason) + 1;
	used = strlen(e->text);
	if (used > sizeof(e->text) - reason_bytes)
		used = sizeof(e->text) - reason_bytes;
	memcpy(e->text + used, reason, reason_bytes);
	return code;
}

int err_at(struct err *e, int at, const char *format, ...)
{
	va_list args;

	if (!e)
		return ERR_USAGE;
	va_start(args, format);
	err_fill(e, ERR_USAGE, 0, at, format, args);
	va_end(args);
	return ERR_USAGE;
}

void err_clear(struct err *e)
{
	if (!e)
		return;
	e->code = ERR_OK;
	e->sys = 0;
	e->at = -1;
	e->text[0] = '\0';
}
