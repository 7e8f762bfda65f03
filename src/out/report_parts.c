/* SPDX-License-Identifier: MIT */
/* The content and the order of reports for people; the style decides on the format. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "core/column.h"
#include "core/graph.h"
#include "core/holds_group.h"
#include "core/spread.h"
#include "core/verdict.h"
#include "core/wayback.h"
#include "out/report_style.h"

#define STUCK_MAX 20u
#define CYCLE_MAX 20u

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

/* Writes what the tasks hold in common, as far as their holds were read. */
static void put_holds(const struct report_style *style, struct buf *out,
		      struct holds_who who)
{
	const struct report_request *request = style->request;
	char text[HOLDS_GROUP_TEXT_MAX], line[HELD_LINE_MAX + HOLDS_GROUP_TEXT_MAX];
	char read[HOLDS_READ_MAX];
	const struct holds_group *holds = NULL;
	struct arena arena;

	arena_init(&arena, 0);
	if (request->holds)
		holds = holds_group_of(request->snapshot, who, &arena);
	if (holds && holds->members < 2)
		holds = NULL;
	if (holds) {
		holds_group_text(holds, HOLDS_SENTENCE, request->ascii, text);
		snprintf(line, sizeof(line), "%s%s%s", text[0] ? "Held by " : "",
			 text[0] ? text : "They hold nothing in common",
			 holds_group_read(holds,
					  who.group ? who.group->count : who.leak->count,
					  read));
		style->item(style, out, line);
	}
	for (size_t i = 0; holds && i < holds->nr_differing; i++)
		style->item(
			style, out,
			holds_differing_text(&holds->differing[i], request->ascii, line));
	arena_release(&arena);
}

/* The first one is the creator, which was written already. */
static void put_ancestors(const struct report_style *style, struct buf *out,
			  const struct ancestry *ancestry)
{
	for (size_t i = 1; ancestry && i < ancestry->nr; i++)
		style->stack(style, out, "which was created by", ancestry->stacks[i]);
}

/* Writes what has made the tasks, as far as that was seen. */
static void put_wayback(const struct report_style *style, struct buf *out,
			const struct leak *leak)
{
	static const struct {
		const char *before;
		const char *(*text)(const struct wayback *way, char out[WAYBACK_TEXT]);
	} sentences[] = {{"Made by ", wayback_made},
			 {"By their ancestors: ", wayback_chains},
			 {"", wayback_shares}};
	char text[WAYBACK_TEXT], line[WAYBACK_TEXT + 32];
	struct wayback way;

	wayback_find(style->request->snapshot, (struct wayback_of){.leak = leak}, &way);
	for (size_t i = 0; i < ARRAY_COUNT(sentences); i++) {
		if (!sentences[i].text(&way, text)[0])
			continue;
		snprintf(line, sizeof(line), "%s%s", sentences[i].before, text);
		style->paragraph(style, out, line);
	}
}

/* Writes the card of a leak, without its end. number is that of the leak; part is 0, or
 * that of a part of it. */
