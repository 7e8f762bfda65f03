/* SPDX-License-Identifier: MIT */
/* A pattern that texts are compared with: a substring, a whole text or a regular
 * expression. Created once and matched many times. Matching never allocates. The texts
 * may be hostile, so a regular expression examines at most PATTERN_SUBJECT_MAX bytes. */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/expression.h"

#define PATTERN_SUBJECT_MAX 512
enum pattern_kind { PATTERN_PART, PATTERN_WHOLE, PATTERN_REGEX };

struct pattern {
	enum pattern_kind kind;
	bool fold; /* ignore case, since the pattern has no upper-case letter */
	char *text;
	size_t length;
	/* its first eight bytes, the first of them lowest; 0xff for each that there is; for
	 * each letter the bit in which its cases differ */
	uint64_t head, head_bytes, head_cases;
	uint64_t firsts;               /* eight times its first byte, in lower case */
	struct expression *expression; /* only for PATTERN_REGEX */
};

/* text need not be NUL-terminated. Returns 0, ERR_USAGE with the offset in text, or
 * ERR_NOMEM. Release the pattern only after success. */
int pattern_init(struct pattern *pattern, enum pattern_kind kind, const char *text,
		 size_t length, struct err *e);
void pattern_release(struct pattern *pattern);
/* Only for PATTERN_PART: returns where the text has it for the first time, or NULL. */
const char *pattern_find(const struct pattern *pattern, const char *text);
/* For the other kinds, which look at all of the text. */
bool pattern_match_all(const struct pattern *pattern, const char *text);
static inline bool pattern_match(const struct pattern *pattern, const char *text)
{
	return pattern->kind == PATTERN_PART ? pattern_find(pattern, text) != NULL
					     : pattern_match_all(pattern, text);
}

#endif
