/* SPDX-License-Identifier: MIT */
/* The processes of a target that is several, in a sample of a stream: those that came, those
 * that changed, and those that ended. */
#ifndef OUT_STREAM_MEMBERS_H
#define OUT_STREAM_MEMBERS_H

#include "base/buf.h"
#include "core/snapshot.h"

/* All zero means empty. */
struct stream_members {
	struct buf field, field_before; /* scratch space */
};

void stream_members_release(struct stream_members *members);
/* Writes "processes" and "gone_processes", each after a comma, unless it would be empty.
 * before is the previous sample, or NULL to write all processes. */
void stream_put_members(struct stream_members *members, struct buf *out,
			const struct snapshot *snapshot, const struct snapshot *before);

#endif
