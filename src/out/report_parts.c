/* SPDX-License-Identifier: MIT */
/* The content and the order of reports for people; the style decides on the format. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/column.h"
#include "core/figures.h"
#include "core/graph.h"
#include "core/verdict.h"
#include "out/report_style.h"

#define STUCK_MAX  20u
#define TIMERS_MAX 10u

const char *report_frame(const struct frame *frame, char out[REPORT_FRAME_MAX])
{
	char text[COLUMN_TEXT_MAX];
	const char *place = frame_format_location(frame, text);

	if (frame->function)
		snprintf(out, REPORT_FRAME_MAX, "%.400s%s%.200s", frame->function,
			 place[0] ? "  " : "", place);
	else
		snprintf(out, REPORT_FRAME_MAX, "0x%" PRIx64, frame->address);
	return out;
}

const char *report_value(const struct report_plot *plot, uint32_t value,
			 char out[REPORT_VALUE_MAX])
{
	if (plot->kilobytes)
		snprintf(out, REPORT_VALUE_MAX, "%.1f MB", value / 1024.0);
	else
		snprintf(out, REPORT_VALUE_MAX, "%" PRIu32, value);
	return out;
}

static void put_summary(const struct report_request *request,
			const struct report_style *style, struct buf *out)
{
	const struct snapshot *s = request->snapshot;
	size_t leaks =
		report_leaks(s, VERDICT_LEAK) + timers_leaks(s->timers, VERDICT_LEAK);
	size_t cycles = graph_cycles(s);
	size_t young = report_leaks(s, VERDICT_RECHECK) +
		       timers_leaks(s->timers, VERDICT_RECHECK) - leaks;
	char line[REPORT_LINE_MAX], span[CLOCK_DURATION_MAX], iso[CLOCK_ISO_MAX];

	snprintf(
		line, sizeof(line),
		"Watched for %s until %s, %" PRIu64
		" sample%s, through %s. %u task%s at the end, %u of them stuck, %u long.",
		clock_format_duration(request->watched_ns, span),
		clock_format_iso(s->real_ns, iso), request->nr_samples,
		request->nr_samples == 1 ? "" : "s", s->target.sources, s->counts.tasks,
		s->counts.tasks == 1 ? "" : "s", s->counts.stuck, s->counts.is_long);
	style->paragraph(style, out, line);
	snprintf(line, sizeof(line), "%zu leak%s, %zu deadlock%s.", leaks,
		 leaks == 1 ? "" : "s", cycles, cycles == 1 ? "" : "s");
	if (young > 0)
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 " %zu possible: watch for longer.", young);
	style->paragraph(style, out, line);
	for (size_t i = 0; i < s->nr_notes; i++)
		style->item(style, out, s->notes[i]);
}

/* The first one is the creator, which was written already. */
static void put_ancestors(const struct report_style *style, struct buf *out,
			  const struct ancestry *ancestry)
{
	for (size_t i = 1; ancestry && i < ancestry->nr; i++)
		style->stack(style, out, "which was created by", ancestry->stacks[i]);
}

static void put_leak(const struct report_request *request,
		     const struct report_style *style, struct buf *out, size_t number)
{
	const struct snapshot *s = request->snapshot;
	const struct leak *leak = &s->groups->leaks[number];
	char line[REPORT_LINE_MAX + 64], site[REPORT_LINE_MAX], age[CLOCK_DURATION_MAX];
	struct report_plot plot = {
		.values = leak->spark,
		.count = leak->nr_spark,
		.span_ns = s->mono_ns - leak->spark_begin_ns,
		.what = "tasks",
	};

	snprintf(line, sizeof(line), "%s %zu: %s",
		 leak->finding.verdict == VERDICT_RECHECK ? "Perhaps a leak" : "Leak",
		 number + 1,
		 report_site(leak->stack, leak->created_by, leak->state, site));
	style->heading(style, out, 3, line);
	style->plot(style, out, &plot);
	style->paragraph(style, out, leak->evidence);
	report_examples(s, leak, site);
	snprintf(line, sizeof(line),
		 "%u tasks, %u stuck, the oldest for %s%s%s. Score %.0f.", leak->count,
		 leak->stuck,
		 leak->since_ns > 0
			 ? clock_format_duration(s->mono_ns - leak->since_ns, age)
			 : "an unknown time",
		 site[0] ? ": " : "", site, leak->finding.score);
	style->paragraph(style, out, line);
	style->stack(style, out, "blocked at", leak->stack);
	style->stack(style, out,
		     leak->ancestry && leak->mixed_creators ? "created by (the oldest)"
							    : "created by",
		     leak->created_by);
	put_ancestors(style, out, leak->ancestry);
}

