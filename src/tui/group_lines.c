/* SPDX-License-Identifier: MIT */
/* The lines of a group: the verdict with its evidence, the count over time, examples, the
 * whole stack, the creator. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/graph.h"
#include "tui/group_page.h"
#include "tui/group_way.h"
#include "tui/marks.h"
#include "tui/stack_lines.h"
#include "tui/told.h"

#define PLOT_ROWS       11 /* fewer if the page then fits on the screen */
#define PLOT_ROWS_UP    6
#define PLOT_CELLS      120
/* of the brief page */
#define PLOT_ROWS_LEAST 5
#define SPARK_CELLS     32
#define STACK_LEAST     4

static const struct {
	const char *label;
	enum group_column column;
} names[GROUP_BY_COUNT] = {
	[GROUP_STACK] = {"Blocked at", GROUP_COLUMN_FUNCTION},
	[GROUP_CREATOR] = {"Created by", GROUP_COLUMN_CREATED},
	[GROUP_STATE] = {"State", GROUP_COLUMN_STATE},
	[GROUP_LABEL] = {"Label", GROUP_COLUMN_LABEL},
};

const char *group_page_name(const struct tui *t, const struct group *group,
			    char out[COLUMN_TEXT_MAX])
{
	struct group_row row = {.group = group};

	return group_cell(t, &row, names[group->by].column, 0, out);
}

static void say_name(struct page *page, const struct group *group)
{
	struct group_row row = {.group = group};
	char name[COLUMN_TEXT_MAX], place[COLUMN_TEXT_MAX];
	const char *cell = group_page_name(page->t, group, name);
	const char *where =
		group->by == GROUP_STACK
			? group_cell(page->t, &row, GROUP_COLUMN_LOCATION, 0, place)
			: "";

	page_say(page, ROLE_STRONG, names[group->by].label, NULL, "%s%s%s", cell,
		 *where != '\0' ? " at " : "", where);
}

static void say_no_verdict(struct page *page)
{
	const struct groups *groups = page->snapshot->groups;
	char least[CLOCK_DURATION_MAX];

	if (groups && groups->watched_ns < groups->least_ns)
		page_say(page, ROLE_NORMAL, "Verdict", NULL,
			 "none yet: watched for less than %s",
			 clock_format_duration(groups->least_ns, least));
	else
		page_say(page, ROLE_NORMAL, "Verdict", NULL, "none: no sign of a leak");
}

static void say_verdict(struct page *page, const struct group_page *v)
{
	const struct group *group = &v->group;
	const struct groups_view *list = page->t->ctx[VIEW_GROUPS];

	if (v->gone) {
		page_say(page, ROLE_WARN, "Gone", NULL,
			 "none of its tasks is left; this is its last state");
		return;
	}
	if (group_acknowledged(list, group)) {
		page_say(page, ROLE_DIM, "Verdict", NULL,
			 "acknowledged: never a leak; a undoes this, W saves it");
		return;
	}
	if (group->verdict == VERDICT_NONE) {
		say_no_verdict(page);
		return;
	}
	page_say(page, group->verdict >= VERDICT_LEAK ? ROLE_STUCK : ROLE_WARN, "Verdict",
		 NULL, "%s, score %.0f of 100", verdict_name(group->verdict),
		 group->score);
	if (group->leak)
		page_text(page, ROLE_NORMAL, "Evidence", NULL, group->leak->evidence);
	if (group->leak && group->by != GROUP_STACK) {
		struct group site = {.by = GROUP_STACK,
				     .stack = group->leak->stack,
				     .state = group->leak->state};
		struct group_row row = {.group = &site};
		char name[COLUMN_TEXT_MAX], place[COLUMN_TEXT_MAX];
		char count[GRAPH_LABEL_MAX];

		page_say(page, ROLE_STRONG, "Guilty", NULL, "%s %s, %s tasks",
			 group_cell(page->t, &row, GROUP_COLUMN_FUNCTION, 0, name),
			 group_cell(page->t, &row, GROUP_COLUMN_LOCATION, 0, place),
			 graph_format_count(group->leak->count, count));
	}
}

