/* SPDX-License-Identifier: MIT */
/* Writes one object as the manual page describes it. It is written by hand, in a fixed
 * order and without a tree in memory, because there can be millions of tasks. The output
 * does not depend on the locale. */
#include <inttypes.h>

#include "core/verdict.h"
#include "core/warnings.h"
#include "out/escape.h"
#include "out/formats.h"
#include "out/json_field.h"
#include "out/json_stacks.h"

static void put_head(struct buf *out, const struct snapshot *snapshot)
{
	buf_puts(out, "{\"grmon\": 1,\n ");
	json_put_target(out, snapshot);
	json_put_count(out, ", ", "clock_ns", snapshot->mono_ns);
	buf_puts(out, ",\n");
}

static void put_counts(struct buf *out, const struct snapshot *snapshot)
{
	const struct snapshot_counts *counts = &snapshot->counts;
	const char *separator = "";

	buf_printf(out, " \"counts\": {\"tasks\": %" PRIu32 ", \"stuck\": %" PRIu32,
		   counts->tasks, counts->stuck);
	json_put_count(out, ", ", "long", counts->is_long);
	buf_puts(out, ", \"by_state\": {");
	for (int state = 0; state < STATE_COUNT; state++) {
		if (counts->by_state[state] == 0)
			continue;
		json_put_count(out, separator, state_info(state)->name,
			       counts->by_state[state]);
		separator = ", ";
	}
	buf_puts(out, "}, \"by_class\": {");
	separator = "";
	for (int class = 0; class < CLASS_COUNT; class ++) {
		if (counts->by_class[class] == 0)
			continue;
		json_put_count(out, separator, state_class_name(class),
			       counts->by_class[class]);
		separator = ", ";
	}
	buf_puts(out, "}},\n \"resources\": {");
	json_put_resources(out, &snapshot->resources);
	json_put_timers(out, snapshot->timers, snapshot->mono_ns, false);
	buf_puts(out, "},\n");
}

/* Writes the processes of a target that is several; nothing for one process. */
static void put_processes(struct buf *out, const struct snapshot *snapshot)
{
	if (!snapshot->members)
		return;
	buf_puts(out, " \"processes\": [");
	for (size_t i = 0; i < snapshot->nr_members; i++) {
		const struct member_process *member = &snapshot->members[i];

		buf_puts(out, i ? ",\n  {" : "\n  {");
		json_put_count(out, "", "pid", member->pid);
		json_put_member(out, member);
		json_put_key(out, ", ", "counts");
		json_put_count(out, "{", "tasks", member->tasks);
		json_put_count(out, ", ", "stuck", member->stuck);
		json_put_count(out, ", ", "long", member->is_long);
		buf_puts(out, "}");
		json_put_key(out, ",\n   ", "resources");
		buf_puts(out, "{");
		json_put_resources(out, &member->resources);
		json_put_timers(out, member->timers, snapshot->mono_ns, false);
		buf_puts(out, "}}");
	}
	buf_puts(out, "],\n");
}

/* Writes the state of a proof of leaks; nothing if none was requested. */
static void put_proof(struct buf *out, const struct proving *proving)
{
	static const char *const states[] = {
		[PROVING_NONE] = "none",           [PROVING_RUNNING] = "running",
		[PROVING_DONE] = "done",           [PROVING_FAILED] = "failed",
		[PROVING_CANCELLED] = "cancelled",
	};

	if (proving->state == PROVING_NONE)
		return;
	buf_puts(out, " \"proof\": {");
	json_put_key(out, "", "state");
	escape_json(out, states[proving->state]);
	json_put_count(out, ", ", "judged", proving->judged);
	json_put_count(out, ", ", "proven", proving->proven);
	json_put_count(out, ", ", "changed", proving->changed);
	json_put_count(out, ", ", "passes", proving->passes);
	json_put_count(out, ", ", "heap_bytes", (int64_t)proving->heap_bytes);
	json_put_count(out, ", ", "took_ns", proving->took_ns);
	json_put_text(out, "why", proving->why);
	buf_puts(out, "},\n");
}

/* Writes the evidence for idle, long or stuck; null if the task is none of these. */
static void put_evidence(struct buf *out, const struct task *task, int64_t now_ns)
{
	char text[VERDICT_TEXT_MAX];
	bool said = task->flags & (TASK_IDLE | TASK_LONG | TASK_STUCK);

	json_put_key(out, ",\n   ", "evidence");
	escape_json(out, said ? verdict_explain(task, now_ns, text) : NULL);
}

