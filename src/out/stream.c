/* SPDX-License-Identifier: MIT */
/* Decides which tasks a sample names and when a key sample is due, and writes all fields
 * that do not belong to a task. */
#include "out/stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"
#include "out/escape.h"
#include "out/json_field.h"
#include "out/stream_fields.h"
#include "out/stream_holds.h"
#include "out/stream_members.h"

/* A key sample is due when it would be small compared with the bytes written since the
 * last. */
#define KEY_LEAST_NS (60 * CLOCK_SECOND_NS)
#define KEY_MOST_NS  (600 * CLOCK_SECOND_NS)
#define KEY_REST_NS  (3600 * CLOCK_SECOND_NS) /* while almost nothing changes */
#define KEY_PART     2

struct stream {
	/* If NULL, the next sample is a key sample with a header. */
	struct snapshot *last;
	/* Hash table of the tasks of one snapshot by identity, made when it is needed;
	 * UINT32_MAX marks a free entry. */
	uint32_t *index;
	const struct snapshot *indexed; /* only compared */
	size_t nr_index;                /* a power of two */
	struct buf head, head_before;   /* target, resources, errors */
	struct buf others, others_before;
	struct buf tasks;
	struct stream_fields fields;
	struct stream_holds holds;
	struct stream_members members;
	uint64_t serial;
	int64_t key_ns;
	size_t key_bytes, since_key_bytes;
	bool moved; /* a task is at another place than in the last snapshot, or new */
};

struct stream *stream_new(void)
{
	return calloc(1, sizeof(struct stream));
}

void stream_restart(struct stream *stream)
{
	snapshot_unref(stream->last);
	stream->last = NULL;
	stream->indexed = NULL;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	snapshot_unref(stream->last);
	buf_release(&stream->head);
	buf_release(&stream->head_before);
	buf_release(&stream->others);
	buf_release(&stream->others_before);
	buf_release(&stream->tasks);
	stream_fields_release(&stream->fields);
	stream_holds_release(&stream->holds);
	stream_members_release(&stream->members);
	free(stream->index);
	free(stream);
}

void stream_write_holds(struct stream *stream)
{
	stream->holds.on = true;
}

size_t stream_wants_holds(const struct stream *stream, const struct snapshot *snapshot,
			  struct holds_wish *list, size_t most)
{
	return stream->holds.on ? stream_holds_next(&stream->holds, snapshot, list, most)
				: 0;
}

static size_t identity_hash(const struct task *task)
{
	return (size_t)hash_mix(task->id * 4 + task->kind, task->serial);
}

static bool same_identity(const struct task *a, const struct task *b)
{
	return a->id == b->id && a->kind == b->kind && a->serial == b->serial;
}

static int index_tasks(struct stream *stream, const struct snapshot *snapshot)
{
	size_t count = 64, mask;

	if (stream->indexed == snapshot)
		return 0;
	stream->indexed = NULL;
	while (count < snapshot->nr_tasks * 2)
		count *= 2;
	if (count > stream->nr_index &&
	    !array_resize(&stream->index, &stream->nr_index, count))
		return ERR_NOMEM;
	memset(stream->index, 0xff, stream->nr_index * sizeof(*stream->index));
	mask = stream->nr_index - 1;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		size_t at = identity_hash(&snapshot->tasks[i]) & mask;

		while (stream->index[at] != UINT32_MAX)
			at = (at + 1) & mask;
		stream->index[at] = (uint32_t)i;
	}
	stream->indexed = snapshot;
	return 0;
}

/* Finds the task at this place of the new snapshot in the last one. Most snapshots have the
 * same tasks in the same order. */
