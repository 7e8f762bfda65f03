/* SPDX-License-Identifier: MIT */
/* A task's fields are written where they differ from those of the sample before; of a new
 * task where they differ from an empty one. Stacks are written once and named by number
 * until the next key sample. */
#include "out/stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "core/verdict.h"
#include "out/escape.h"
#include "out/json_field.h"

/* A key sample is due when it takes but a part of what was written since the last one. */
#define KEY_LEAST_NS (60 * CLOCK_SECOND_NS)
#define KEY_MOST_NS  (600 * CLOCK_SECOND_NS)
#define KEY_REST_NS  (3600 * CLOCK_SECOND_NS) /* while hardly anything changes */
#define KEY_PART     2

struct slot {
	const struct stack *stack; /* NULL: free */
	uint32_t number;
};

struct stream {
	struct snapshot *last; /* NULL: the next one is a key sample with a header */
	uint32_t *index;       /* of last->tasks by identity; UINT32_MAX: free */
	size_t nr_index;       /* a power of two */
	struct slot *stacks;
	size_t nr_slots, nr_stacks;
	struct buf head, head_before; /* target, resources, errors */
	struct buf others, others_before;
	struct buf tasks, defined, field, field_before;
	uint64_t serial;
	int64_t key_ns;
	size_t key_bytes, since_key_bytes;
};

struct stream *stream_new(void)
{
	return calloc(1, sizeof(struct stream));
}

void stream_restart(struct stream *stream)
{
	snapshot_unref(stream->last);
	stream->last = NULL;
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
	buf_release(&stream->defined);
	buf_release(&stream->field);
	buf_release(&stream->field_before);
	free(stream->index);
	free(stream->stacks);
	free(stream);
}

static size_t identity_hash(const struct task *task)
{
	return (size_t)hash_mix(task->id * 4 + task->kind, task->serial);
}

static int index_tasks(struct stream *stream, const struct snapshot *snapshot)
{
	size_t count = 64, mask;

	while (count < snapshot->nr_tasks * 2)
		count *= 2;
	if (count > stream->nr_index) {
		uint32_t *index = realloc(stream->index, count * sizeof(*index));

		if (!index)
			return ERR_NOMEM;
		stream->index = index;
		stream->nr_index = count;
	}
	memset(stream->index, 0xff, stream->nr_index * sizeof(*stream->index));
	mask = stream->nr_index - 1;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		size_t at = identity_hash(&snapshot->tasks[i]) & mask;

		while (stream->index[at] != UINT32_MAX)
			at = (at + 1) & mask;
		stream->index[at] = (uint32_t)i;
	}
	return 0;
}

static const struct task *find_before(const struct stream *stream,
				      const struct task *task)
{
	size_t mask = stream->nr_index - 1, at = identity_hash(task) & mask;

	for (; stream->index[at] != UINT32_MAX; at = (at + 1) & mask) {
		const struct task *found = &stream->last->tasks[stream->index[at]];

		if (found->id == task->id && found->kind == task->kind &&
		    found->serial == task->serial)
			return found;
	}
	return NULL;
}

static int grow_stacks(struct stream *stream)
{
	size_t count = stream->nr_slots ? stream->nr_slots * 2 : 256;
	struct slot *slots = calloc(count, sizeof(struct slot));

	if (!slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < stream->nr_slots; i++) {
		const struct slot *slot = &stream->stacks[i];
		size_t at;

		if (!slot->stack)
			continue;
		at = slot->stack->hash & (count - 1);
		while (slots[at].stack)
			at = (at + 1) & (count - 1);
		slots[at] = *slot;
	}
	free(stream->stacks);
	stream->stacks = slots;
	stream->nr_slots = count;
	return 0;
}