static void say_counts(struct page *page, const struct group_page *v)
{
	const struct group *group = &v->group;
	char count[GRAPH_LABEL_MAX], came[GRAPH_LABEL_MAX], left[GRAPH_LABEL_MAX];
	char rate[32] = "", stuck[48] = "", is_long[48] = "", age[CLOCK_DURATION_MAX];
	char number[GRAPH_LABEL_MAX];
	double size = group->per_minute < 0 ? -group->per_minute : group->per_minute;

	if (size >= 0.05)
		snprintf(rate, sizeof(rate), ", %+.*f a minute", size < 9.95 ? 1 : 0,
			 group->per_minute);
	if (group->stuck > 0)
		snprintf(stuck, sizeof(stuck), ", %s stuck",
			 graph_format_count(group->stuck, number));
	if (group->is_long > 0)
		snprintf(is_long, sizeof(is_long), ", %s long",
			 graph_format_count(group->is_long, number));
	page_say(page, ROLE_NORMAL, "Tasks", NULL,
		 "%s%s%s%s; %s appeared and %s ended while it was watched",
		 graph_format_count(group->count, count), rate, stuck, is_long,
		 graph_format_count((double)group->came, came),
		 graph_format_count((double)group->left, left));
	if (v->processes[0] != '\0' && !v->gone)
		page_text(page, ROLE_NORMAL, "Processes", NULL, v->processes);
	if (group->since_ns > 0 && !v->gone) {
		page_say(page, ROLE_NORMAL, "Oldest", NULL, "has waited for %s",
			 clock_format_duration(page->t->now_ns - group->since_ns, age));
		tui_shows_age(page->t, page->t->now_ns - group->since_ns);
	}
	if (group->by != GROUP_STATE && !group->mixed_states) {
		const struct state_info *info = state_info(group->state);

		page_say(page, (enum role)(ROLE_CLASS_CHANNEL + info->class), "State",
			 NULL, "%s: %s", info->name, info->help);
	}
}

/* What its tasks hold in common, once v has asked for it. */
static void say_holds(struct page *page, const struct group_page *v)
{
	const struct told *told = told_find(page->t, v->by, &v->identity);
	char when[16];

	if (told)
		page_say(page, ROLE_STRONG, "Holds", NULL, "%s (read at %s)",
			 told->text[0] ? told->text : "nothing in common",
			 page_time(page, told->mono_ns, when));
}

static void say_change(struct page *page, const struct group_page *v)
{
	const struct mark *mark = marks_chosen(&page->t->marks);
	const struct group *before = mark ? mark_group(mark, v->by, &v->identity) : NULL;
	int64_t now = v->gone ? 0 : v->group.count;
	char when[MARK_TEXT_MAX], count[GRAPH_LABEL_MAX];

	if (!mark)
		return;
	mark_text(page->t, when);
	if (!before)
		page_say(page, ROLE_NORMAL, "Change", NULL, "new since %s", when);
	else if (now == before->count)
		page_say(page, ROLE_NORMAL, "Change", NULL, "none since %s", when);
	else
		page_say(page, ROLE_NORMAL, "Change", NULL,
			 "%+" PRId64 " since %s, when it had %s", now - before->count,
			 when, graph_format_count(before->count, count));
}

/* The counts of a group over time, and what they are called. */
struct plot {
	struct series series;
	struct graph graph;
	char title[160];
};

