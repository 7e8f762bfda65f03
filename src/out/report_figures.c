/* SPDX-License-Identifier: MIT */
/* The parts of a report that are about the whole target: timers, the heap of a Go program,
 * and the resources that have changed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "out/report_style.h"

#define TIMERS_MAX 10u
#define MORE_MAX   120

const char *report_value(enum figure_unit unit, double value, char out[REPORT_VALUE_MAX])
{
	if (unit == UNIT_PERCENT)
		snprintf(out, REPORT_VALUE_MAX, "%.0f%%", value);
	else if (unit == UNIT_COUNT || value < 0.5)
		snprintf(out, REPORT_VALUE_MAX, "%.0f", value);
	else if (value < 1 << 20)
		snprintf(out, REPORT_VALUE_MAX, "%.0f kB", value / 1024);
	else if (value < 1 << 30)
		snprintf(out, REPORT_VALUE_MAX, "%.1f MB", value / (1 << 20));
	else
		snprintf(out, REPORT_VALUE_MAX, "%.1f GB", value / (1 << 30));
	return out;
}

const char *report_figure_text(enum figure_id id, double from, double to,
			       char out[REPORT_FIGURE_MAX])
{
	const struct figure_info *info = figure_info(id);
	char before[REPORT_VALUE_MAX], after[REPORT_VALUE_MAX];

	report_value(info->unit, from, before);
	report_value(info->unit, to, after);
	if (strcmp(before, after) == 0)
		snprintf(out, REPORT_FIGURE_MAX, "%s %s", info->name, after);
	else
		snprintf(out, REPORT_FIGURE_MAX, "%s %s to %s", info->name, before,
			 after);
	return out;
}

void report_plot_counts(const struct report_style *style, struct buf *out,
			const struct report_counts *counts, const char *what)
{
	const struct snapshot *s = style->request->snapshot;
	struct series series;

	if (counts->count < 2 || s->mono_ns <= counts->begin_ns)
		return;
	series_of_counts(&series, &(struct series_counts){.begin_ns = counts->begin_ns,
							  .step_ns = counts->step_ns,
							  .last_ns = s->mono_ns,
							  .list = counts->list,
							  .count = counts->count,
							  .jumps_ns = counts->steps_ns,
							  .nr_jumps = counts->nr_steps});
	if (series.count >= 2)
		style->plot(
			style, out,
			&(struct report_plot){.series = &series,
					      .what = what,
					      .unit = UNIT_COUNT,
					      .steps_ns = counts->steps_ns,
					      .nr_steps = counts->nr_steps,
					      .real_ahead_ns = s->real_ns - s->mono_ns});
}

void report_timer_leak(const struct report_style *style, struct buf *out,
		       const struct timer_group *group, size_t number)
{
	const struct snapshot *s = style->request->snapshot;
	bool perhaps = group->verdict == VERDICT_RECHECK;
	char label[64] = "Timers of a leak above", text[TIMER_TEXT_MAX];
	char line[REPORT_LINE_MAX];
	struct report_counts counts = {.begin_ns = group->spark_begin_ns,
				       .list = group->spark,
				       .count = group->nr_spark};

	if (!group->lead)
		snprintf(label, sizeof(label), "%s %zu",
			 perhaps ? "Perhaps a leak" : "Leak", number);
	style->card(style, out,
		    &(struct report_card){.mark = perhaps ? REPORT_PERHAPS : REPORT_LEAK,
					  .label = label,
					  .title = timer_group_text(group, text)});
	if (group->nr_spark > 0)
		counts.step_ns = (s->mono_ns - group->spark_begin_ns) / group->nr_spark;
	report_plot_counts(style, out, &counts, "timers");
	style->paragraph(style, out, group->evidence);
	snprintf(line, sizeof(line), "%s. Score %.0f.",
		 timer_group_details(group, s->mono_ns, text), group->score);
	style->paragraph(style, out, line);
	style->card_end(out);
}

void report_timers(const struct report_style *style, struct buf *out)
{
	const struct snapshot *s = style->request->snapshot;
	const struct timers *timers = s->timers;
	char text[TIMER_TEXT_MAX], line[REPORT_LINE_MAX];

	if (!timers || timers->count == 0)
		return;
	style->section(style, out, "timers", "Go timers");
	snprintf(line, sizeof(line), "%s.", timers_text(timers, text));
	style->paragraph(style, out, line);
	for (size_t i = 0; i < timers->nr_groups && i < TIMERS_MAX; i++)
		style->item(style, out,
			    timer_group_details(&timers->groups[i], s->mono_ns, text));
	style->section_end(out);
}

void report_heap(const struct report_style *style, struct buf *out)
{
	struct go_heap_point from, to;
	char text[GO_HEAP_TEXT_MAX], command[GO_HEAP_COMMAND_MAX];
	bool titled = false;

	if (!figures_heap(style->request->snapshot, &from, &to))
		return;
	for (int change = 0; change < GO_HEAP_CHANGES; change++) {
		if (!go_heap_changed(&from, &to, (enum go_heap_change)change))
			continue;
		if (!titled)
			style->section(style, out, "heap", "Go heap");
		titled = true;
		style->item(
			style, out,
			go_heap_explain(&from, &to, (enum go_heap_change)change, text));
		if (change == GO_HEAP_LIVE) {
			style->item(style, out, go_heap_advice(&to, text));
			style->item(style, out, go_heap_command(&to, command));
		}
	}
	if (titled)
		style->section_end(out);
}

/* Writes how far the value went beyond the first and the last one, and its trend. */
static void write_more(enum figure_unit unit, const struct series *series,
		       const char *from, const char *to, char out[MORE_MAX])
{
	char text[REPORT_VALUE_MAX];
	struct series_trend trend;
	size_t used = 0;

	out[0] = '\0';
	report_value(unit, series->min, text);
	if (series->min < fmin(series->first, series->last) && strcmp(text, from) != 0 &&
	    strcmp(text, to) != 0)
		used += (size_t)snprintf(out, MORE_MAX, ", at least %s", text);
	report_value(unit, series->max, text);
	if (series->max > fmax(series->first, series->last) && strcmp(text, from) != 0 &&
	    strcmp(text, to) != 0)
		used += (size_t)snprintf(out + used, MORE_MAX - used, ", at most %s",
					 text);
	if (series_trend(series, 0, &trend) && trend.clear)
		snprintf(out + used, MORE_MAX - used, ", %c%s a minute",
			 trend.per_second > 0 ? '+' : '-',
			 report_value(unit, fabs(trend.per_second) * 60, text));
}

