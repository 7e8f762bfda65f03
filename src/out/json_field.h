/* SPDX-License-Identifier: MIT */
/* Each function writes one field of the objects in dumps and streams. */
#ifndef OUT_JSON_FIELD_H
#define OUT_JSON_FIELD_H

#include "base/buf.h"
#include "core/snapshot.h"

void json_put_key(struct buf *out, const char *separator, const char *key);
/* These write a comma first. */
void json_put_text(struct buf *out, const char *key, const char *text);
void json_put_bool(struct buf *out, const char *key, bool value);
/* Negative values mean unknown and are written as null. */
void json_put_count(struct buf *out, const char *separator, const char *key,
		    int64_t value);
void json_put_percent(struct buf *out, const char *key, double value);
/* Writes the fields without braces; see json_resources.c. */
void json_put_resources(struct buf *out, const struct resources *resources);
/* Writes a comma and "go_timers" if there are any. Times are relative to the sample, or in
 * a stream those of its clock, which change less often. */
void json_put_timers(struct buf *out, const struct snapshot *snapshot, bool stream);
/* Writes "go_heap" after a comma, or nothing if it is unknown. A percentage of -1 means that
 * collections are off, as in the runtime. */
void json_put_go_heap(struct buf *out, const struct go_heap_figures *heap);
/* Writes "heap_changes", an array, after a comma. */
void json_put_heap_changes(struct buf *out, const struct go_heap_point *from,
			   const struct go_heap_point *to);
void json_put_sources(struct buf *out, const char *sources);
/* Writes "target" and "time", which all documents begin with. */
void json_put_target(struct buf *out, const struct snapshot *snapshot);
/* Writes an array of frames, which is empty for NULL. */
void json_put_frames(struct buf *out, const struct stack *stack);
void json_put_waits(struct buf *out, const char *separator, const struct waits_on *waits);
/* Writes the ids of the tasks in each deadlock, without the outer brackets. */
void json_put_cycles(struct buf *out, const struct snapshot *snapshot);
void json_put_labels(struct buf *out, const char *first, const struct task *task);
/* Writes "ancestors": the task's creator and what led to it, each with its stack. */
void json_put_ancestors(struct buf *out, const char *separator, const struct task *task);

#endif
