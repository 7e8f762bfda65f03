/* SPDX-License-Identifier: MIT */
/* Suggestions for mistyped words. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 32

struct suggest {
	const char *word;
	size_t bytes;
	const char *best; /* NULL while no candidate is close enough */
	size_t distance;
};

/* word is `bytes` long and need not be NUL-terminated. */
void suggest_init(struct suggest *suggest, const char *word, size_t bytes);
/* Only the pointer to the candidate is stored. The nearest candidate wins, and among
 * equals the first. */
void suggest_offer(struct suggest *suggest, const char *candidate);

#define SUGGEST_HINT_MAX 64
/* Returns "; did you mean X?" for the end of a sentence, or "" if no candidate is close
 * enough. */
const char *suggest_hint(const struct suggest *suggest, char out[SUGGEST_HINT_MAX]);

#endif