/* Returns false if there is nothing to see yet. */
static bool plot_of(const struct page *page, const struct group *group, struct plot *plot)
{
	const struct leak *leak = group->leak;
	uint32_t nr_steps = leak ? leak->finding.nr_steps : 0;
	struct series_counts counts = {.begin_ns = group->spark_begin_ns,
				       .step_ns = group->spark_step_ns,
				       .last_ns = page->snapshot->mono_ns,
				       .list = group->spark,
				       .count = group->nr_spark,
				       .jumps_ns = leak ? leak->steps_ns : NULL,
				       .nr_jumps = nr_steps};
	char span[CLOCK_DURATION_MAX], period[CLOCK_DURATION_MAX], steps[96] = "";

	series_of_counts(&plot->series, &counts);
	if (plot->series.count < 2 || page->width < GRAPH_WIDTH_MIN)
		return false;
	plot->graph = (struct graph){.series = &plot->series,
				     .format = graph_format_count,
				     .steps_ns = leak ? leak->steps_ns : NULL,
				     .nr_steps = nr_steps,
				     .from_ns = plot->series.first_ns,
				     .to_ns = plot->series.last_ns};
	if (nr_steps > 0)
		snprintf(steps, sizeof(steps), ": %u steps of +%u, one every %s",
			 nr_steps, leak->finding.step_size,
			 clock_format_duration(leak->finding.period_ns, period));
	snprintf(plot->title, sizeof(plot->title), "Tasks in the last %s%s",
		 clock_format_duration(plot->graph.to_ns - plot->graph.from_ns, span),
		 steps);
	return true;
}

static void add_plot(struct page *page, const struct plot *plot, int rows)
{
	int width = page->width < PLOT_CELLS ? page->width : PLOT_CELLS;
	char line[GRAPH_LINE_MAX];

	for (int row = 0; row < rows; row++) {
		graph_line(&plot->graph, width, rows, row, page->t->ascii, line,
			   sizeof(line));
		page_line(page, row == rows - 1 ? ROLE_DIM : ROLE_NORMAL,
			  arena_strndup(&page->lines->arena, line, sizeof(line)));
	}
}

static void say_plot(struct page *page, const struct group_page *v)
{
	int rows = page->height - (int)page->lines->count - 2;
	struct plot plot;

	if (!plot_of(page, &v->group, &plot))
		return;
	page_heading(page, "%s", plot.title);
	add_plot(page, &plot, rows < PLOT_ROWS_UP || rows > PLOT_ROWS ? PLOT_ROWS : rows);
}

static void say_examples(struct page *page, const struct group_page *v)
{
	char count[GRAPH_LABEL_MAX];
	size_t before;

	if (v->nr_examples == 0)
		return;
	page_heading(page, "Its tasks, oldest first (%s)",
		     graph_format_count(v->group.count, count));
	for (size_t i = 0; i < v->nr_examples; i++)
		page_task(page, NULL, &v->snapshot->tasks[v->examples[i]]);
	before = page->lines->count;
	page_say(page, ROLE_KEY, NULL, NULL,
		 " Press Enter here to show all of them in the task view");
	if (page->lines->count > before)
		page->lines->list[before].command = GROUP_COMMAND_ALL_TASKS;
}

/* Who awaits the oldest of its tasks. Nothing is said of tasks that do not tell. */
static void say_awaiting(struct page *page, const struct group_page *v)
{
	const struct task *oldest =
		v->nr_examples ? &v->snapshot->tasks[v->examples[0]] : NULL;
	const char *awaited_by = oldest ? task_awaited_by(oldest) : NULL;

	if (awaited_by)
		page_say(page, ROLE_NORMAL, "Awaited by", NULL, "%s%s", awaited_by,
			 v->group.count > 1 ? " (the oldest of them)" : "");
}

static void say_stacks(struct page *page, const struct group *group)
{
	const struct stack *stack = group->stack, *creator = group->created_by;

	if (!stack || stack->nr_frames == 0) {
		page_heading(page, "Stack: unknown");
	} else {
		page_heading(page, "Stack%s (%zu frame%s)",
			     group->mixed_stacks ? " of the oldest" : "",
			     stack->nr_frames, stack->nr_frames == 1 ? "" : "s");
		page_frames(page, stack, stack_top_frame(stack));
	}
	if (!creator || creator->nr_frames == 0) {
		page_heading(page, "Created by: unknown");
	} else {
		page_heading(page, "Created by%s",
			     group->mixed_creators ? " (of the oldest)" : "");
		page_frames(page, creator, stack_top_frame(creator));
	}
	for (size_t i = 1; group->ancestry && i < group->ancestry->nr; i++) {
		const struct stack *ancestor = group->ancestry->stacks[i];

		page_heading(page, "Which was created by");
		page_frames(page, ancestor, stack_top_frame(ancestor));
	}
}

