/* SPDX-License-Identifier: MIT */
/* Three letters are more often absent than two, and a word that is worth a search has
 * them. */
#include "core/letters.h"

#include "base/text.h"
#include "core/column.h"

#define HASH_FACTOR 0x9e3779b1u
#define HASH_SHIFT  23 /* leaves the bits of an index */

_Static_assert(LETTERS_WORDS * 64 == 1u << (32 - HASH_SHIFT), "each hash has a bit");

static uint32_t byte_folded(char byte)
{
	return (unsigned char)(byte_is_upper(byte) ? byte | 0x20 : byte);
}

void letters_add(struct letters *letters, const char *text)
{
	uint32_t three;

	if (!text[0] || !text[1])
		return;
	three = byte_folded(text[0]) << 8 | byte_folded(text[1]);
	for (const char *at = text + 2; *at; at++) {
		uint32_t hash;

		three = (three << 8 | byte_folded(*at)) & 0xffffff;
		hash = three * HASH_FACTOR >> HASH_SHIFT;
		letters->bits[hash / 64] |= 1ull << hash % 64;
	}
}

void letters_add_stack(struct letters *letters, const struct stack *stack)
{
	const struct task shown = {.stack = stack, .created_by = stack};
	char text[COLUMN_TEXT_MAX];

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		if (frame->function)
			letters_add(letters, frame->function);
		letters_add(letters, frame_format_location(frame, text));
	}
	letters_add(letters, column_format(COLUMN_FUNCTION, &shown, 0, text));
	letters_add(letters, column_format(COLUMN_CREATED, &shown, 0, text));
}