static void put_leak(const struct report_style *style, struct buf *out,
		     const struct leak *leak, size_t number, size_t part)
{
	const struct snapshot *s = style->request->snapshot;
	bool perhaps = leak->finding.verdict == VERDICT_RECHECK;
	bool proof = leak->finding.verdict == VERDICT_PROOF;
	char label[64], site[REPORT_LINE_MAX], age[CLOCK_DURATION_MAX];
	char line[REPORT_LINE_MAX + 64];
	char stayed[REPORT_STAYED_MAX], spread[SPREAD_TEXT_MAX];
	uint32_t live = report_live_tasks(s, leak);
	size_t used = (size_t)snprintf(label, sizeof(label), "%s %zu",
				       perhaps ? "Perhaps a leak" : "Leak", number);

	if (part > 0)
		snprintf(label + used, sizeof(label) - used, ", part %zu", part + 1);
	style->card(
		style, out,
		&(struct report_card){.mark = perhaps ? REPORT_PERHAPS
					      : proof ? REPORT_PROOF
						      : REPORT_LEAK,
				      .label = label,
				      .title = report_site(leak->stack, leak->created_by,
							   leak->state, site)});
	report_plot_counts(style, out,
			   &(struct report_counts){.begin_ns = leak->spark_begin_ns,
						   .step_ns = leak->spark_step_ns,
						   .list = leak->spark,
						   .count = leak->nr_spark,
						   .steps_ns = leak->steps_ns,
						   .nr_steps = leak->finding.nr_steps},
			   "tasks");
	style->paragraph(style, out, leak->evidence);
	put_wayback(style, out, leak);
	if (spread_leak_text(s, leak, spread)[0]) {
		snprintf(line, sizeof(line), "%s %s.",
			 live == 1 ? "The task is" : "The tasks are", spread);
		style->paragraph(style, out, line);
	}
	report_examples(s, leak, site);
	snprintf(line, sizeof(line),
		 "%u task%s%s, %u stuck, the oldest for %s%s%s. Score %.0f.", live,
		 live == 1 ? "" : "s", report_stayed(leak, live, stayed), leak->stuck,
		 leak->since_ns > 0
			 ? clock_format_duration(s->mono_ns - leak->since_ns, age)
			 : "an unknown time",
		 site[0] ? ": " : "", site, leak->finding.score);
	style->paragraph(style, out, line);
	put_holds(style, out, (struct holds_who){.leak = leak});
	style->stack(style, out, "blocked at", leak->stack);
	style->stack(style, out,
		     leak->ancestry && leak->mixed_creators ? "created by (the oldest)"
							    : "created by",
		     leak->created_by);
	put_ancestors(style, out, leak->ancestry);
}

/* Says how many verdicts were left out, if any were. */
static void put_left_out(const struct report_style *style, struct buf *out, size_t count)
{
	char line[REPORT_LINE_MAX];

	if (count == 0)
		return;
	snprintf(line, sizeof(line), "%zu more %s not shown here; -f json has more.",
		 count, count == 1 ? "is" : "are");
	style->paragraph(style, out, line);
}

static bool is_full(const struct report_style *style, const struct buf *out)
{
	return style->full && style->full(out);
}

/* Parts of a leak follow it in the list, and are written into its card. */
static size_t put_task_leaks(const struct report_style *style, struct buf *out)
{
	const struct groups *groups = style->request->snapshot->groups;
	size_t count = 0, left_out = 0;

	for (size_t i = 0; groups && i < groups->nr_leaks;) {
		size_t part = 0;

		if (leak_is_deadlock(&groups->leaks[i])) { /* has a card of its own */
			i++;
			continue;
		}
		if (is_full(style, out)) {
			left_out += groups->leaks[i++].lead == 0;
			continue;
		}
		put_leak(style, out, &groups->leaks[i++], ++count, 0);
		for (; i < groups->nr_leaks && groups->leaks[i].lead; i++) {
			if (is_full(style, out))
				continue;
			put_leak(style, out, &groups->leaks[i], count, ++part);
			style->card_end(out);
		}
		style->card_end(out);
	}
	put_left_out(style, out, left_out);
	return count;
}

static void put_leaks(const struct report_style *style, struct buf *out)
{
	const struct timers *timers = style->request->snapshot->timers;
	struct report_found found = report_count_found(style->request->snapshot);
	size_t count;

	if (found.leaks + found.perhaps == 0)
		return;
	style->section(style, out, "leaks", "Leaks");
	count = put_task_leaks(style, out);
	for (size_t i = 0; timers && i < timers->nr_groups; i++)
		if (timers->groups[i].evidence) {
			count += timers->groups[i].lead == 0;
			report_timer_leak(style, out, &timers->groups[i], count);
		}
	style->section_end(out);
}

