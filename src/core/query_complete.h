/* SPDX-License-Identifier: MIT */
/* What a filter that is being typed can go on with: columns, operators, states, labels,
 * and values that occur in a snapshot. */
#ifndef CORE_QUERY_COMPLETE_H
#define CORE_QUERY_COMPLETE_H

#include "base/arena.h"
#include "core/snapshot.h"

#define QUERY_COMPLETE_MAX      200 /* candidates */
#define QUERY_COMPLETE_TEXT_MAX 160 /* bytes of one; longer values are left out */

struct query_completion {
	/* The bytes of the text that a candidate replaces. */
	size_t from, to;
	const char *list[QUERY_COMPLETE_MAX];
	size_t count;
	bool more;       /* there were more than these */
	bool from_start; /* they begin with what was typed, otherwise they contain it */
	struct arena arena; /* of the list */
};

void query_completion_init(struct query_completion *completion);
void query_completion_release(struct query_completion *completion);
/* Finds the candidates for the term in which byte `at` of the text is. snapshot may be
 * NULL. Values are sorted and quoted if need be; hostile bytes are left out. The work is
 * bounded by the number of tasks. */
void query_complete(struct query_completion *completion, const char *text, size_t at,
		    const struct snapshot *snapshot);
/* Returns how many bytes all candidates have in common at their beginning. */
size_t query_completion_common(const struct query_completion *completion);

#endif
