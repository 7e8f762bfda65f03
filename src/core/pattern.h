/* SPDX-License-Identifier: MIT */
/* One text that others are compared with: as a part, as a whole, or as a regular
 * expression. Made once, matched many times; matching never allocates for the first two.
 * Texts that are matched may be hostile: at most PATTERN_SUBJECT_MAX bytes are looked at
 * by a regular expression. */
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
	bool fold; /* no upper-case letter in it: case does not matter */
	char *text;
	size_t length;
	struct expression *expression; /* of PATTERN_REGEX */
};

/* text need not end in NUL. Returns 0, ERR_USAGE with the offset in text, or ERR_NOMEM;
 * release it only after success. */
int pattern_init(struct pattern *pattern, enum pattern_kind kind, const char *text,
		 size_t length, struct err *e);
void pattern_release(struct pattern *pattern);
bool pattern_match(const struct pattern *pattern, const char *text);

#endif