/* Writes one line for each leak that the user has acknowledged. */
static void put_known(const struct report_style *style, struct buf *out)
{
	const struct groups *groups = style->request->snapshot->groups;
	char line[REPORT_LINE_MAX + 2000], site[REPORT_LINE_MAX];

	if (!groups || groups->nr_known == 0)
		return;
	style->section(style, out, "acknowledged", "Acknowledged");
	for (size_t i = 0; i < groups->nr_known; i++) {
		const struct leak *leak = &groups->known[i];

		snprintf(line, sizeof(line), "%u %s: %s", leak->count,
			 report_site(leak->stack, leak->created_by, leak->state, site),
			 leak->evidence);
		style->item(style, out, line);
	}
	style->section_end(out);
}

static void put_past(const struct report_style *style, struct buf *out)
{
	const struct report_history *history = style->request->history;
	char line[REPORT_LINE_MAX + 2100], iso[CLOCK_ISO_MAX];
	bool titled = false;

	for (size_t i = 0; history && i < history->count; i++) {
		const struct report_past *past = &history->list[i];

		if (!report_is_past(history, past))
			continue;
		if (!titled)
			style->section(style, out, "earlier", "Earlier");
		titled = true;
		snprintf(line, sizeof(line),
			 "a leak until %s, with up to %u tasks: %s. %s",
			 clock_format_iso(past->until_real_ns, iso), past->most,
			 past->site, past->evidence);
		style->item(style, out, line);
	}
	if (titled)
		style->section_end(out);
}

static void put_cycle(const struct report_style *style, struct buf *out,
		      const struct cycle *cycle, size_t number)
{
	const struct snapshot *s = style->request->snapshot;
	char label[64], line[REPORT_LINE_MAX], id[TASK_ID_MAX], of[SPREAD_TEXT_MAX];

	snprintf(label, sizeof(label), "Deadlock %zu of %zu", number, graph_cycles(s));
	style->card(style, out,
		    &(struct report_card){.mark = REPORT_DEADLOCK,
					  .label = label,
					  .title = cycle->nr_nodes == 1
							   ? "it waits for itself"
							   : "each waits for the next"});
	for (size_t n = 0; n < cycle->nr_nodes && n < CYCLE_MAX; n++) {
		const struct task *task = graph_task(s, cycle->nodes[n]);

		snprintf(line, sizeof(line), "%s %.60s%s in %s: %.300s",
			 task_format_id(task, id), task->name, spread_task_text(task, of),
			 state_info(task->state)->name,
			 task->waits.kind ? task->waits.text : "");
		style->item(style, out, line);
		style->stack(style, out, "blocked at", task->stack);
	}
	if (cycle->nr_nodes > CYCLE_MAX) {
		snprintf(line, sizeof(line), "%zu more tasks are in this deadlock.",
			 cycle->nr_nodes - CYCLE_MAX);
		style->paragraph(style, out, line);
	}
	style->card_end(out);
}

static void put_cycles(const struct report_style *style, struct buf *out)
{
	const struct snapshot *s = style->request->snapshot;
	size_t count = graph_cycles(s), at = 0;

	if (count == 0)
		return;
	style->section(style, out, "deadlocks", "Deadlocks");
	for (; at < count && !is_full(style, out); at++)
		put_cycle(style, out, &s->graph->cycles[at], at + 1);
	put_left_out(style, out, count - at);
	style->section_end(out);
}

/* Returns whether a leak with this stack stands above. */
static bool is_told(const struct group *group)
{
	return group->leak && !group->acknowledged && group->leak->stack == group->stack;
}

/* Writes a plot of the number of tasks, if that has changed. */
static void plot_group(const struct report_style *style, struct buf *out,
		       const struct group *group)
{
	uint32_t at = 0;

	while (at < group->nr_spark && group->spark[at] == group->spark[0])
		at++;
	if (at < group->nr_spark)
		report_plot_counts(
			style, out,
			&(struct report_counts){.begin_ns = group->spark_begin_ns,
						.step_ns = group->spark_step_ns,
						.list = group->spark,
						.count = group->nr_spark},
			"tasks");
}