/* -1: none, or no memory. A new one is defined in this sample. */
static int64_t stack_number(struct stream *stream, const struct stack *stack)
{
	size_t at, mask;

	if (!stack)
		return -1;
	if (stream->nr_stacks * 2 >= stream->nr_slots && grow_stacks(stream) != 0)
		return -1;
	mask = stream->nr_slots - 1;
	for (at = stack->hash & mask; stream->stacks[at].stack; at = (at + 1) & mask)
		if (stream->stacks[at].stack == stack)
			return stream->stacks[at].number;
	stream->stacks[at] = (struct slot){stack, (uint32_t)stream->nr_stacks++};
	buf_printf(&stream->defined,
		   "%s\"%" PRIu32 "\": ", stream->defined.length > 0 ? ", " : "",
		   stream->stacks[at].number);
	if (stack->truncated)
		buf_puts(&stream->defined, "{\"truncated\": true, \"frames\": ");
	json_put_frames(&stream->defined, stack);
	if (stack->truncated)
		buf_puts(&stream->defined, "}");
	return stream->stacks[at].number;
}

static const struct {
	const char *name;
	unsigned bit;
} flag_table[] = {
	{"age_exact", TASK_AGE_EXACT},
	{"idle", TASK_IDLE},
	{"stuck", TASK_STUCK},
	{"suspect", TASK_SUSPECT},
	{"long", TASK_LONG},
	{"stale", TASK_STALE},
	{"deadlock", TASK_DEADLOCK},
	{"unreachable", TASK_UNREACHABLE},
	{"limited", 0},
};

/* The fields of put_field(), then the flags. */
enum { VALUES = 19, FLAGS = sizeof(flag_table) / sizeof(flag_table[0]) };

static void put_actors(struct buf *out, const struct wait_actors *actors)
{
	json_put_key(out, ", ", "actors");
	if (!actors) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{\"how\": ");
	escape_json(out, actors->how);
	json_put_bool(out, "complete", actors->complete);
	buf_puts(out, ", \"pids\": [");
	for (size_t i = 0; i < actors->nr_pids; i++)
		buf_printf(out, i > 0 ? ", %d" : "%d", (int)actors->pids[i]);
	buf_puts(out, "]}");
}

static void put_evidence(struct buf *out, const struct evidence *evidence)
{
	json_put_key(out, ", ", "why");
	if (evidence->why == WHY_NOTHING) {
		buf_puts(out, "null");
		return;
	}
	buf_printf(out, "[\"%s\", %" PRIu32 ", %" PRId64 "]",
		   verdict_why_name(evidence->why), evidence->number, evidence->most_ns);
}

static void put_flag(struct buf *out, size_t at, const struct task *task)
{
	bool value = flag_table[at].bit ? task->flags & flag_table[at].bit
					: task->waits.limited;

	json_put_bool(out, flag_table[at].name, value);
}

