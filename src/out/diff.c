/* SPDX-License-Identifier: MIT */
/* Writes a comparison as text and as JSON. Groups that did not change are only
 * counted. */
#include "out/diff.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "core/column.h"
#include "out/diff_processes.h"
#include "out/escape.h"
#include "out/json_field.h"
#include "out/report.h"

static void put_side(const struct diff_request *request, int which, struct buf *out)
{
	const struct snapshot *s = request->sides[which].snapshot;
	char iso[CLOCK_ISO_MAX], what[48] = "", counts[REPORT_COUNTS_MAX];

	if (s->target.pid > 0)
		snprintf(what, sizeof(what), ", process %d", (int)s->target.pid);
	else if (s->nr_members > 0)
		snprintf(what, sizeof(what), ", %zu process%s", s->nr_members,
			 s->nr_members == 1 ? "" : "es");
	buf_printf(out, "%c  ", 'A' + which);
	escape_text(out, request->names[which], 0, request->ascii);
	buf_puts(out, ": ");
	escape_text(out, s->target.name, 0, request->ascii);
	buf_printf(out, "%s, %s", what,
		   report_counts_text(request->diff->tasks[which],
				      request->diff->stuck[which],
				      request->diff->is_long[which], counts));
	if (s->real_ns > 0)
		buf_printf(out, ", %s", clock_format_iso(s->real_ns, iso));
	buf_puts(out, "\n");
}

/* Appends a figure that both sides have, in the words of a report. */
static void put_figure(struct buf *out, enum figure_id id, double a, double b,
		       const char **separator)
{
	char text[REPORT_FIGURE_MAX];

	if (a < 0 || b < 0)
		return;
	buf_printf(out, "%s%s", *separator, report_figure_text(id, a, b, text));
	*separator = ", ";
}

static void put_figures_of(const struct diff_request *request, const enum figure_id *ids,
			   size_t count, struct buf *out)
{
	const struct snapshot *a = request->sides[0].snapshot;
	const struct snapshot *b = request->sides[1].snapshot;
	const char *separator = "";

	for (size_t i = 0; i < count; i++)
		if (ids[i] == FIGURE_TASKS) /* those that match the filter */
			put_figure(out, ids[i], request->diff->tasks[0],
				   request->diff->tasks[1], &separator);
		else
			put_figure(out, ids[i], figure_value(ids[i], a),
				   figure_value(ids[i], b), &separator);
	buf_puts(out, separator[0] ? "\n" : "");
}

/* Writes what has changed in the timers. */
static void put_timers(const struct diff_request *request, struct buf *out)
{
	const struct timers *a = request->sides[0].snapshot->timers;
	const struct timers *b = request->sides[1].snapshot->timers;
	static const enum figure_id figures[] = {FIGURE_GO_TIMERS, FIGURE_GO_TICKERS};
	char text[TIMER_TEXT_MAX];

	if (!a || !b || a->count < 0 || b->count < 0)
		return;
	if (a->count != b->count || a->tickers != b->tickers)
		put_figures_of(request, figures, ARRAY_COUNT(figures), out);
	for (size_t i = 0; i < b->nr_groups; i++) {
		int64_t by =
			(int64_t)b->groups[i].count - timers_count_of(a, &b->groups[i]);

		if (by == 0)
			continue;
		buf_printf(out, "  %+" PRId64 ": ", by);
		escape_text(out, timer_group_text(&b->groups[i], text), 0,
			    request->ascii);
		buf_puts(out, "\n");
	}
	for (size_t i = 0; i < a->nr_groups; i++) {
		if (timers_count_of(b, &a->groups[i]) > 0)
			continue;
		buf_printf(out, "  gone: ");
		escape_text(out, timer_group_text(&a->groups[i], text), 0,
			    request->ascii);
		buf_puts(out, "\n");
	}
}

static void put_figures(const struct diff_request *request, struct buf *out)
{
	static const enum figure_id figures[] = {FIGURE_TASKS, FIGURE_THREADS, FIGURE_FDS,
						 FIGURE_CHILDREN, FIGURE_RSS};

	put_figures_of(request, figures, ARRAY_COUNT(figures), out);
}

static void take_heaps(const struct diff_request *request, struct go_heap_point points[2])
{
	for (int i = 0; i < 2; i++)
		go_heap_point_take(&points[i], request->sides[i].snapshot);
}

