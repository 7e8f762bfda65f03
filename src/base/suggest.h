/* SPDX-License-Identifier: MIT */
/* What a mistyped word was meant to be. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 32

struct suggest {
	const char *word;
	size_t bytes;
	const char *best; /* NULL while nothing is near enough */
	size_t distance;
};

/* word: not NUL-terminated, bytes long. */
void suggest_init(struct suggest *suggest, const char *word, size_t bytes);
/* candidate: kept as a pointer. Nearer ones win, then earlier ones. */
void suggest_offer(struct suggest *suggest, const char *candidate);

#define SUGGEST_HINT_MAX 64
/* "; did you mean X?", or "" where nothing is near; for the end of a sentence. */
const char *suggest_hint(const struct suggest *suggest, char out[SUGGEST_HINT_MAX]);

#endif
