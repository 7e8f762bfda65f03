/* SPDX-License-Identifier: MIT */
/* A set of three letters in a row, in which hashes stand for them. A word can only be in a
 * text that has all of its letters, so that most texts need not be read to find it. */
#ifndef CORE_LETTERS_H
#define CORE_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LETTERS_WORDS 8u

/* As bits. */
struct letters {
	uint64_t bits[LETTERS_WORDS];
};

struct stack;

/* Adds all of a text. Upper and lower case are the same. */
void letters_add(struct letters *letters, const char *text);
/* Adds the texts in which a filter looks for a word: function and place of each frame, and
 * what is shown of the stack. */
void letters_add_stack(struct letters *letters, const struct stack *stack);

static inline bool letters_have(const struct letters *letters,
				const struct letters *wanted)
{
	for (size_t i = 0; i < LETTERS_WORDS; i++)
		if (wanted->bits[i] & ~letters->bits[i])
			return false;
	return true;
}

#endif
