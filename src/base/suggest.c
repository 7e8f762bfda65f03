/* SPDX-License-Identifier: MIT */
/* Finds the nearest word by edit distance, where swapping two neighbours is one edit
 * (optimal string alignment). */
#include "base/suggest.h"

#include <stdio.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	size_t rows[3][SUGGEST_WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_bytes; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_bytes; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_bytes; j++) {
			size_t edits = above[j - 1] + (a[i - 1] != b[j - 1]);

			edits = least(edits, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				edits = least(edits, before[j - 2] + 1);
			row[j] = edits;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_bytes];
}

void suggest_init(struct suggest *suggest, const char *word, size_t bytes)
{
	suggest->word = word;
	suggest->bytes = bytes;
	suggest->best = NULL;
	/* One more than the largest accepted distance, which is a third of the word's
	 * length but at least one. */
	suggest->distance = bytes / 3 + (bytes < 3 ? 2 : 1);
}

void suggest_offer(struct suggest *suggest, const char *candidate)
{
	size_t bytes = strlen(candidate), distance;

	if (bytes == 0 || bytes > SUGGEST_WORD_MAX || suggest->bytes > SUGGEST_WORD_MAX)
		return;
	/* A prefix counts as one edit. */
	if (suggest->bytes >= 3 && suggest->bytes < bytes &&
	    memcmp(suggest->word, candidate, suggest->bytes) == 0)
		distance = 1;
	else
		distance = edit_distance(suggest->word, suggest->bytes, candidate, bytes);
	if (distance < suggest->distance) {
		suggest->distance = distance;
		suggest->best = candidate;
	}
}

const char *suggest_hint(const struct suggest *suggest, char out[SUGGEST_HINT_MAX])
{
	out[0] = '\0';
	if (suggest->best)
		snprintf(out, SUGGEST_HINT_MAX, "; did you mean %s?", suggest->best);
	return out;
}
