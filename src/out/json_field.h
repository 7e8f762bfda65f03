/* SPDX-License-Identifier: MIT */
/* Each function writes one field of the objects in dumps and streams. */
#ifndef OUT_JSON_FIELD_H
#define OUT_JSON_FIELD_H

#include <string.h>

#include "base/buf.h"
#include "core/holds_group.h"
#include "core/rows.h"
#include "core/snapshot.h"
#include "out/escape.h"

/* The key needs no escape. Inline, because the lengths of both texts are then known: a dump
 * has millions of keys. */
static inline void json_put_key(struct buf *out, const char *separator, const char *key)
{
	size_t before = strlen(separator), bytes = strlen(key);
	char *at = buf_extend(out, before + bytes + 4);

	if (!at)
		return;
	memcpy(at, separator, before);
	at[before] = '"';
	memcpy(at + before + 1, key, bytes);
	memcpy(at + before + 1 + bytes, "\": ", 3);
}
/* Negative values mean unknown and are written as null. */
static inline void json_put_count(struct buf *out, const char *separator, const char *key,
				  int64_t value)
{
	json_put_key(out, separator, key);
	if (value < 0)
		buf_puts(out, "null");
	else
		buf_put_number(out, (uint64_t)value);
}

/* These write a comma first. */
static inline void json_put_text(struct buf *out, const char *key, const char *text)
{
	json_put_key(out, ", ", key);
	escape_json(out, text);
}

static inline void json_put_bool(struct buf *out, const char *key, bool value)
{
	json_put_key(out, ", ", key);
	buf_puts(out, value ? "true" : "false");
}

void json_put_percent(struct buf *out, const char *key, double value);
/* Writes the fields without braces; see json_resources.c. */
void json_put_resources(struct buf *out, const struct resources *resources);
/* Writes a comma and "go_timers" unless this is NULL. Times are relative to the sample,
 * which was taken at now_ns, or in a stream those of its clock, which change less
 * often. */
void json_put_timers(struct buf *out, const struct timers *timers, int64_t now_ns,
		     bool stream);
/* Writes "go_heap" after a comma, or nothing if it is unknown. A percentage of -1 means that
 * collections are off, as in the runtime. */
void json_put_go_heap(struct buf *out, const struct go_heap_figures *heap);
/* Writes "heap_changes", an array, after a comma. */
void json_put_heap_changes(struct buf *out, const struct go_heap_point *from,
			   const struct go_heap_point *to);
void json_put_sources(struct buf *out, const char *sources);
/* Writes what does not change of one of several processes, after a comma: name, sources,
 * runtime, when it began, and why it cannot be read. */
void json_put_member(struct buf *out, const struct member_process *member);
/* Writes "target" and "time", which all documents begin with. */
void json_put_target(struct buf *out, const struct snapshot *snapshot);
/* Writes null for NULL. */
void json_put_frame(struct buf *out, const struct frame *frame);
/* Writes an array of frames, which is empty for NULL. */
void json_put_frames(struct buf *out, const struct stack *stack);
void json_put_waits(struct buf *out, const char *separator, const struct task *task);
/* Writes the ids of the tasks in each deadlock, without the outer brackets. */
void json_put_cycles(struct buf *out, const struct snapshot *snapshot);
/* Writes the ids of the coroutines that await the task, if there are some. */
void json_put_awaiting(struct buf *out, const char *separator, const struct task *task);
void json_put_labels(struct buf *out, const char *first, const struct task *task);
/* Writes "ancestors": the task's creator and what led to it, each with its stack. */
void json_put_ancestors(struct buf *out, const char *separator, const struct task *task);

/* Writes "holds". `between` separates the things that are held. */
void json_put_holds(struct buf *out, const char *separator, const char *between,
		    const struct holds *holds);
/* Writes "holds_of_groups" and a comma: what the largest groups have in common. */
void json_put_holds_groups(struct buf *out, const struct snapshot *snapshot,
			   const struct rows *rows);

/* Writes a comma and "holds": what these tasks have in common, null if it was not read. */
void json_put_holds_who(struct buf *out, const struct snapshot *snapshot,
			struct holds_who who);

#endif