static void put_field(struct stream *stream, struct buf *out, int field,
		      const struct task *task)
{
	char id[TASK_ID_MAX];

	buf_clear(out);
	if (field >= VALUES) {
		put_flag(out, (size_t)(field - VALUES), task);
		return;
	}
	switch (field) {
	case 0:
		json_put_count(out, ", ", "tid", task->tid > 0 ? task->tid : -1);
		break;
	case 1:
		json_put_text(out, "name", task->name);
		break;
	case 2:
		json_put_text(out, "state", state_info(task->state)->name);
		break;
	case 3:
		json_put_text(out, "raw", task->raw);
		break;
	case 4:
		json_put_count(out, ", ", "since_ns", task->since_ns);
		break;
	case 5:
		json_put_count(out, ", ", "start_ns", task->start_ns);
		break;
	case 6:
		json_put_waits(out, ", ", &task->waits);
		break;
	case 7:
		json_put_count(out, ", ", "stack", stack_number(stream, task->stack));
		break;
	case 8:
		json_put_count(out, ", ", "created_by",
			       stack_number(stream, task->created_by));
		break;
	case 9:
		json_put_labels(out, ", ", task);
		break;
	case 10:
		json_put_percent(out, "cpu_percent", task->cpu_percent);
		break;
	case 11:
		json_put_count(out, ", ", "switches", (int64_t)task->switches);
		break;
	case 12:
		json_put_text(out, "inner", task->inner);
		break;
	case 13:
		json_put_text(out, "creator_name", task->creator_name);
		break;
	case 14:
		json_put_count(out, ", ", "fd", task->waits.fd);
		break;
	case 15:
		json_put_text(out, "parent", task_format_parent(task, id));
		break;
	case 16:
		put_actors(out, task->waits.actors);
		break;
	case 17:
		json_put_text(out, "wait_detail", task->waits.detail);
		break;
	case 18:
		put_evidence(out, &task->evidence);
		break;
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_actors(const struct wait_actors *a, const struct wait_actors *b)
{
	if (!a || !b || a->nr_pids != b->nr_pids || a->complete != b->complete)
		return a == b;
	return memcmp(a->pids, b->pids, a->nr_pids * sizeof(a->pids[0])) == 0 &&
	       same_text(a->how, b->how);
}

/* The common case, without writing anything. */
static bool same_task(const struct task *a, const struct task *b)
{
	const unsigned derived = TASK_NEW | TASK_LEAK | TASK_GONE | TASK_MOVED;

	if (a->state != b->state || (a->flags & ~derived) != (b->flags & ~derived) ||
	    a->tid != b->tid || a->since_ns != b->since_ns ||
	    a->start_ns != b->start_ns || a->stack != b->stack ||
	    a->created_by != b->created_by || a->switches != b->switches ||
	    (int)(a->cpu_percent * 10) != (int)(b->cpu_percent * 10) ||
	    a->nr_labels != b->nr_labels)
		return false;
	for (size_t i = 0; i < a->nr_labels; i++)
		if (!same_text(a->labels[i].key, b->labels[i].key) ||
		    !same_text(a->labels[i].text, b->labels[i].text))
			return false;
	return a->evidence.why == b->evidence.why &&
	       a->evidence.number == b->evidence.number &&
	       a->evidence.most_ns == b->evidence.most_ns &&
	       a->waits.address == b->waits.address && a->waits.fd == b->waits.fd &&
	       a->waits.owner_tid == b->waits.owner_tid &&
	       a->waits.owner_goid == b->waits.owner_goid &&
	       a->waits.owner_pid == b->waits.owner_pid &&
	       a->waits.limited == b->waits.limited &&
	       same_text(a->waits.detail, b->waits.detail) &&
	       same_actors(a->waits.actors, b->waits.actors) &&
	       a->creator_id == b->creator_id &&
	       same_text(a->waits.kind, b->waits.kind) &&
	       same_text(a->waits.text, b->waits.text) && same_text(a->raw, b->raw) &&
	       same_text(a->name, b->name);
}

/* The id and what differs. */
static void put_fields(struct stream *stream, struct buf *out, const struct task *task,
		       const struct task *before)
{
	static const struct task empty = {.name = "", .cpu_percent = -1, .waits.fd = -1};
	char id[TASK_ID_MAX];

	buf_puts(out, "{\"id\": ");
	escape_json(out, task_format_id(task, id));
	if (task->serial > 0)
		buf_printf(out, ", \"serial\": %" PRIu64, task->serial);
	if (!before)
		buf_puts(out, ", \"new\": true");
	for (int field = 0; field < (int)(VALUES + FLAGS); field++) {
		put_field(stream, &stream->field_before, field, before ? before : &empty);
		put_field(stream, &stream->field, field, task);
		if (stream->field.length != stream->field_before.length ||
		    memcmp(stream->field.bytes, stream->field_before.bytes,
			   stream->field.length) != 0)
			buf_append(out, stream->field.bytes, stream->field.length);
	}
	buf_puts(out, "}");
}

static void put_task(struct stream *stream, const struct task *task,
		     const struct task *before)
{
	if (before && same_task(task, before))
		return;
	if (stream->tasks.length > 0)
		buf_puts(&stream->tasks, ", ");
	put_fields(stream, &stream->tasks, task, before);
}

/* What of a thread of another process may change while it waits is left out: CPU share,
 * switches. */
static void put_others(struct stream *stream, const struct snapshot *s)
{
	struct buf *out = &stream->others;

	buf_clear(out);
	buf_puts(out, ", \"processes\": [");
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
			put_fields(stream, out, &task, NULL);
		}
		buf_puts(out, "]}");
	}
	buf_puts(out, "]");
}

