/* SPDX-License-Identifier: MIT */
/*
 * Texts of rows that did not change are shared by the snapshots of a source, so that a
 * look at many resting tasks copies none. The source's thread adds texts; any thread may
 * read them while it holds a snapshot that shares them.
 */
#ifndef CORE_TEXTS_H
#define CORE_TEXTS_H

#include "core/snapshot.h"

void texts_unref(struct texts *texts); /* NULL is accepted */

/* The source's side, zeroed at first. Texts of rows that have changed are left behind;
 * when there are more of those than of others, a new store begins, and with it another
 * generation: a row of an earlier one must add its texts again. So it does after the clock
 * was set, because texts may have times of day. */
struct texts_keeper {
	struct texts *now;
	int64_t ahead_ns;    /* CLOCK_REALTIME minus CLOCK_MONOTONIC when `now` began */
	uint32_t generation; /* never 0 after the first texts_begin() */
	size_t in_use_bytes; /* when all rows had added theirs */
	bool began;          /* in this look */
};

/* Begins a look: the snapshot shares what is added from now on. Returns false if there is
 * no memory; then nothing may be added to this snapshot. */
bool texts_begin(struct texts_keeper *keeper, struct snapshot *out);
/* All rows have added their texts. */
void texts_end(struct texts_keeper *keeper);
/* Returns a copy of the text, or NULL if there is no memory. */
const char *texts_add(struct texts_keeper *keeper, const char *text, size_t max_bytes);
/* The same for anything else. */
const void *texts_add_bytes(struct texts_keeper *keeper, const void *bytes, size_t size);
void texts_keeper_release(struct texts_keeper *keeper);

#endif
