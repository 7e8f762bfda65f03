/* SPDX-License-Identifier: MIT */
/* Which holds of tasks a stream has written, and whose are to be read next. What a task
 * holds is written once for each of its waits, and again after a key sample. */
#ifndef OUT_STREAM_HOLDS_H
#define OUT_STREAM_HOLDS_H

#include <stdbool.h>

#include "core/snapshot.h"

/* All zero means that holds are not written. */
struct stream_holds {
	bool on;
	uint64_t *written; /* hashes of waits; 0 marks a free slot */
	size_t capacity, count;
};

void stream_holds_release(struct stream_holds *holds);
void stream_holds_begin_key(struct stream_holds *holds);
/* Call this when a task has been written with its holds. */
void stream_holds_note(struct stream_holds *holds, const struct task *task);
/* Stores the tasks that have waited for a while and whose holds were not
 * written since, those that wait longest first. Returns their number. */
size_t stream_holds_next(const struct stream_holds *holds,
			 const struct snapshot *snapshot, struct holds_wish *list,
			 size_t most);

#endif
