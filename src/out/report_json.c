/* SPDX-License-Identifier: MIT */
/* A report for programs; the manual page explains its fields. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "core/figures.h"
#include "core/graph.h"
#include "core/spread.h"
#include "core/verdict.h"
#include "out/escape.h"
#include "out/json_field.h"
#include "out/json_wayback.h"
#include "out/report_style.h"

#define STUCK_MAX  100u

#define NUMBER_MAX 9e18 /* fits into 64 bits */

/* Writes three decimals without printf(), which depends on the locale. */
static void put_number(struct buf *out, const char *key, double value)
{
	double size = fmin(fabs(value) + 0.0005, NUMBER_MAX);
	int64_t whole = (int64_t)size;

	json_put_key(out, ", ", key);
	buf_printf(out, "%s%" PRId64 ".%03d", value < 0 ? "-" : "", whole,
		   (int)((size - (double)whole) * 1000));
}

static const char *function_of(const struct stack *stack)
{
	const struct frame *frame = stack_top_frame(stack);

	return frame ? frame->function : NULL;
}

static void put_place(struct buf *out, enum task_state state, const struct stack *stack,
		      const struct stack *created_by, const struct ancestry *ancestry)
{
	const struct task_more more = {.ancestry = ancestry};
	const struct task task = {.kind = TASK_GOROUTINE, .more = &more};

	json_put_text(out, "function", function_of(stack));
	json_put_text(out, "creator", function_of(created_by));
	json_put_text(out, "state", state_info(state)->name);
	json_put_text(out, "class", state_class_name(state_info(state)->class));
	json_put_key(out, ",\n   ", "stack");
	json_put_frames(out, stack);
	json_put_key(out, ",\n   ", "created_by");
	json_put_frames(out, created_by);
	json_put_ancestors(out, ",\n   ", &task);
}

static void put_steps(struct buf *out, const struct trend_finding *finding)
{
	json_put_key(out, ", ", "steps");
	if (finding->nr_steps == 0) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{");
	json_put_count(out, "", "size", finding->step_size);
	json_put_count(out, ", ", "period_ns", finding->period_ns);
	json_put_count(out, ", ", "count", finding->nr_steps);
	buf_puts(out, "}");
}

static void put_limit(struct buf *out, const struct leak *leak)
{
	json_put_key(out, ", ", "limit");
	if (leak->limit_ns < 0) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{\"text\": ");
	escape_json(out, leak->limit);
	json_put_count(out, ", ", "in_ns", leak->limit_ns);
	buf_puts(out, "}");
}

static void put_proofs(struct buf *out, const struct leak *leak)
{
	static const struct {
		enum proof proof;
		const char *name;
	} names[] = {{PROOF_DEADLOCK, "deadlock"},
		     {PROOF_NIL_CHANNEL, "nil-channel"},
		     {PROOF_RUNTIME, "runtime"},
		     {PROOF_UNREACHABLE, "unreachable"}};
	const char *separator = "";

	json_put_count(out, ",\n   ", "proven", leak->proven);
	buf_puts(out, ", \"proofs\": [");
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (!(leak->proofs & names[i].proof))
			continue;
		buf_puts(out, separator);
		escape_json(out, names[i].name);
		separator = ", ";
	}
	buf_puts(out, "]");
}

/* Writes in which processes of a target that is several the tasks of a leak are. */
static void put_processes_of(struct buf *out, const struct snapshot *snapshot,
			     const struct leak *leak)
{
	uint32_t *tasks = calloc(snapshot->nr_members + 1, sizeof(*tasks));
	const char *separator = "";

	if (!tasks || snapshot->nr_members == 0) {
		free(tasks);
		return;
	}
	spread_of_leak(snapshot, leak, tasks);
	json_put_key(out, ",\n   ", "processes");
	buf_puts(out, "[");
	for (size_t i = 0; i < snapshot->nr_members; i++) {
		if (tasks[i] == 0)
			continue;
		buf_printf(out, "%s{", separator);
		json_put_count(out, "", "pid", snapshot->members[i].pid);
		json_put_text(out, "name", snapshot->members[i].name);
		json_put_count(out, ", ", "tasks", tasks[i]);
		buf_puts(out, "}");
		separator = ", ";
	}
	buf_puts(out, "]");
	free(tasks);
}

