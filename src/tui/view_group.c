/* SPDX-License-Identifier: MIT */
/*
 * The view of one group: the verdict with its evidence, the count over time, examples,
 * the whole stack, the creator. It keeps the last snapshot that has the group.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/filters.h"
#include "tui/graph.h"
#include "tui/groups.h"
#include "tui/lines.h"
#include "tui/marks.h"
#include "tui/views.h"

#define EXAMPLES_MAX 12
#define PLOT_ROWS    11 /* fewer if the page then fits on the screen */
#define PLOT_ROWS_UP 8
#define PLOT_CELLS   120
#define LABEL_MAX    160

enum { COMMAND_ALL_TASKS = 1 };

struct group_page {
	bool set;
	enum group_by by;
	struct group_identity identity;
	struct snapshot *snapshot; /* a reference */
	struct group group;        /* as in snapshot, or as it was at the mark */
	char label_key[LABEL_MAX], label_text[LABEL_MAX]; /* of group */
	bool gone;
	uint32_t examples[EXAMPLES_MAX]; /* oldest first */
	size_t nr_examples;
	struct lines lines;
};

static int group_init(struct tui *t, void *ctx)
{
	struct group_page *v = ctx;

	(void)t;
	lines_init(&v->lines);
	return 0;
}

static void group_release(void *ctx)
{
	struct group_page *v = ctx;

	lines_release(&v->lines);
	snapshot_unref(v->snapshot);
}

static bool is_older(const struct task *a, const struct task *b)
{
	if (a->since_ns != b->since_ns)
		return b->since_ns == 0 ||
		       (a->since_ns != 0 && a->since_ns < b->since_ns);
	return a->id < b->id;
}

static void find_examples(struct group_page *v)
{
	const struct snapshot *s = v->snapshot;

	v->nr_examples = 0;
	for (size_t i = 0; i < s->nr_tasks; i++) {
		size_t at = v->nr_examples;

		if (!group_has(&v->group, &s->tasks[i]))
			continue;
		while (at > 0 && is_older(&s->tasks[i], &s->tasks[v->examples[at - 1]]))
			at--;
		if (at == EXAMPLES_MAX)
			continue;
		if (v->nr_examples < EXAMPLES_MAX)
			v->nr_examples++;
		memmove(&v->examples[at + 1], &v->examples[at],
			(v->nr_examples - at - 1) * sizeof(v->examples[0]));
		v->examples[at] = (uint32_t)i;
	}
}

/* Copies the labels, because the snapshot or the mark that owns them may be freed. */
static void keep_group(struct group_page *v, const struct group *group)
{
	v->group = *group;
	if (group->by != GROUP_LABEL)
		return;
	snprintf(v->label_key, sizeof(v->label_key), "%s", group->label_key);
	snprintf(v->label_text, sizeof(v->label_text), "%s", group->label_text);
	v->group.label_key = v->label_key;
	v->group.label_text = v->label_text;
}

static const struct group *find_group(const struct group_page *v,
				      const struct snapshot *snapshot)
{
	const struct groups *groups = snapshot->groups;

	for (size_t i = 0; groups && i < groups->count[v->by]; i++) {
		const struct group *group = &groups->list[v->by][i];
		struct group_identity identity = group_identify(group);

		if (group->count > 0 && group_identity_same(&identity, &v->identity))
			return group;
	}
	return NULL;
}

static void group_update(struct tui *t, void *ctx)
{
	struct group_page *v = ctx;
	const struct group *group;

	if (!v->set)
		return;
	if (!t->snapshot) { /* another target */
		v->set = false;
		snapshot_unref(v->snapshot);
		v->snapshot = NULL;
		if (t->view == VIEW_GROUP)
			tui_switch(t, VIEW_GROUPS);
		return;
	}
	group = find_group(v, t->snapshot);
	v->gone = !group;
	if (!group)
		return;
	snapshot_unref(v->snapshot);
	v->snapshot = snapshot_ref(t->snapshot);
	keep_group(v, group);
	find_examples(v);
}

static void group_open(struct tui *t, void *ctx, const struct request *request)
{
	struct group_page *v = ctx;
	const struct group *group = request->group;

	v->set = true;
	v->by = group->by;
	v->identity = group_identify(group);
	keep_group(v, group);
	v->group.leak = NULL;
	v->nr_examples = 0;
	lines_go_home(&v->lines);
	/* No snapshot that still exists has tasks of a group that is gone. */
	snapshot_unref(v->snapshot);
	v->snapshot = snapshot_ref(t->snapshot);
	group_update(t, v);
}

