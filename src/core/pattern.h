/* SPDX-License-Identifier: MIT */
/* A pattern that texts are compared with: a substring, a whole text or a regular
 * expression. Created once and matched many times. Matching never allocates. The texts
 * may be hostile, so a regular expression examines at most PATTERN_SUBJECT_MAX bytes. */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/expression.h"

#define PATTERN_SUBJECT_MAX 512
enum pattern_kind { PATTERN_PART, PATTERN_WHOLE, PATTERN_REGEX };

struct pattern {
	enum pattern_kind kind;
	bool fold; /* ignore case, since the pattern has no upper-case letter */
	char *text;
	size_t length;
	struct expression *expression; /* only for PATTERN_REGEX */
};

/* text need not be NUL-terminated. Returns 0, ERR_USAGE with the offset in text, or
 * ERR_NOMEM. Release the pattern only after success. */
int pattern_init(struct pattern *pattern, enum pattern_kind kind, const char *text,
		 size_t length, struct err *e);
void pattern_release(struct pattern *pattern);
bool pattern_match(const struct pattern *pattern, const char *text);
/* Only for PATTERN_PART: returns where the text has it for the first time, or NULL. */
const char *pattern_find(const struct pattern *pattern, const char *text);

#endif
