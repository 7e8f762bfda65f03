/* SPDX-License-Identifier: MIT */
/* One task of a sample in a stream: its fields, and the numbers of its stacks. */
#ifndef OUT_STREAM_FIELDS_H
#define OUT_STREAM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "core/snapshot.h"

/* All zero: empty. */
struct stream_fields {
	struct stream_slot *stacks; /* those that have a number, by hash */
	size_t nr_slots, nr_stacks;
	struct buf
		defined; /* stacks that this sample names first; the caller clears it */
	struct buf field, field_before;
};

void stream_fields_release(struct stream_fields *fields);
/* Forget which stacks were written: each is written again when it is used. */
void stream_fields_begin_key(struct stream_fields *fields);
/* The common case, without writing anything. */
bool stream_same_task(const struct task *a, const struct task *b);
/* The id and what differs. before: NULL for a new task. */
void stream_put_fields(struct stream_fields *fields, struct buf *out,
		       const struct task *task, const struct task *before);

#endif