static void put_leak_fields(struct buf *out, const struct snapshot *snapshot,
			    const struct leak *leak, bool holds)
{
	const struct trend_finding *finding = &leak->finding;
	bool first = true;

	json_put_count(out, "", "id", (int64_t)leak->serial);
	json_put_count(out, ", ", "part_of", leak->lead ? (int64_t)leak->lead : -1);
	json_put_text(out, "verdict", verdict_name(finding->verdict));
	json_put_count(out, ", ", "score", (int64_t)(finding->score + 0.5));
	json_put_count(out, ", ", "tasks", leak->count);
	json_put_count(out, ", ", "live_tasks", report_live_tasks(snapshot, leak));
	json_put_count(out, ", ", "stuck", leak->stuck);
	json_put_count(out, ", ", "oldest_ns",
		       leak->since_ns > 0 ? snapshot->mono_ns - leak->since_ns : -1);
	json_put_count(out, ",\n   ", "from", finding->from);
	json_put_count(out, ", ", "to", finding->to);
	json_put_count(out, ", ", "in_ns", finding->to_ns - finding->from_ns);
	put_number(out, "per_minute", finding->per_second * 60);
	json_put_count(out, ", ", "came", (int64_t)finding->came);
	json_put_count(out, ", ", "left", (int64_t)finding->left);
	put_steps(out, finding);
	put_limit(out, leak);
	put_proofs(out, leak);
	put_place(out, leak->state, leak->stack, leak->created_by, leak->ancestry);
	json_put_key(out, ",\n   ", "examples");
	buf_puts(out, "[");
	for (size_t i = 0, shown = 0; i < snapshot->nr_tasks && shown < 10; i++) {
		char id[TASK_ID_MAX];

		if (!leak_has(leak, &snapshot->tasks[i]))
			continue;
		buf_puts(out, shown++ ? ", " : "");
		escape_json(out, task_format_id(&snapshot->tasks[i], id));
	}
	buf_puts(out, "]");
	json_put_count(out, ",\n   ", "step_ns", leak->spark_step_ns);
	buf_puts(out, ", \"counts\": [");
	for (uint32_t i = 0; i < leak->nr_spark; i++, first = false)
		buf_printf(out, "%s%" PRIu32, first ? "" : ", ", leak->spark[i]);
	buf_puts(out, "]");
	json_put_key(out, ",\n   ", "evidence");
	escape_json(out, leak->evidence);
	put_processes_of(out, snapshot, leak);
	json_put_wayback(out, snapshot, leak);
	if (holds)
		json_put_holds_who(out, snapshot, (struct holds_who){.leak = leak});
}

/* A leak, with its parts inside. */
static void put_leak(struct buf *out, const struct snapshot *snapshot,
		     const struct leak *leak, bool holds)
{
	const struct groups *groups = snapshot->groups;
	const char *separator = "";

	buf_puts(out, "{");
	put_leak_fields(out, snapshot, leak, holds);
	json_put_key(out, ",\n   ", "parts");
	buf_puts(out, "[");
	for (size_t i = 0; leak->nr_parts > 0 && i < groups->nr_leaks; i++) {
		if (groups->leaks[i].lead != leak->serial)
			continue;
		buf_printf(out, "%s{", separator);
		separator = ",\n   ";
		put_leak_fields(out, snapshot, &groups->leaks[i], holds);
		buf_puts(out, "}");
	}
	buf_puts(out, "]}");
}

static void put_past(struct buf *out, const struct report_history *history)
{
	const char *separator = "\n  ";
	char iso[CLOCK_ISO_MAX];

	buf_puts(out, "],\n \"earlier\": [");
	for (size_t i = 0; history && i < history->count; i++) {
		const struct report_past *past = &history->list[i];

		if (!report_is_past(history, past))
			continue;
		buf_printf(out, "%s{\"until\": ", separator);
		separator = ",\n  ";
		escape_json(out, clock_format_iso(past->until_real_ns, iso));
		json_put_count(out, ", ", "tasks", past->most);
		json_put_text(out, "site", past->site);
		json_put_text(out, "evidence", past->evidence);
		buf_puts(out, "}");
	}
}

static void put_process(struct buf *out, const struct report_history *history,
			const struct report_process *process)
{
	const char *separator = "";

	json_put_count(out, "{", "pid", process->pid);
	json_put_text(out, "name", process->name);
	json_put_count(out, ", ", "start_real_ns", process->start_real_ns);
	json_put_text(out, "error", process->trouble[0] ? process->trouble : NULL);
	json_put_count(out, ", ", "tasks", process->nr_tasks);
	json_put_count(out, ", ", "stuck", process->stuck);
	json_put_count(out, ", ", "long", process->is_long);
	json_put_count(out, ", ", "appeared_ns",
		       report_process_appeared(history, process)
			       ? process->first_ns - history->first_ns
			       : -1);
	json_put_count(out, ", ", "ended_ns",
		       process->here ? -1 : process->gone_ns - history->first_ns);
	json_put_key(out, ", ", "figures");
	buf_puts(out, "[");
	for (int i = 0; i < REPORT_PROCESS_FIGURES; i++) {
		if (process->first[i] < 0)
			continue;
		buf_printf(out, "%s{", separator);
		json_put_key(out, "", "name");
		escape_json(out, figure_info(report_process_figures[i])->name);
		put_number(out, "first", process->first[i]);
		put_number(out, "last", process->last[i]);
		buf_puts(out, "}");
		separator = ", ";
	}
	buf_puts(out, "]}");
}

