/* SPDX-License-Identifier: MIT */
/* See guess.h. */
#include "source/go/holds/guess.h"

#include "base/array.h"
#include "source/go/holds/words.h"

#define SIZE_MAX_GUESSED 1024u /* of the object; all of it has been copied */
#define WORDS_MAX_READ   1024u /* of a frame */

/* The next smaller size of objects; runtime/sizeclasses.go has the same since Go 1.16. */
static uint64_t size_below(uint64_t size)
{
	if (size <= 32)
		return size - 8;
	if (size <= 256)
		return size - 16;
	if (size <= 512)
		return size - 32;
	return size - (size <= 768 ? 64 : 128);
}

bool go_guess_add(struct go_reach *reach, const struct go_lead *lead,
		  const struct go_heap_span *span)
{
	const struct go_reach_frame *frame =
		go_reach_frame_of(reach, reach->sp + lead->at);
	struct go_look *look = reach->look;
	struct go_guess guess = {.lead = *lead};
	uint64_t least;

	if (!frame || (lead->to - span->start) % span->size ||
	    span->size > SIZE_MAX_GUESSED)
		return false;
	/* Shorter strings share objects of 16 bytes. */
	least = span->size <= 16 ? 15 : size_below(span->size);
	for (size_t i = 0;
	     i < frame->own_words && i < frame->nr_words && i < WORDS_MAX_READ; i++) {
		uint64_t word = load_u64(frame->words + i * 8);
		size_t k = 0;

		if (word <= least || word > span->size)
			continue;
		while (k < guess.nr && guess.lengths[k] != word)
			k++;
		if (k == GO_GUESS_LENGTHS)
			return false;
		if (k == guess.nr)
			guess.lengths[guess.nr++] = word;
	}
	/* If the length is in the next word, nothing has to be guessed. */
	if (guess.nr == 0 || (guess.nr == 1 && guess.lengths[0] == lead->length))
		return false;
	guess.piece = go_look_piece(look, lead->to);
	if (!guess.piece || guess.piece == GO_LOOK_FULL ||
	    !array_reserve_most(&look->guesses, &look->cap_guesses, look->nr_guesses + 1,
				GO_GUESSES_MAX))
		return false;
	look->guesses[look->nr_guesses++] = guess;
	return true;
}

/* Returns the length that the bytes agree with, or 0 if there are several. */
static uint64_t choose(const struct go_guess *guess, const struct go_piece *piece)
{
	const char *bytes = (const char *)piece->bytes;
	uint64_t valid = 0, ended = 0;
	size_t nr_valid = 0, nr_ended = 0;

	for (size_t i = 0; i < guess->nr; i++) {
		uint64_t length = guess->lengths[i];

		if (length > piece->copied || !go_words_valid(bytes, length, false))
			continue;
		valid = length;
		nr_valid++;
		/* No text goes on behind it. */
		if (length == piece->copied || !go_words_valid(bytes + length, 1, true)) {
			ended = length;
			nr_ended++;
		}
	}
	if (nr_valid == 1)
		return valid;
	return nr_ended == 1 ? ended : 0;
}

void go_guesses_take(struct go_look *look)
{
	for (size_t i = 0; i < look->nr_guesses; i++) {
		struct go_guess *guess = &look->guesses[i];
		const struct go_piece *piece = &look->pieces[guess->piece - 1];
		struct go_lead lead = guess->lead;
		uint64_t length = piece->bytes ? choose(guess, piece) : 0;

		lead.inferred |= length != lead.length;
		if (length)
			lead.length = length;
		if (lead.length)
			go_reach_text(&look->reaches[lead.reach], &lead);
	}
	look->nr_guesses = 0;
}
