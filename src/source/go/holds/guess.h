/* SPDX-License-Identifier: MIT */
/*
 * Strings that are local variables: the compiler keeps their address and their length in
 * different words of a frame, and the program's tables name only the first. The length is
 * among those that explain why the bytes are in an object of this size, because the
 * runtime takes the smallest one that is large enough.
 */
#ifndef SOURCE_GO_HOLDS_GUESS_H
#define SOURCE_GO_HOLDS_GUESS_H

#include "source/go/holds/walk.h"

/* Notes the lengths that are possible for the string that a word on the stack leads to.
 * Returns false if there are none or too many. */
bool go_guess_add(struct go_reach *reach, const struct go_lead *lead,
		  const struct go_heap_span *span);
/* Call when the objects of this step have been read: adds those strings whose length is
 * certain by their bytes. */
void go_guesses_take(struct go_look *look);

#endif