static void put_timer_leak(const struct report_request *request,
			   const struct report_style *style, struct buf *out,
			   const struct timer_group *group, size_t number)
{
	char line[REPORT_LINE_MAX], text[TIMER_TEXT_MAX];
	struct report_plot plot = {
		.values = group->spark,
		.count = group->nr_spark,
		.span_ns = request->snapshot->mono_ns - group->spark_begin_ns,
		.what = "timers",
	};

	snprintf(line, sizeof(line), "%s %zu: %s",
		 group->verdict == VERDICT_RECHECK ? "Perhaps a leak" : "Leak", number,
		 timer_group_text(group, text));
	style->heading(style, out, 3, line);
	style->plot(style, out, &plot);
	style->paragraph(style, out, group->evidence);
	snprintf(line, sizeof(line), "%s. Score %.0f.",
		 timer_group_details(group, request->snapshot->mono_ns, text),
		 group->score);
	style->paragraph(style, out, line);
}

static void put_leaks(const struct report_request *request,
		      const struct report_style *style, struct buf *out)
{
	const struct timers *timers = request->snapshot->timers;
	size_t count = report_leaks(request->snapshot, VERDICT_RECHECK);

	if (count + timers_leaks(timers, VERDICT_RECHECK) == 0)
		return;
	style->heading(style, out, 2, "Leaks");
	for (size_t i = 0; i < count; i++)
		put_leak(request, style, out, i);
	for (size_t i = 0; timers && i < timers->nr_groups; i++)
		if (timers->groups[i].evidence)
			put_timer_leak(request, style, out, &timers->groups[i], ++count);
}

/* Writes one line for each leak that the user has acknowledged. */
static void put_known(const struct report_request *request,
		      const struct report_style *style, struct buf *out)
{
	const struct groups *groups = request->snapshot->groups;
	char line[REPORT_LINE_MAX + 1000], site[REPORT_LINE_MAX];

	if (!groups || groups->nr_known == 0)
		return;
	style->heading(style, out, 2, "Acknowledged");
	for (size_t i = 0; i < groups->nr_known; i++) {
		const struct leak *leak = &groups->known[i];

		snprintf(line, sizeof(line), "%u %s: %s", leak->count,
			 report_site(leak->stack, leak->created_by, leak->state, site),
			 leak->evidence);
		style->item(style, out, line);
	}
}

static void put_past(const struct report_request *request,
		     const struct report_style *style, struct buf *out)
{
	const struct report_history *history = request->history;
	char line[REPORT_LINE_MAX + 1100], iso[CLOCK_ISO_MAX];
	bool titled = false;

	for (size_t i = 0; history && i < history->count; i++) {
		const struct report_past *past = &history->list[i];

		if (!report_is_past(history, past))
			continue;
		if (!titled)
			style->heading(style, out, 2, "Earlier");
		titled = true;
		snprintf(line, sizeof(line),
			 "a leak until %s, with up to %u tasks: %s. %s",
			 clock_format_iso(past->until_real_ns, iso), past->most,
			 past->site, past->evidence);
		style->item(style, out, line);
	}
}

static void put_cycles(const struct report_request *request,
		       const struct report_style *style, struct buf *out)
{
	const struct snapshot *s = request->snapshot;

	for (size_t i = 0; i < graph_cycles(s); i++) {
		const struct cycle *cycle = &s->graph->cycles[i];
		char line[REPORT_LINE_MAX];

		if (i == 0)
			style->heading(style, out, 2, "Deadlocks");
		snprintf(line, sizeof(line),
			 "Deadlock %zu of %zu: each waits for the next", i + 1,
			 graph_cycles(s));
		style->heading(style, out, 3, line);
		for (size_t n = 0; n < cycle->nr_nodes; n++) {
			const struct task *task = graph_task(s, cycle->nodes[n]);
			char id[TASK_ID_MAX];

			snprintf(line, sizeof(line), "%s %.60s in %s: %.300s",
				 task_format_id(task, id), task->name,
				 state_info(task->state)->name,
				 task->waits.kind ? task->waits.text : "");
			style->item(style, out, line);
			style->stack(style, out, "blocked at", task->stack);
		}
	}
}

/* Writes the stuck tasks or the long ones. */
static void put_stuck(const struct report_request *request,
		      const struct report_style *style, bool is_long, struct buf *out)
{
	const struct group *list[STUCK_MAX];
	const struct snapshot *s = request->snapshot;
	size_t count = report_stuck(s, is_long, list, STUCK_MAX);

	if (count > 0)
		style->heading(style, out, 2, is_long ? "Long waits" : "Stuck tasks");
	for (size_t i = 0; i < count; i++) {
		const struct group *group = list[i];
		const struct task *task = &s->tasks[group->word];
		char line[REPORT_LINE_MAX + 64 + VERDICT_TEXT_MAX];
		char site[REPORT_LINE_MAX], age[CLOCK_DURATION_MAX];
		char evidence[VERDICT_TEXT_MAX];

		snprintf(line, sizeof(line), "%u %s%s%s: %s; %s",
			 is_long ? group->is_long : group->stuck,
			 is_long ? "long" : "stuck",
			 group->since_ns > 0 ? ", the oldest for " : "",
			 group->since_ns > 0 ? clock_format_duration(
						       s->mono_ns - group->since_ns, age)
					     : "",
			 report_site(group->stack, group->created_by, group->state, site),
			 verdict_explain(task, s->mono_ns, evidence));
		style->item(style, out, line);
		style->stack(style, out, "blocked at", group->stack);
		if (group->ancestry && !group->mixed_creators) {
			style->stack(style, out, "created by", group->created_by);
			put_ancestors(style, out, group->ancestry);
		}
	}
}