static void say_way(struct page *page, struct group_page *v)
{
	if (v->gone)
		return;
	if (!v->way_known)
		wayback_find(v->snapshot, (struct wayback_of){.group = &v->group},
			     &v->way);
	v->way_known = true;
	group_say_way(page, &v->group, &v->way);
}

void group_page_build(struct tui *t, struct group_page *v, int width, int height)
{
	struct page page = {.t = t,
			    .lines = &v->lines,
			    .snapshot = v->snapshot,
			    .width = page_text_cells(width),
			    .height = height};

	lines_clear(&v->lines);
	if (!v->snapshot)
		return;
	say_name(&page, &v->group);
	say_verdict(&page, v);
	say_counts(&page, v);
	say_holds(&page, v);
	say_change(&page, v);
	say_awaiting(&page, v);
	page.width = width - 2;
	say_plot(&page, v);
	say_way(&page, v);
	say_examples(&page, v);
	say_stacks(&page, &v->group);
}

/* The trend as a graph with this number of rows, or in one line if they are few. */
static void say_trend(struct page *page, const struct group_page *v, int rows)
{
	struct plot plot;
	struct graph_scale scale;
	char bars[GRAPH_LINE_MAX], least[GRAPH_LABEL_MAX], most[GRAPH_LABEL_MAX];
	char span[CLOCK_DURATION_MAX];

	if (!plot_of(page, &v->group, &plot))
		return;
	if (rows > PLOT_ROWS_LEAST) {
		page_text(page, ROLE_NORMAL, "Trend", NULL, plot.title);
		page->width += LINES_LABEL_CELLS;
		add_plot(page, &plot, rows - 1 < PLOT_ROWS ? rows - 1 : PLOT_ROWS);
		page->width -= LINES_LABEL_CELLS;
		return;
	}
	graph_spark(&plot.series, 0,
		    page->width < SPARK_CELLS ? page->width : SPARK_CELLS, page->t->ascii,
		    &scale, bars, sizeof(bars));
	page_say(page, ROLE_NORMAL, "Trend", NULL, "%s  %s to %s in %s", bars,
		 graph_format_count(scale.least, least),
		 graph_format_count(scale.most, most),
		 clock_format_duration(scale.span_ns, span));
}

static void say_brief_stacks(struct page *page, struct group_page *v,
			     const struct brief *brief, size_t most)
{
	const struct stack *stack = v->group.stack, *creator = v->group.created_by;
	const struct frame *top = creator ? stack_top_frame(creator) : NULL;
	size_t first = page->lines->count;
	struct stack_lines of = {
		.stack = stack,
		.top = stack ? stack_top_frame(stack) : NULL,
		.place = stack ? stack_place(stack, stack_top_frame(stack)) : NULL,
		.excerpt = &v->excerpt,
		.read = brief->read,
		.code = 1};

	page_stack(page, &of, most);
	page_label(page, first, v->group.mixed_stacks ? "The oldest" : "Stack");
	first = page->lines->count;
	if (top)
		page_frames_range(page, creator, top, (size_t)(top - creator->frames),
				  (size_t)(top - creator->frames) + 1);
	page_label(page, first, "Created by");
}

void group_page_build_brief(struct tui *t, struct group_page *v,
			    const struct brief *brief)
{
	struct page page = {.t = t,
			    .lines = &v->lines,
			    .snapshot = v->snapshot,
			    .width = page_text_cells(brief->width),
			    .height = brief->height};
	int left;

	lines_clear(&v->lines);
	if (!v->snapshot)
		return;
	say_verdict(&page, v);
	say_name(&page, &v->group);
	say_counts(&page, v);
	say_holds(&page, v);
	say_change(&page, v);
	left = brief->height - (int)v->lines.count;
	say_trend(&page, v, brief->whole ? PLOT_ROWS + 1 : left - STACK_LEAST);
	left = brief->height - (int)v->lines.count - 1;
	say_brief_stacks(&page, v, brief,
			 brief->whole         ? SIZE_MAX
			 : left > STACK_LEAST ? (size_t)left
					      : STACK_LEAST);
}