/* Writes the processes of a target that is several; nothing for one process. */
static void put_processes(struct buf *out, const struct report_history *history)
{
	if (!history || history->nr_processes == 0)
		return;
	buf_puts(out, "],\n \"processes\": [");
	for (size_t i = 0; i < history->nr_processes; i++) {
		buf_puts(out, i ? ",\n  " : "\n  ");
		put_process(out, history, &history->processes[i]);
	}
}

static void put_words(struct buf *out, const struct snapshot *snapshot, bool is_long,
		      bool holds)
{
	const struct group *list[STUCK_MAX];
	size_t count = report_stuck(snapshot, is_long, list, STUCK_MAX);
	char evidence[VERDICT_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct task *task = &snapshot->tasks[list[i]->word];

		buf_puts(out, i ? ",\n  {" : "\n  {");
		json_put_count(out, "", "tasks",
			       is_long ? list[i]->is_long : list[i]->stuck);
		json_put_count(out, ", ", "oldest_ns",
			       list[i]->since_ns > 0
				       ? snapshot->mono_ns - list[i]->since_ns
				       : -1);
		put_place(out, list[i]->state, list[i]->stack, list[i]->created_by,
			  list[i]->ancestry);
		json_put_text(out, "evidence",
			      verdict_explain(task, snapshot->mono_ns, evidence));
		if (holds)
			json_put_holds_who(out, snapshot,
					   (struct holds_who){.group = list[i]});
		buf_puts(out, "}");
	}
}

static void put_stuck(struct buf *out, const struct snapshot *snapshot, bool holds)
{
	buf_puts(out, "],\n \"stuck\": [");
	put_words(out, snapshot, false, holds);
	buf_puts(out, "],\n \"long\": [");
	put_words(out, snapshot, true, holds);
	buf_puts(out, "],\n \"cycles\": [");
	json_put_cycles(out, snapshot);
}

static void put_heap(struct buf *out, const struct snapshot *snapshot)
{
	struct go_heap_point from, to;

	if (!figures_heap(snapshot, &from, &to))
		return;
	json_put_go_heap(out, &to.heap);
	json_put_heap_changes(out, &from, &to);
}

static void put_figures(struct buf *out, const struct snapshot *snapshot)
{
	const char *separator = "\n  ";

	buf_puts(out, "],\n \"figures\": [");
	for (int id = 0; snapshot->figures && id < FIGURE_COUNT; id++) {
		const struct series *series = &snapshot->figures->series[id];
		struct series_trend trend;

		if (series->count < 1)
			continue;
		buf_puts(out, separator);
		buf_puts(out, "{\"name\": ");
		escape_json(out, figure_info((enum figure_id)id)->name);
		put_number(out, "first", series->first);
		put_number(out, "last", series->last);
		put_number(out, "least", series->min);
		put_number(out, "most", series->max);
		if (series_trend(series, 0, &trend) && trend.clear)
			put_number(out, "per_minute", trend.per_second * 60);
		else
			buf_puts(out, ", \"per_minute\": null");
		buf_puts(out, "}");
		separator = ",\n  ";
	}
	buf_puts(out, "]");
	put_heap(out, snapshot);
	buf_puts(out, ",\n \"errors\": [");
	for (size_t i = 0; i < snapshot->nr_notes; i++) {
		buf_puts(out, i ? ", " : "");
		escape_json(out, snapshot->notes[i]);
	}
	buf_puts(out, "]}\n");
}

static void write_json(const struct report_request *request, struct buf *out)
{
	const struct snapshot *snapshot = request->snapshot;

	buf_puts(out, "{\"grmon_report\": 1,\n ");
	json_put_target(out, snapshot);
	json_put_count(out, ", ", "watched_ns", request->watched_ns);
	json_put_count(out, ", ", "looks", (int64_t)request->nr_samples);
	json_put_count(out, ", ", "tasks", snapshot->counts.tasks);
	json_put_count(out, ", ", "stuck_tasks", snapshot->counts.stuck);
	json_put_count(out, ", ", "long_tasks", snapshot->counts.is_long);
	json_put_timers(out, snapshot->timers, snapshot->mono_ns, false);
	buf_puts(out, ",\n \"leaks\": [");
	for (size_t i = 0; snapshot->groups && i < snapshot->groups->nr_leaks; i++) {
		if (snapshot->groups->leaks[i].lead)
			continue;
		buf_puts(out, i ? ",\n  " : "\n  ");
		put_leak(out, snapshot, &snapshot->groups->leaks[i], request->holds);
	}
	buf_puts(out, "],\n \"acknowledged\": [");
	for (size_t i = 0; snapshot->groups && i < snapshot->groups->nr_known; i++) {
		buf_puts(out, i ? ",\n  " : "\n  ");
		put_leak(out, snapshot, &snapshot->groups->known[i], request->holds);
	}
	put_past(out, request->history);
	put_processes(out, request->history);
	put_stuck(out, snapshot, request->holds);
	put_figures(out, snapshot);
}

const struct report_ops report_json = {"json", "one object, for programs", write_json};