static void put_figure(const struct report_style *style, struct buf *out,
		       const struct figure_info *info, const struct series *series)
{
	const struct snapshot *s = style->request->snapshot;
	char from[REPORT_VALUE_MAX], to[REPORT_VALUE_MAX], more[MORE_MAX];

	report_value(info->unit, series->first, from);
	report_value(info->unit, series->last, to);
	write_more(info->unit, series, from, to, more);
	style->figure(style, out,
		      &(struct report_figure){
			      .info = info,
			      .from = from,
			      .to = to,
			      .more = more,
			      .plot = {.series = series,
				       .what = info->name,
				       .unit = info->unit,
				       .real_ahead_ns = s->real_ns - s->mono_ns}});
}

void report_figures(const struct report_style *style, struct buf *out)
{
	const struct figures *figures = style->request->snapshot->figures;
	bool titled = false;

	for (int id = 0; figures && id < FIGURE_COUNT; id++) {
		const struct series *series = &figures->series[id];

		if (series->count < 2 || !(series->max > series->min))
			continue;
		if (!titled)
			style->section(style, out, "resources",
				       style->request->snapshot->nr_members > 0
					       ? "Resources of all processes"
					       : "Resources");
		titled = true;
		put_figure(style, out, figure_info((enum figure_id)id), series);
	}
	if (titled)
		style->section_end(out);
}
