/* SPDX-License-Identifier: MIT */
/* A text of limited length that is written piece by piece. Bytes of a target are cleaned
 * on the way, so it never contains control characters, unless it is raw. */
#ifndef BASE_ONELINE_H
#define BASE_ONELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oneline {
	char *out; /* of the caller, always NUL-terminated */
	size_t size, used;
	bool full; /* it was cut, and ends with "…" */
	bool raw;  /* it will be quoted as a whole, and oneline_clean() changes nothing */
};

/* size is at least 8. */
void oneline_init(struct oneline *text, char *out, size_t size);
/* Append a text of this program, or one that is clean. */
void oneline_put(struct oneline *text, const char *more);
void oneline_printf(struct oneline *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Appends bytes of a target; what is not printable becomes \xNN or \u{NNNN}. */
void oneline_clean(struct oneline *text, const void *bytes, size_t nr);
/* Appends them in quotes, with the escapes of C. missing: bytes of the string that are
 * not here; if there are any, a character that is cut at the end is left out. */
void oneline_quote(struct oneline *text, char quote, const void *bytes, size_t nr,
		   uint64_t missing);

#endif