/* Tasks of the sample before that are no more. A reused id with another serial is a new
 * task, which takes the place of the old one. */
static void put_gone(struct stream *stream, const struct snapshot *snapshot,
		     struct buf *out)
{
	char id[TASK_ID_MAX];
	bool any = false;

	/* The index is of the new snapshot by now. */
	for (size_t i = 0; i < stream->last->nr_tasks; i++) {
		const struct task *task = &stream->last->tasks[i];
		size_t mask = stream->nr_index - 1, at = identity_hash(task) & mask;
		bool found = false;

		for (; !found && stream->index[at] != UINT32_MAX; at = (at + 1) & mask) {
			const struct task *now = &snapshot->tasks[stream->index[at]];

			found = now->id == task->id && now->kind == task->kind &&
				now->serial == task->serial;
		}
		if (found)
			continue;
		buf_puts(out, any ? ", " : ", \"gone\": [");
		any = true;
		buf_printf(out, "\"%s.%" PRIu64 "\"", task_format_id(task, id),
			   task->serial);
	}
	if (any)
		buf_puts(out, "]");
}

/* What is written again only when any of it changed. */
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
	stream->nr_stacks = 0;
	if (stream->stacks)
		memset(stream->stacks, 0, stream->nr_slots * sizeof(*stream->stacks));
	buf_clear(&stream->head_before);
	buf_clear(&stream->others_before);
}

/* Written when it is not what it was before, which it becomes. */
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
	buf_clear(&stream->tasks);
	buf_clear(&stream->defined);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		put_task(stream, task, key ? NULL : find_before(stream, task));
	}
	buf_printf(out,
		   "{\"grmon\": 1, \"time\": \"%s\", \"real_ns\": %" PRId64
		   ", \"clock_ns\": %" PRId64 ", \"seq\": %" PRIu64 ", \"key\": %s",
		   clock_format_iso(snapshot->real_ns, iso), snapshot->real_ns,
		   snapshot->mono_ns, stream->serial++, key ? "true" : "false");
	put_head(&stream->head, snapshot);
	put_changed(&stream->head, &stream->head_before, out);
	/* Most targets wait for no other process: then this never says a word. */
	if (snapshot->nr_processes > 0 || stream->others_before.length > 0) {
		put_others(stream, snapshot);
		put_changed(&stream->others, &stream->others_before, out);
	}
	if (index_tasks(stream, snapshot) != 0)
		return err_set(e, ERR_NOMEM, "there is no memory for a recording");
	if (!key)
		put_gone(stream, snapshot, out);
	if (stream->defined.length > 0) {
		buf_puts(out, ", \"stacks\": {");
		buf_append(out, stream->defined.bytes, stream->defined.length);
		buf_puts(out, "}");
	}
	buf_puts(out, ", \"tasks\": [");
	buf_append(out, stream->tasks.bytes, stream->tasks.length);
	buf_puts(out, "]}\n");
	snapshot_unref(stream->last);
	stream->last = snapshot_ref(snapshot);
	if (key)
		stream->key_bytes = out->length - before_bytes;
	else
		stream->since_key_bytes += out->length - before_bytes;
	if (out->failed || stream->tasks.failed || stream->defined.failed)
		return err_set(e, ERR_NOMEM, "there is no memory for a recording");
	return 0;
}