/* Writes which kind of memory grew in a Go program, if any did. */
static void put_heap(const struct report_request *request,
		     const struct report_style *style, struct buf *out)
{
	struct go_heap_point from, to;
	char text[GO_HEAP_TEXT_MAX];
	bool titled = false;

	if (!figures_heap(request->snapshot, &from, &to))
		return;
	for (int change = 0; change < GO_HEAP_CHANGES; change++) {
		if (!go_heap_changed(&from, &to, (enum go_heap_change)change))
			continue;
		if (!titled)
			style->heading(style, out, 2, "Go heap");
		titled = true;
		style->item(
			style, out,
			go_heap_explain(&from, &to, (enum go_heap_change)change, text));
		if (change == GO_HEAP_LIVE) {
			style->item(style, out, go_heap_advice);
			style->item(style, out, go_heap_command);
		}
	}
}

static void format_value(enum figure_unit unit, double value, char out[32])
{
	if (unit == UNIT_BYTES)
		snprintf(out, 32, "%.1f MB", value / 1048576);
	else
		snprintf(out, 32, unit == UNIT_PERCENT ? "%.0f%%" : "%.0f", value);
}

/* Writes the figures that have changed, with plots. */
static void put_figures(const struct report_request *request,
			const struct report_style *style, struct buf *out)
{
	const struct snapshot *s = request->snapshot;
	bool titled = false;

	for (int id = 0; s->figures && id < FIGURE_COUNT; id++) {
		const struct figure_info *info = figure_info((enum figure_id)id);
		const struct series *series = &s->figures->series[id];
		struct series_point points[GROUP_SPARK];
		struct series_trend trend;
		uint32_t values[GROUP_SPARK];
		char line[REPORT_LINE_MAX], first[32], last[32], pace[32] = "";

		if (series->count < 2 || !(series->max > series->min))
			continue;
		if (!titled)
			style->heading(style, out, 2, "Resources");
		titled = true;
		series_resample(series, series->first_ns, series->last_ns, points,
				GROUP_SPARK);
		for (size_t i = 0; i < GROUP_SPARK; i++)
			values[i] =
				points[i].last > 0
					? (uint32_t)fmin((double)points[i].last /
								 (info->unit == UNIT_BYTES
									  ? 1024
									  : 1),
							 4e9)
					: 0;
		format_value(info->unit, (double)points[0].last, first);
		format_value(info->unit, series->last, last);
		if (series_trend(series, 0, &trend) && trend.clear)
			format_value(info->unit, fabs(trend.per_second) * 60, pace);
		snprintf(line, sizeof(line), "%s: %s to %s%s%s%s", info->name, first,
			 last, pace[0] ? trend.per_second > 0 ? ", +" : ", -" : "", pace,
			 pace[0] ? " a minute" : "");
		style->item(style, out, line);
		struct report_plot plot = {values, GROUP_SPARK,
					   series->last_ns - series->first_ns,
					   info->unit == UNIT_PERCENT ? "%" : info->name,
					   info->unit == UNIT_BYTES};

		style->plot(style, out, &plot);
	}
}

static void put_timers(const struct report_request *request,
		       const struct report_style *style, struct buf *out)
{
	const struct timers *timers = request->snapshot->timers;
	char text[TIMER_TEXT_MAX], line[REPORT_LINE_MAX];

	if (!timers || timers->count == 0)
		return;
	style->heading(style, out, 2, "Go timers");
	snprintf(line, sizeof(line), "%s.", timers_text(timers, text));
	style->paragraph(style, out, line);
	for (size_t i = 0; i < timers->nr_groups && i < TIMERS_MAX; i++)
		style->item(style, out,
			    timer_group_details(&timers->groups[i],
						request->snapshot->mono_ns, text));
}

void report_write_parts(const struct report_request *request,
			const struct report_style *style, struct buf *out)
{
	const struct snapshot_target *target = &request->snapshot->target;
	char title[REPORT_LINE_MAX];

	if (target->pid > 0)
		snprintf(title, sizeof(title), "%.200s, process %d", target->name,
			 (int)target->pid);
	else
		snprintf(title, sizeof(title), "%.200s", target->name);
	style->begin(style, out, title);
	put_summary(request, style, out);
	put_leaks(request, style, out);
	put_known(request, style, out);
	put_past(request, style, out);
	put_cycles(request, style, out);
	put_stuck(request, style, false, out);
	put_stuck(request, style, true, out);
	put_timers(request, style, out);
	put_heap(request, style, out);
	put_figures(request, style, out);
	style->end(out);
}