/* Writes the heaps of two Go programs, and which kind of memory grew. */
static void put_heap(const struct diff_request *request, struct buf *out)
{
	static const enum figure_id figures[] = {FIGURE_GO_LIVE, FIGURE_GO_IN_USE,
						 FIGURE_GO_IDLE, FIGURE_GO_STACKS};
	struct go_heap_point points[2];
	char text[GO_HEAP_TEXT_MAX], command[GO_HEAP_COMMAND_MAX];

	take_heaps(request, points);
	if (!go_heap_known(&points[0].heap) || !go_heap_known(&points[1].heap))
		return;
	put_figures_of(request, figures, ARRAY_COUNT(figures), out);
	for (int i = 0; i < GO_HEAP_CHANGES; i++) {
		enum go_heap_change change = (enum go_heap_change)i;

		if (!go_heap_changed(&points[0], &points[1], change))
			continue;
		buf_printf(out, "%s\n",
			   go_heap_explain(&points[0], &points[1], change, text));
		if (change == GO_HEAP_LIVE)
			buf_printf(out, "%s\n  %s\n", go_heap_advice(&points[1], text),
				   go_heap_command(&points[1], command));
	}
}

static void put_frames(const struct diff_request *request, struct buf *out,
		       const char *title, const struct stack *stack)
{
	char text[COLUMN_TEXT_MAX];

	for (size_t i = 0; stack && i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];
		const char *place = frame_format_location(frame, text);

		buf_printf(out, "%28s", i == 0 ? title : "");
		if (frame->function)
			escape_text(out, frame->function, 0, request->ascii);
		else
			buf_printf(out, "0x%" PRIx64, frame->address);
		if (place[0]) {
			buf_puts(out, "  ");
			escape_text(out, place, 0, request->ascii);
		}
		buf_puts(out, "\n");
	}
}

static void put_group(const struct diff_request *request, const struct diff_group *group,
		      struct buf *out)
{
	const struct task *task = group->example;
	int64_t by = (int64_t)group->count[1] - group->count[0];
	int side = group->count[1] > 0;
	char site[REPORT_LINE_MAX], age[CLOCK_DURATION_MAX], line[REPORT_LINE_MAX + 128];
	const char *words = report_site(task->stack, task->created_by, task->state, site);
	const char *unknown = "unknown in ";
	bool nameless = task->stack || task->kind == TASK_GOROUTINE;

	if (!request->diff->by_state && text_starts_with(words, unknown))
		words += strlen(unknown);
	snprintf(line, sizeof(line), "%s%s%s", words, nameless || !*task->name ? "" : " ",
		 nameless ? "" : task->name);
	buf_printf(out, "%6" PRIu32 " %6" PRIu32 " %+6" PRId64 " %-6s ", group->count[0],
		   group->count[1], by, diff_change_name(group->change));
	escape_text(out, line, request->width > 50 ? request->width - 40 : 0,
		    request->ascii);
	if (group->stuck[side] > 0)
		buf_printf(out, ", %" PRIu32 " stuck", group->stuck[side]);
	if (group->is_long[side] > 0)
		buf_printf(out, ", %" PRIu32 " long", group->is_long[side]);
	/* Saved dumps rarely contain ages, and those they contain are whole minutes. */
	if (group->oldest_ns[side] >= CLOCK_SECOND_NS)
		buf_printf(out, ", the oldest for %s",
			   clock_format_duration(group->oldest_ns[side], age));
	if (group->alone[0] > 0)
		buf_printf(out, ", %" PRIu32 " in processes that ended", group->alone[0]);
	if (group->alone[1] > 0)
		buf_printf(out, ", %" PRIu32 " in processes that appeared",
			   group->alone[1]);
	buf_puts(out, "\n");
	if (!request->stacks)
		return;
	put_frames(request, out, "at ", task->stack);
	put_frames(request, out, "created by ", task->created_by);
	for (size_t i = 1; task_more(task)->ancestry && i < task_more(task)->ancestry->nr;
	     i++)
		put_frames(request, out, "which was created by ",
			   task_more(task)->ancestry->stacks[i]);
}

static void put_compared(const struct diff *diff, struct buf *out)
{
	if (!diff->by_state)
		buf_puts(
			out,
			"States are not compared because one side does not have them.\n");
	if (!diff->by_stack)
		buf_puts(
			out,
			"Stacks are not compared because one side does not have them.\n");
}

static void write_text(const struct diff_request *request, struct buf *out)
{
	const struct diff *diff = request->diff;
	size_t changed = diff->nr_groups - diff->groups_of[DIFF_SAME];

	put_side(request, 0, out);
	put_side(request, 1, out);
	put_figures(request, out);
	diff_put_processes(request, out);
	put_timers(request, out);
	put_heap(request, out);
	put_compared(diff, out);
	if (changed > 0)
		buf_puts(out, "\n     A      B CHANGE\n");
	for (size_t i = 0; i < diff->nr_groups; i++)
		if (diff->groups[i].change != DIFF_SAME)
			put_group(request, &diff->groups[i], out);
	buf_printf(out,
		   "\nGroups: %" PRIu32 " new, %" PRIu32 " gone, %" PRIu32
		   " grown, %" PRIu32 " shrunk, %" PRIu32 " unchanged (%" PRIu32
		   " task%s).\n",
		   diff->groups_of[DIFF_NEW], diff->groups_of[DIFF_GONE],
		   diff->groups_of[DIFF_GROWN], diff->groups_of[DIFF_SHRUNK],
		   diff->groups_of[DIFF_SAME], diff->tasks_of[DIFF_SAME],
		   diff->tasks_of[DIFF_SAME] == 1 ? "" : "s");
}