/* Writes a group with stuck tasks, or with long ones. */
static void put_group(const struct report_style *style, struct buf *out,
		      const struct group *group, bool is_long)
{
	const struct snapshot *s = style->request->snapshot;
	const struct task *task = &s->tasks[group->word];
	char label[96], site[REPORT_LINE_MAX], age[CLOCK_DURATION_MAX] = "";
	char evidence[VERDICT_TEXT_MAX], line[REPORT_LINE_MAX], spread[SPREAD_TEXT_MAX];
	bool told = is_told(group);

	if (group->since_ns > 0)
		clock_format_duration(s->mono_ns - group->since_ns, age);
	snprintf(label, sizeof(label), "%u %s%s%s",
		 is_long ? group->is_long : group->stuck, is_long ? "long" : "stuck",
		 age[0] ? ", the oldest for " : "", age);
	snprintf(line, sizeof(line), "%s%s", verdict_explain(task, s->mono_ns, evidence),
		 told ? "; its stack is that of the leak above" : "");
	style->card(style, out,
		    &(struct report_card){.mark = is_long ? REPORT_LONG : REPORT_STUCK,
					  .label = label,
					  .title = report_site(group->stack,
							       group->created_by,
							       group->state, site),
					  .evidence = line});
	if (!told)
		plot_group(style, out, group);
	if (spread_group_text(s, group, spread)[0]) {
		snprintf(line, sizeof(line), "%s %s.",
			 group->count == 1 ? "The task is" : "The tasks are", spread);
		style->paragraph(style, out, line);
	}
	put_holds(style, out, (struct holds_who){.group = group});
	if (!told)
		style->stack(style, out, "blocked at", group->stack);
	if (!told && group->ancestry && !group->mixed_creators) {
		style->stack(style, out, "created by", group->created_by);
		put_ancestors(style, out, group->ancestry);
	}
	style->card_end(out);
}

/* Writes the stuck tasks or the long ones. */
static void put_stuck(const struct report_style *style, bool is_long, struct buf *out)
{
	const struct group *list[STUCK_MAX];
	size_t count = report_stuck(style->request->snapshot, is_long, list, STUCK_MAX);
	size_t all = report_stuck_count(style->request->snapshot, is_long), at = 0;

	if (count == 0)
		return;
	style->section(style, out, is_long ? "long" : "stuck",
		       is_long ? "Long waits" : "Stuck tasks");
	if (!is_long && style->stuck)
		style->stuck(style, out);
	for (; at < count && !is_full(style, out); at++)
		put_group(style, out, list[at], is_long);
	put_left_out(style, out, all - at);
	style->section_end(out);
}

/* Writes the processes of a target that is several. */
static void put_processes(const struct report_style *style, struct buf *out)
{
	const struct report_history *history = style->request->history;
	char line[REPORT_LINE_MAX];

	if (!history || history->nr_processes == 0)
		return;
	style->section(style, out, "processes", "Processes");
	style->paragraph(style, out, report_processes_text(history, line));
	for (size_t i = 0; i < history->nr_processes; i++)
		style->item(style, out,
			    report_process_text(history, &history->processes[i], line));
	style->section_end(out);
}

void report_write_parts(const struct report_style *style, struct buf *out)
{
	const struct snapshot_target *target = &style->request->snapshot->target;
	size_t several = style->request->snapshot->nr_members;
	char title[REPORT_LINE_MAX];

	if (target->pid > 0)
		snprintf(title, sizeof(title), "%.200s, process %d", target->name,
			 (int)target->pid);
	else if (several > 0)
		snprintf(title, sizeof(title), "%.200s, %zu process%s", target->name,
			 several, several == 1 ? "" : "es");
	else
		snprintf(title, sizeof(title), "%.200s", target->name);
	style->begin(style, out, title);
	put_cycles(style, out);
	put_leaks(style, out);
	put_stuck(style, false, out);
	put_stuck(style, true, out);
	put_past(style, out);
	put_processes(style, out);
	report_timers(style, out);
	report_heap(style, out);
	report_figures(style, out);
	put_known(style, out);
	style->end(style, out);
}