static const struct task *find_before(struct stream *stream, const struct task *task,
				      size_t place)
{
	size_t mask, at;

	if (place < stream->last->nr_tasks &&
	    same_identity(&stream->last->tasks[place], task))
		return &stream->last->tasks[place];
	stream->moved = true;
	if (index_tasks(stream, stream->last) != 0)
		return NULL;
	mask = stream->nr_index - 1;
	at = identity_hash(task) & mask;
	for (; stream->index[at] != UINT32_MAX; at = (at + 1) & mask) {
		const struct task *found = &stream->last->tasks[stream->index[at]];

		if (same_identity(found, task))
			return found;
	}
	return NULL;
}

static void put_task(struct stream *stream, const struct task *task,
		     const struct task *before)
{
	bool holds = stream->holds.on && task_more(task)->holds;

	if (before && !holds && stream_same_task(task, before))
		return;
	if (stream->tasks.length > 0)
		buf_puts(&stream->tasks, ", ");
	stream_put_fields(&stream->fields, &stream->tasks, task, before, holds);
	if (holds)
		stream_holds_note(&stream->holds, task);
}

/* Leaves out what may change while a thread of another process waits: CPU share and
 * context switches. */
static void put_others(struct stream *stream, const struct snapshot *s)
{
	struct buf *out = &stream->others;

	buf_clear(out);
	buf_puts(out, ", \"others\": [");
	for (size_t i = 0; i < s->nr_processes; i++) {
		const struct other_process *process = &s->processes[i];
		bool any = false;

		buf_printf(out, "%s{\"pid\": %d", i > 0 ? ", " : "", (int)process->pid);
		json_put_text(out, "name", process->name);
		json_put_bool(out, "complete", process->complete);
		buf_puts(out, ", \"tasks\": [");
		for (size_t n = 0; n < s->nr_others; n++) {
			struct task task = s->others[n].task;

			if (s->others[n].process != process)
				continue;
			task.cpu_percent = -1;
			task.switches = 0;
			buf_puts(out, any ? ", " : "");
			any = true;
			stream_put_fields(&stream->fields, out, &task, NULL, false);
		}
		buf_puts(out, "]}");
	}
	buf_puts(out, "]");
}

/* Writes the tasks of the previous sample that have ended. A reused id with another
 * serial number is a new task, which replaces the old one. */
static void put_gone(struct stream *stream, const struct snapshot *snapshot,
		     struct buf *out)
{
	char id[TASK_ID_MAX];
	bool any = false;

	/* The index already describes the new snapshot. */
	for (size_t i = 0; i < stream->last->nr_tasks; i++) {
		const struct task *task = &stream->last->tasks[i];
		size_t mask = stream->nr_index - 1, at = identity_hash(task) & mask;
		bool found = false;

		for (; !found && stream->index[at] != UINT32_MAX; at = (at + 1) & mask) {
			const struct task *now = &snapshot->tasks[stream->index[at]];

			found = same_identity(now, task);
		}
		if (found)
			continue;
		buf_puts(out, any ? ", " : ", \"gone\": [");
		any = true;
		buf_printf(out, "\"%s.%" PRId64 "\"", task_format_id(task, id),
			   (int64_t)task->serial);
	}
	if (any)
		buf_puts(out, "]");
}

/* Writes the fields that are repeated only if one of them changed. */
static void put_head(struct buf *out, const struct snapshot *s)
{
	buf_clear(out);
	buf_puts(out, ", \"target\": {");
	json_put_count(out, "", "pid", s->target.pid > 0 ? s->target.pid : -1);
	json_put_text(out, "name", s->target.name);
	json_put_sources(out, s->target.sources);
	json_put_text(out, "runtime", s->target.runtime);
	json_put_count(out, ", ", "start_real_ns", s->target.start_real_ns);
	buf_puts(out, "}, \"resources\": {");
	json_put_resources(out, &s->resources);
	json_put_timers(out, s->timers, s->mono_ns, true);
	json_put_percent(out, "cpu_percent", s->resources.cpu_percent);
	buf_printf(out, "}, \"dropped\": %" PRIu64 ", \"errors\": [", s->dropped);
	for (size_t i = 0; i < s->nr_notes; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		escape_json(out, s->notes[i]);
	}
	buf_puts(out, "]");
}