static void put_json_side(const struct diff_request *request, int which, struct buf *out)
{
	const struct snapshot *s = request->sides[which].snapshot;
	char iso[CLOCK_ISO_MAX];

	buf_printf(out, ",\n \"%c\": {\"name\": ", 'a' + which);
	escape_json(out, request->names[which]);
	buf_puts(out, ", \"target\": {");
	json_put_count(out, "", "pid", s->target.pid > 0 ? s->target.pid : -1);
	json_put_text(out, "name", s->target.name);
	json_put_sources(out, s->target.sources);
	json_put_text(out, "runtime", s->target.runtime);
	buf_puts(out, "}");
	json_put_text(out, "time",
		      s->real_ns > 0 ? clock_format_iso(s->real_ns, iso) : NULL);
	json_put_count(out, ", ", "tasks", request->diff->tasks[which]);
	json_put_count(out, ", ", "stuck", request->diff->stuck[which]);
	json_put_count(out, ", ", "long", request->diff->is_long[which]);
	buf_puts(out, ", \"resources\": {");
	json_put_resources(out, &s->resources);
	json_put_timers(out, s->timers, s->mono_ns, false);
	buf_puts(out, "}}");
}

static void put_json_group(const struct diff_group *group, bool by_state, struct buf *out)
{
	const struct task *task = group->example;
	const struct state_info *info = state_info(task->state);

	buf_puts(out, "{\"change\": ");
	escape_json(out, diff_change_name(group->change));
	json_put_count(out, ", ", "a", group->count[0]);
	json_put_count(out, ", ", "b", group->count[1]);
	json_put_count(out, ", ", "stuck_a", group->stuck[0]);
	json_put_count(out, ", ", "stuck_b", group->stuck[1]);
	json_put_count(out, ", ", "long_a", group->is_long[0]);
	json_put_count(out, ", ", "long_b", group->is_long[1]);
	json_put_count(out, ", ", "oldest_a_ns", group->oldest_ns[0]);
	json_put_count(out, ", ", "oldest_b_ns", group->oldest_ns[1]);
	if (group->alone[0] > 0)
		json_put_count(out, ", ", "in_ended", group->alone[0]);
	if (group->alone[1] > 0)
		json_put_count(out, ", ", "in_appeared", group->alone[1]);
	json_put_text(out, "state", by_state ? info->name : NULL);
	json_put_text(out, "class", by_state ? state_class_name(info->class) : NULL);
	json_put_key(out, ",\n   ", "stack");
	json_put_frames(out, task->stack);
	json_put_key(out, ",\n   ", "created_by");
	json_put_frames(out, task->created_by);
	json_put_ancestors(out, ",\n   ", task);
	buf_puts(out, "}");
}

static void write_json(const struct diff_request *request, struct buf *out)
{
	const struct diff *diff = request->diff;
	const char *separator = "";
	struct go_heap_point points[2];

	buf_puts(out, "{\"grmon\": 1, \"diff\": 1");
	put_json_side(request, 0, out);
	put_json_side(request, 1, out);
	take_heaps(request, points);
	json_put_heap_changes(out, &points[0], &points[1]);
	json_put_bool(out, "by_state", diff->by_state);
	json_put_bool(out, "by_creator", diff->by_creator);
	json_put_bool(out, "by_ancestors", diff->by_ancestors);
	json_put_bool(out, "by_stack", diff->by_stack);
	diff_put_json_processes(request, out);
	buf_puts(out, ",\n \"counts\": {");
	for (int change = 0; change < DIFF_COUNT; change++)
		json_put_count(out, change ? ", " : "",
			       diff_change_name((enum diff_change)change),
			       diff->groups_of[change]);
	buf_puts(out, "},\n \"groups\": [");
	for (size_t i = 0; i < diff->nr_groups; i++) {
		if (diff->groups[i].change == DIFF_SAME)
			continue;
		buf_puts(out, separator);
		buf_puts(out, "\n  ");
		put_json_group(&diff->groups[i], diff->by_state, out);
		separator = ",";
	}
	buf_puts(out, "]}\n");
}

const struct diff_format diff_table[] = {
	{"text", "a line for each group that has changed", write_text},
	{"json", "one JSON object", write_json},
	{NULL, NULL, NULL},
};

const struct diff_format *diff_by_name(const char *name)
{
	for (const struct diff_format *format = diff_table; format->name; format++)
		if (strcmp(format->name, name) == 0)
			return format;
	return NULL;
}
