/* SPDX-License-Identifier: MIT */
/* One object as the man page describes it. Written by hand, in a fixed order and without a
 * tree in memory: there can be millions of tasks. Never depends on the locale. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "core/graph.h"
#include "out/escape.h"
#include "out/formats.h"

static void put_key(struct buf *out, const char *separator, const char *key)
{
	buf_puts(out, separator);
	escape_json(out, key);
	buf_puts(out, ": ");
}

static void put_text(struct buf *out, const char *key, const char *text)
{
	put_key(out, ", ", key);
	escape_json(out, text);
}

static void put_bool(struct buf *out, const char *key, bool value)
{
	put_key(out, ", ", key);
	buf_puts(out, value ? "true" : "false");
}

/* Negative: not known, null. */
static void put_count(struct buf *out, const char *separator, const char *key,
		      int64_t value)
{
	put_key(out, separator, key);
	if (value < 0)
		buf_puts(out, "null");
	else
		buf_printf(out, "%" PRId64, value);
}

/* One decimal, without printf's locale; null where it is not known. */
static void put_percent(struct buf *out, const char *key, double value)
{
	put_key(out, ", ", key);
	if (!isfinite(value) || value < 0 || value > 1e12) {
		buf_puts(out, "null");
	} else {
		int64_t tenths = (int64_t)(value * 10 + 0.5);

		buf_printf(out, "%" PRId64 ".%" PRId64, tenths / 10, tenths % 10);
	}
}

static void put_address(struct buf *out, const char *key, uint64_t address)
{
	put_key(out, ", ", key);
	if (address == 0)
		buf_puts(out, "null");
	else
		buf_printf(out, "\"0x%" PRIx64 "\"", address);
}

static void put_sources(struct buf *out, const char *sources)
{
	const char *separator = "";

	buf_puts(out, ", \"sources\": [");
	while (sources && *sources) {
		size_t length = strcspn(sources, ", ");
		char name[64];

		if (length > 0 && length < sizeof(name)) {
			memcpy(name, sources, length);
			name[length] = '\0';
			buf_puts(out, separator);
			escape_json(out, name);
			separator = ", ";
		}
		sources += length;
		sources += strspn(sources, ", ");
	}
	buf_puts(out, "]");
}

static void put_head(struct buf *out, const struct snapshot *snapshot)
{
	const struct snapshot_target *target = &snapshot->target;
	char iso[CLOCK_ISO_MAX];

	buf_puts(out, "{\"grmon\": 1,\n \"target\": {");
	put_count(out, "", "pid", target->pid > 0 ? target->pid : -1);
	put_text(out, "name", target->name);
	put_sources(out, target->sources);
	put_text(out, "runtime", target->runtime);
	buf_puts(out, "},\n \"time\": ");
	escape_json(out, clock_format_iso(snapshot->real_ns, iso));
	put_count(out, ", ", "clock_ns", snapshot->mono_ns);
	buf_puts(out, ",\n");
}

static void put_counts(struct buf *out, const struct snapshot *snapshot)
{
	const struct snapshot_counts *counts = &snapshot->counts;
	const char *separator = "";

	buf_printf(out, " \"counts\": {\"tasks\": %" PRIu32 ", \"stuck\": %" PRIu32,
		   counts->tasks, counts->stuck);
	buf_puts(out, ", \"by_state\": {");
	for (int state = 0; state < STATE_COUNT; state++) {
		if (counts->by_state[state] == 0)
			continue;
		put_count(out, separator, state_info(state)->name,
			  counts->by_state[state]);
		separator = ", ";
	}
	buf_puts(out, "}, \"by_class\": {");
	separator = "";
	for (int class = 0; class < CLASS_COUNT; class ++) {
		if (counts->by_class[class] == 0)
			continue;
		put_count(out, separator, state_class_name(class),
			  counts->by_class[class]);
		separator = ", ";
	}
	buf_puts(out, "}},\n \"resources\": {");
	put_count(out, "", "rss_bytes", snapshot->resources.rss_bytes);
	put_count(out, ", ", "threads", snapshot->resources.threads);
	put_count(out, ", ", "fds", snapshot->resources.fds);
	put_count(out, ", ", "children", snapshot->resources.children);
	buf_puts(out, "},\n");
}