static bool key_is_due(const struct stream *stream, const struct snapshot *snapshot)
{
	int64_t past_ns = snapshot->mono_ns - stream->key_ns;
	size_t since = stream->since_key_bytes;

	return !stream->last || past_ns < 0 || past_ns >= KEY_REST_NS ||
	       (past_ns >= KEY_MOST_NS && since * KEY_PART >= stream->key_bytes) ||
	       (past_ns >= KEY_LEAST_NS && since / KEY_PART >= stream->key_bytes);
}

static void begin_key(struct stream *stream, const struct snapshot *snapshot)
{
	stream->key_ns = snapshot->mono_ns;
	stream->since_key_bytes = 0;
	stream_fields_begin_key(&stream->fields);
	stream_holds_begin_key(&stream->holds);
	buf_clear(&stream->head_before);
	buf_clear(&stream->others_before);
}

/* Writes *now if it differs from *before, and then replaces *before by it. */
static void put_changed(struct buf *now, struct buf *before, struct buf *out)
{
	struct buf swap = *now;

	if (now->length != before->length ||
	    memcmp(now->bytes, before->bytes, now->length) != 0)
		buf_append(out, now->bytes, now->length);
	*now = *before;
	*before = swap;
}

int stream_put(struct stream *stream, struct snapshot *snapshot, struct buf *out,
	       struct err *e)
{
	bool key = key_is_due(stream, snapshot);
	size_t before_bytes = out->length;
	char iso[CLOCK_ISO_MAX];

	if (!stream->last)
		buf_puts(out, "{\"grmon\": 1, \"stream\": 1}\n");
	if (key)
		begin_key(stream, snapshot);
	stream->moved = key;
	buf_clear(&stream->tasks);
	buf_clear(&stream->fields.defined);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		put_task(stream, task, key ? NULL : find_before(stream, task, i));
	}
	buf_printf(out,
		   "{\"grmon\": 1, \"time\": \"%s\", \"real_ns\": %" PRId64
		   ", \"clock_ns\": %" PRId64 ", \"seq\": %" PRIu64 ", \"key\": %s",
		   clock_format_iso(snapshot->real_ns, iso), snapshot->real_ns,
		   snapshot->mono_ns, stream->serial++, key ? "true" : "false");
	put_head(&stream->head, snapshot);
	put_changed(&stream->head, &stream->head_before, out);
	stream_put_members(&stream->members, out, snapshot, key ? NULL : stream->last);
	/* Most targets wait for no other process, and then this field never appears. */
	if (snapshot->nr_processes > 0 || stream->others_before.length > 0) {
		put_others(stream, snapshot);
		put_changed(&stream->others, &stream->others_before, out);
	}
	if (!key && (stream->moved || snapshot->nr_tasks != stream->last->nr_tasks)) {
		if (index_tasks(stream, snapshot) != 0)
			return err_set(e, ERR_NOMEM, "out of memory for the recording");
		put_gone(stream, snapshot, out);
	}
	if (stream->fields.defined.length > 0) {
		buf_puts(out, ", \"stacks\": {");
		buf_append(out, stream->fields.defined.bytes,
			   stream->fields.defined.length);
		buf_puts(out, "}");
	}
	buf_puts(out, ", \"tasks\": [");
	buf_append(out, stream->tasks.bytes, stream->tasks.length);
	buf_puts(out, "]}\n");
	if (stream->indexed != snapshot)
		stream->indexed = NULL;
	snapshot_unref(stream->last);
	stream->last = snapshot_ref(snapshot);
	if (key)
		stream->key_bytes = out->length - before_bytes;
	else
		stream->since_key_bytes += out->length - before_bytes;
	if (out->failed || stream->tasks.failed || stream->fields.defined.failed)
		return err_set(e, ERR_NOMEM, "out of memory for the recording");
	return 0;
}
