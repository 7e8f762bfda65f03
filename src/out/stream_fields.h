/* SPDX-License-Identifier: MIT */
/* The fields of one task in a sample of a stream, and the numbers of its stacks. */
#ifndef OUT_STREAM_FIELDS_H
#define OUT_STREAM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "core/snapshot.h"

/* All zero means empty. */
struct stream_fields {
	struct stream_slot *stacks; /* the stacks that have a number, by hash */
	size_t nr_slots, nr_stacks;
	struct buf defined; /* stacks that this sample uses first; the caller clears it */
	struct buf field, field_before;
};

void stream_fields_release(struct stream_fields *fields);
/* Forgets which stacks were written: each is written again when it is used. */
void stream_fields_begin_key(struct stream_fields *fields);
/* A fast comparison for the most common case, which writes nothing. */
bool stream_same_task(const struct task *a, const struct task *b);
/* Writes the id and the fields that differ. before is NULL for a new task. What the task
 * holds is written only if holds is set. */
void stream_put_fields(struct stream_fields *fields, struct buf *out,
		       const struct task *task, const struct task *before, bool holds);

#endif