static void put_stack(struct buf *out, const char *key, const struct stack *stack)
{
	put_key(out, ",\n   ", key);
	buf_puts(out, "[");
	for (size_t i = 0; stack && i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		buf_puts(out, i ? ", {" : "{");
		put_key(out, "", "function");
		escape_json(out, frame->function);
		put_text(out, "file", frame->file);
		put_count(out, ", ", "line", frame->line > 0 ? frame->line : -1);
		put_address(out, "address", frame->address);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

static void put_waits(struct buf *out, const struct waits_on *waits)
{
	put_key(out, ",\n   ", "waits_on");
	if (!waits->kind) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{");
	put_key(out, "", "kind");
	escape_json(out, waits->kind);
	put_address(out, "address", waits->address);
	put_text(out, "text", waits->text);
	put_key(out, ", ", "owner");
	if (waits->owner_tid > 0)
		buf_printf(out, "\"t%d\"", (int)waits->owner_tid);
	else
		buf_puts(out, "null");
	put_count(out, ", ", "owner_pid", waits->owner_pid > 0 ? waits->owner_pid : -1);
	buf_puts(out, "}");
}

/* A key that a target gives twice is written once: its first text. */
static void put_labels(struct buf *out, const struct task *task)
{
	const char *separator = "";

	put_key(out, ",\n   ", "labels");
	buf_puts(out, "{");
	for (size_t i = 0; i < task->nr_labels && i < SNAPSHOT_LABELS_MAX; i++) {
		const struct label *label = &task->labels[i];
		size_t before = 0;

		while (before < i && strcmp(task->labels[before].key, label->key) != 0)
			before++;
		if (before < i)
			continue;
		put_key(out, separator, label->key);
		escape_json(out, label->text);
		separator = ", ";
	}
	buf_puts(out, "}");
}

static void put_task(struct buf *out, const struct task *task, int64_t now_ns)
{
	static const char *const kinds[] = {
		[TASK_THREAD] = "thread",
		[TASK_GOROUTINE] = "goroutine",
		[TASK_COROUTINE] = "coroutine",
	};
	const struct state_info *info = state_info(task->state);
	char id[TASK_ID_MAX];

	buf_puts(out, "{");
	put_key(out, "", "id");
	escape_json(out, task_format_id(task, id));
	put_text(out, "kind",
		 task->kind <= TASK_COROUTINE ? kinds[task->kind] : "thread");
	put_count(out, ", ", "tid", task->tid > 0 ? task->tid : -1);
	put_text(out, "name", task->name);
	put_text(out, "state", info->name);
	put_text(out, "class", state_class_name(info->class));
	put_key(out, ",\n   ", "raw");
	escape_json(out, task->raw);
	put_count(out, ", ", "age_ns", task_age_ns(task, now_ns));
	put_bool(out, "age_exact", task->flags & TASK_AGE_EXACT);
	put_bool(out, "idle", task->flags & TASK_IDLE);
	put_bool(out, "stuck", task->flags & TASK_STUCK);
	put_waits(out, &task->waits);
	put_stack(out, "stack", task->stack);
	put_stack(out, "created_by", task->created_by);
	put_labels(out, task);
	put_percent(out, "cpu_percent", task->cpu_percent);
	put_key(out, ", ", "switches");
	buf_printf(out, "%" PRIu64, task->switches);
	put_bool(out, "suspect", task->flags & TASK_SUSPECT);
	buf_puts(out, "}");
}

static void put_cycles(struct buf *out, const struct snapshot *snapshot)
{
	char id[TASK_ID_MAX];

	buf_puts(out, " \"cycles\": [");
	for (size_t i = 0; i < graph_cycles(snapshot); i++) {
		const struct cycle *cycle = &snapshot->graph->cycles[i];

		for (size_t n = 0; n < cycle->nr_nodes; n++) {
			buf_puts(out, n > 0 ? ", " : i > 0 ? ", [" : "[");
			escape_json(out,
				    task_format_id(graph_task(snapshot, cycle->nodes[n]),
						   id));
		}
		buf_puts(out, "]");
	}
	buf_puts(out, "]");
}

static int json_write(const struct out_request *request, struct buf *out, struct err *e)
{
	const struct snapshot *snapshot = request->snapshot;
	int rc = 0;

	put_head(out, snapshot);
	put_counts(out, snapshot);
	buf_puts(out, " \"tasks\": [");
	for (size_t i = 0; rc == 0 && i < request->rows->count; i++) {
		buf_puts(out, i ? ",\n  " : "\n  ");
		put_task(out, &snapshot->tasks[request->rows->index[i]],
			 snapshot->mono_ns);
		rc = out_flush(request, out, OUT_CHUNK_BYTES, e);
	}
	buf_puts(out, "],\n");
	put_cycles(out, snapshot);
	buf_puts(out, ", \"errors\": [");
	for (size_t i = 0; i < snapshot->nr_notes; i++) {
		buf_puts(out, i ? ", " : "");
		escape_json(out, snapshot->notes[i]);
	}
	buf_puts(out, "]}\n");
	return rc ? rc : out_flush(request, out, 1, e);
}

const struct out_ops out_json = {
	.name = "json",
	.summary = "one JSON object, the same fields in every release",
	.write = json_write,
};