static void say_name(struct page *page, const struct group *group)
{
	struct group_row row = {.group = group};
	char name[COLUMN_TEXT_MAX], place[COLUMN_TEXT_MAX];
	static const struct {
		const char *label;
		enum group_column column;
	} names[GROUP_BY_COUNT] = {
		[GROUP_STACK] = {"Blocked at", GROUP_COLUMN_FUNCTION},
		[GROUP_CREATOR] = {"Created by", GROUP_COLUMN_CREATED},
		[GROUP_STATE] = {"State", GROUP_COLUMN_STATE},
		[GROUP_LABEL] = {"Label", GROUP_COLUMN_LABEL},
	};
	const char *cell = group_cell(page->t, &row, names[group->by].column, 0, name);
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

static void say_plot(struct page *page, const struct group_page *v)
{
	const struct group *group = &v->group;
	const struct leak *leak = group->leak;
	uint32_t nr_steps = leak ? leak->finding.nr_steps : 0;
	struct series series;
	struct series_counts counts = {.begin_ns = group->spark_begin_ns,
				       .step_ns = group->spark_step_ns,
				       .last_ns = page->snapshot->mono_ns,
				       .list = group->spark,
				       .count = group->nr_spark,
				       .jumps_ns = leak ? leak->steps_ns : NULL,
				       .nr_jumps = nr_steps};
	struct graph graph = {.series = &series,
			      .format = graph_format_count,
			      .steps_ns = leak ? leak->steps_ns : NULL,
			      .nr_steps = nr_steps};
	char line[GRAPH_LINE_MAX], span[CLOCK_DURATION_MAX], period[CLOCK_DURATION_MAX];
	char steps[96] = "";
	int width = page->width < PLOT_CELLS ? page->width : PLOT_CELLS;
	int rows = page->t->body.height - (int)page->lines->count - 2;

	series_of_counts(&series, &counts);
	if (series.count < 2 || width < GRAPH_WIDTH_MIN)
		return;
	graph.from_ns = series.first_ns;
	graph.to_ns = series.last_ns;
	if (nr_steps > 0)
		snprintf(steps, sizeof(steps), ": %u steps of +%u, one every %s",
			 nr_steps, leak->finding.step_size,
			 clock_format_duration(leak->finding.period_ns, period));
	page_heading(page, "Tasks in the last %s%s",
		     clock_format_duration(graph.to_ns - graph.from_ns, span), steps);
	rows = rows < PLOT_ROWS_UP || rows > PLOT_ROWS ? PLOT_ROWS : rows;
	for (int row = 0; row < rows; row++) {
		graph_line(&graph, width, rows, row, page->t->ascii, line, sizeof(line));
		page_line(page, row == rows - 1 ? ROLE_DIM : ROLE_NORMAL,
			  arena_strndup(&page->lines->arena, line, sizeof(line)));
	}
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
		page->lines->list[before].command = COMMAND_ALL_TASKS;
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

static void group_draw(struct tui *t, void *ctx, struct area body)
{
	struct group_page *v = ctx;
	int labels = body.width >= LINES_NARROW ? LINES_LABEL_CELLS + 2 : 1;
	struct page page = {t, &v->lines, v->snapshot, body.width - labels};

	lines_clear(&v->lines);
	if (!v->snapshot)
		return;
	say_name(&page, &v->group);
	say_verdict(&page, v);
	say_counts(&page, v);
	say_change(&page, v);
	page.width = body.width - 2;
	say_plot(&page, v);
	say_examples(&page, v);
	say_stacks(&page, &v->group);
	lines_draw(t, &v->lines, body);
}

static void show_tasks(struct tui *t, const struct group_page *v)
{
	char filter[QUERY_TEXT_MAX];
	struct err e = {0};

	group_filter(&v->group, v->snapshot, filter, sizeof(filter));
	t->class = -1;
	if (filters_set(t, filter, &e))
		tui_switch(t, VIEW_TASKS);
	else
		tui_say(t, ROLE_ERROR, "filter: %s", e.text);
}

static void open_line(struct tui *t, const struct group_page *v)
{
	const struct text_line *here = lines_here(&v->lines);
	const struct task *task;

	if (!here)
		return;
	if (here->command == COMMAND_ALL_TASKS) {
		show_tasks(t, v);
		return;
	}
	if (!here->link.set)
		return;
	task = identity_find(&here->link, t->snapshot);
	if (task)
		tui_open_task(t, task);
	else
		tui_say(t, ROLE_WARN, "this task has ended");
}

static bool group_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct group_page *v = ctx;

	(void)key;
	if (lines_move(&v->lines, action, t->body.height))
		return true;
	switch (action) {
	case ACTION_OPEN:
		open_line(t, v);
		return true;
	case ACTION_ACKNOWLEDGE:
		if (v->gone)
			tui_say(t, ROLE_WARN,
				"the group is gone: there is nothing to acknowledge");
		else
			group_acknowledge(t, &v->group);
		return true;
	case ACTION_BACK:
	case ACTION_QUIT:
		tui_switch(t, VIEW_GROUPS);
		return true;
	default:
		return false;
	}
}

static void group_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct group_page *v = ctx;

	(void)x;
	lines_move_to(&v->lines, (long)v->lines.top + y - t->body.y);
	if (twice)
		open_line(t, v);
}

static void group_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct group_page *v = ctx;

	(void)t;
	snprintf(out, size, "line %zu of %zu", v->lines.at + 1, v->lines.count);
}

const struct view view_group = {
	.name = "group",
	.keys = IN_GROUP,
	.header = true,
	.ctx_size = sizeof(struct group_page),
	.init = group_init,
	.release = group_release,
	.open = group_open,
	.update = group_update,
	.draw = group_draw,
	.act = group_act,
	.click = group_click,
	.status = group_status,
};