static void put_task(struct buf *out, struct json_stacks *stacks, const struct task *task,
		     bool holds, int64_t now_ns)
{
	static const char *const kinds[] = {
		[TASK_THREAD] = "thread",
		[TASK_GOROUTINE] = "goroutine",
		[TASK_COROUTINE] = "coroutine",
	};
	const struct state_info *info = state_info(task->state);
	char id[TASK_ID_MAX];

	buf_puts(out, "{");
	json_put_key(out, "", "id");
	escape_json(out, task_format_id(task, id));
	json_put_text(out, "kind",
		      task->kind <= TASK_COROUTINE ? kinds[task->kind] : "thread");
	if (task->pid > 0)
		json_put_count(out, ", ", "pid", task->pid);
	json_put_count(out, ", ", "tid", task->tid > 0 ? task->tid : -1);
	json_put_text(out, "name", task->name);
	json_put_text(out, "state", info->name);
	json_put_text(out, "class", state_class_name(info->class));
	json_put_key(out, ",\n   ", "raw");
	escape_json(out, task->raw);
	json_put_count(out, ", ", "age_ns", task_age_ns(task, now_ns));
	json_put_bool(out, "age_exact", task->flags & TASK_AGE_EXACT);
	json_put_bool(out, "idle", task->flags & TASK_IDLE);
	json_put_bool(out, "stuck", task->flags & TASK_STUCK);
	json_put_bool(out, "long", task->flags & TASK_LONG);
	put_evidence(out, task, now_ns);
	json_put_waits(out, ",\n   ", task);
	if (wait_more(task)->detail)
		json_put_text(out, "wait_detail", wait_more(task)->detail);
	json_put_key(out, ",\n   ", "stack");
	json_stacks_put(stacks, out, task->stack);
	json_put_bool(out, "truncated", task->stack && task->stack->truncated);
	json_put_key(out, ",\n   ", "created_by");
	json_stacks_put(stacks, out, task->created_by);
	json_put_text(out, "parent", task_format_parent(task, id));
	json_put_ancestors(out, ", ", task);
	if (task_more(task)->nr_awaiting > 0)
		json_put_awaiting(out, ",\n   ", task);
	json_put_labels(out, ",\n   ", task);
	json_put_percent(out, "cpu_percent", task->cpu_percent);
	json_put_key(out, ", ", "switches");
	buf_put_number(out, task->switches);
	json_put_bool(out, "suspect", task->flags & TASK_SUSPECT);
	json_put_bool(out, "proven", task->flags & TASK_UNREACHABLE);
	if (holds)
		json_put_holds(out, ",\n   ", "\n    ", task_more(task)->holds);
	buf_puts(out, "}");
}

static void put_warnings(struct buf *out, const struct snapshot *snapshot)
{
	struct warnings warnings;

	warnings_find(&warnings, snapshot);
	buf_puts(out, " \"warnings\": [");
	for (size_t i = 0; i < warnings.count; i++) {
		const struct warning *warning = &warnings.list[i];

		buf_puts(out, i ? ",\n  {" : "\n  {");
		json_put_key(out, "", "kind");
		escape_json(out, warning_kind_name(warning->kind));
		json_put_text(out, "text", warning->text);
		json_put_text(out, "sentence", warning->sentence);
		json_put_bool(out, "sure", warning->sure);
		json_put_count(out, ", ", "tasks", warning->tasks);
		if (snapshot->nr_members > 0)
			json_put_count(out, ", ", "pid",
				       warning->pid > 0 ? warning->pid : -1);
		buf_puts(out, "}");
	}
	buf_puts(out, "],\n");
}

static int json_write(const struct out_request *request, struct buf *out, struct err *e)
{
	const struct snapshot *snapshot = request->snapshot;
	struct json_stacks *stacks = json_stacks_new();
	int rc = 0;

	put_head(out, snapshot);
	put_counts(out, snapshot);
	put_processes(out, snapshot);
	put_proof(out, &snapshot->proving);
	buf_puts(out, " \"tasks\": [");
	for (size_t i = 0; rc == 0 && i < request->rows->count; i++) {
		buf_puts(out, i ? ",\n  " : "\n  ");
		put_task(out, stacks, &snapshot->tasks[request->rows->index[i]],
			 request->holds, snapshot->mono_ns);
		rc = out_flush(request, out, OUT_CHUNK_BYTES, e);
	}
	json_stacks_free(stacks);
	buf_puts(out, "],\n");
	if (request->holds)
		json_put_holds_groups(out, snapshot, request->rows);
	put_warnings(out, snapshot);
	buf_puts(out, " \"cycles\": [");
	json_put_cycles(out, snapshot);
	buf_puts(out, "], \"errors\": [");
	for (size_t i = 0; i < snapshot->nr_notes; i++) {
		buf_puts(out, i ? ", " : "");
		escape_json(out, snapshot->notes[i]);
	}
	buf_puts(out, "]}\n");
	return rc ? rc : out_flush(request, out, 1, e);
}

const struct out_ops out_json = {
	.name = "json",
	.summary = "one JSON object; fields keep their names between releases",
	.write = json_write,
	.holds = true,
};
