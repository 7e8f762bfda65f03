/* SPDX-License-Identifier: MIT */
/*
 * The target's resources and its distance from their limits: limits first, then
 * descriptors by kind and sockets by state, then a graph for each figure over the time
 * watched. Items of one or more lines, which scroll one by one.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/spark.h"
#include "core/steps.h"
#include "tui/go_heap.h"
#include "tui/graph.h"
#include "tui/marks.h"
#include "tui/resources.h"
#include "tui/resources_members.h"
#include "tui/views.h"

#define TEXT_MAX       512
#define LINES_MAX      48
#define TIMERS_SHOWN   6
#define SPARK_CELLS    TREND_BUCKETS
#define GRAPH_LINES    8 /* title and plot, minimum */
#define GRAPH_LINES_UP 16
#define GRAPH_CELLS    60 /* two columns of graphs need twice this width */
#define GRAPH_BESIDE   3

struct line {
	enum role role;
	char text[TEXT_MAX];
};

struct page {
	struct line lines[LINES_MAX];
	size_t nr_lines;
	enum figure_id graphs[FIGURE_COUNT];
	size_t nr_graphs;
	size_t of_warning[WARNING_KINDS]; /* the first line that is about it */
};

struct view_resources {
	size_t top; /* the item at the top of the body */
	size_t nr_items;
	struct page page;
	size_t beside, last; /* graphs side by side, and the last item on the screen */
	/* The graphs on the screen, counted from 1, and their total number. */
	size_t first_graph, last_graph, nr_graphs;
	bool goes; /* to the lines of this kind of warnings, when it is drawn next */
	enum warning_kind to;
};

static graph_format format_of(enum figure_id id)
{
	static const graph_format formats[] = {
		[UNIT_COUNT] = graph_format_count,
		[UNIT_BYTES] = graph_format_bytes,
		[UNIT_PERCENT] = graph_format_percent,
	};

	return formats[figure_info(id)->unit];
}

/* One more digit than on a scale: "10.2M to 10.9M". */
static const char *format_bytes(double value, char out[GRAPH_LABEL_MAX])
{
	static const char units[] = "BKMGTPE";
	size_t unit = 0;

	for (; value >= 999.5 && unit + 2 < sizeof(units); unit++)
		value /= 1024;
	snprintf(out, GRAPH_LABEL_MAX, unit > 0 && value < 99.95 ? "%.1f%c" : "%.0f%c",
		 value > 0 ? value : 0, units[unit]);
	return out;
}

static struct line *add_line(struct page *page, enum role role)
{
	struct line *line = &page->lines[page->nr_lines];

	if (page->nr_lines + 1 < LINES_MAX)
		page->nr_lines++;
	line->role = role;
	line->text[0] = '\0';
	return line;
}

static void append_text(struct line *line, const char *text)
{
	size_t used = strlen(line->text);

	snprintf(line->text + used, sizeof(line->text) - used, "%s", text);
}

static void add_limits(struct page *page, const struct snapshot *snapshot)
{
	char text[TEXT_MAX / 2], when[CLOCK_DURATION_MAX], more[TEXT_MAX / 2];

	for (int id = 0; id < LIMIT_COUNT; id++) {
		double share = limit_share(&snapshot->resources.limits[id]);
		int64_t reach_ns = figures_reach_ns(snapshot, (enum limit_id)id);
		struct line *line;

		if (!resources_limit_text(snapshot, (enum limit_id)id, text,
					  sizeof(text)))
			continue;
		line = add_line(page, share >= LIMIT_NEAR ? ROLE_WARN : ROLE_NORMAL);
		append_text(line, share >= LIMIT_NEAR ? "! " : "  ");
		append_text(line, text);
		snprintf(more, sizeof(more), ", %.0f%%", share * 100);
		append_text(line, more);
		resources_limit_owner(snapshot, (enum limit_id)id, more, sizeof(more));
		append_text(line, more);
		if (reach_ns < 0)
			continue;
		snprintf(more, sizeof(more), "; at this rate the limit is reached in %s",
			 clock_format_duration(reach_ns, when));
		append_text(line, more);
	}
}

static void add_count(struct line *line, const char *name, int64_t count)
{
	char text[TEXT_MAX / 4], number[GRAPH_LABEL_MAX];

	if (count <= 0)
		return;
	snprintf(text, sizeof(text), "  %s %s", name,
		 graph_format_count((double)count, number));
	append_text(line, text);
}

static void add_kinds(struct page *page, const struct resources *r)
{
	struct line *line;

	if (r->by_kind[0] >= 0) {
		line = add_line(page, ROLE_NORMAL);
		append_text(line, "  fds:");
		for (int kind = 0; kind < FD_KIND_COUNT; kind++)
			add_count(line, fd_kind_name(kind), r->by_kind[kind]);
	} else if (r->fds >= 0) {
		append_text(add_line(page, ROLE_DIM),
			    "  fds: still being counted by kind");
	}
	if (r->by_kind[FD_SOCKET] > 0) {
		line = add_line(page, ROLE_NORMAL);
		append_text(line, "  sockets:");
		for (int state = 0; state < SOCKET_STATE_COUNT; state++)
			add_count(line, socket_state_name(state), r->by_socket[state]);
	}
	line = add_line(page, ROLE_NORMAL);
	append_text(line, "  others:");
	add_count(line, "children", r->children);
	add_count(line, "POSIX timers", r->posix_timers);
	add_count(line, "timer descriptors", r->by_kind[FD_TIMERFD]);
	add_count(line, "inotify watches", r->inotify_watches);
	if (strcmp(line->text, "  others:") == 0)
		append_text(line, "  no children, timers or watches");
}

/* Adds "+120 since mark 2 10:04:05" if the number has changed. */
static void add_change(struct line *line, const struct tui *t,
		       const struct timer_group *group)
{
	const struct mark *mark = marks_chosen(&t->marks);
	char text[MARK_TEXT_MAX + 48], when[MARK_TEXT_MAX];
	int64_t change;

	if (!mark || !mark->timers || mark->timers->count < 0)
		return;
	change = (int64_t)group->count - timers_count_of(mark->timers, group);
	if (change == 0)
		return;
	snprintf(text, sizeof(text), "; %+lld since %s", (long long)change,
		 mark_text(t, when));
	append_text(line, text);
}

static void add_timer_group(struct page *page, const struct tui *t,
			    const struct timer_group *group)
{
	bool leaks = group->evidence && group->verdict >= VERDICT_LEAK;
	struct line *line = add_line(page, leaks ? ROLE_STUCK : ROLE_NORMAL);
	char text[TIMER_TEXT_MAX];

	append_text(line, leaks ? "  ! " : "    ");
	append_text(line, timer_group_details(group, t->snapshot->mono_ns, text));
	add_change(line, t, group);
	if (!group->evidence)
		return;
	line = add_line(page, leaks ? ROLE_STUCK : ROLE_DIM);
	append_text(line, leaks ? "      leak: " : "      perhaps a leak: ");
	append_text(line, group->evidence);
	line = add_line(page, ROLE_DIM);
	append_text(line, "      ");
	append_text(line, spark_text(group->spark, group->nr_spark, SPARK_CELLS, t->ascii,
				     text, sizeof(text)));
}

static void add_timers(struct page *page, const struct tui *t)
{
	const struct timers *timers = t->snapshot->timers;
	struct line *line;
	char text[TIMER_TEXT_MAX];

	if (!timers)
		return;
	line = add_line(page, ROLE_NORMAL);
	append_text(line, "  Go timers: ");
	append_text(line, timers_text(timers, text));
	for (size_t i = 0; i < timers->nr_groups && i < TIMERS_SHOWN; i++)
		add_timer_group(page, t, &timers->groups[i]);
	if (timers->nr_groups > TIMERS_SHOWN)
		append_text(add_line(page, ROLE_DIM), "    and others");
}

/* Adds a text in as many lines as it needs at this width. */
static void add_wrapped(struct page *page, enum role role, int width, const char *text)
{
	const char *indent = "  ";
	size_t room = width > 24 && width < TEXT_MAX ? (size_t)width - 4 : 20;

	while (*text) {
		size_t length = strlen(text);
		struct line *line;

		if (length > room)
			for (length = room; length > 1 && text[length] != ' '; length--)
				continue;
		line = add_line(page, role);
		snprintf(line->text, sizeof(line->text), "%s%.*s", indent, (int)length,
			 text);
		text += length;
		text += strspn(text, " ");
		indent = "    ";
	}
}

/* The heap of a Go program, and what has changed since the chosen mark. */
static void add_go_heap(struct page *page, const struct tui *t, int width)
{
	char line[GO_HEAP_LINE_MAX], text[GO_HEAP_TEXT_MAX];
	char command[GO_HEAP_COMMAND_MAX];
	struct go_heap_point from, to;

	if (go_heap_memory_line(t->snapshot, line))
		add_wrapped(page, ROLE_NORMAL, width, line);
	if (go_heap_collector_line(t->snapshot, line))
		add_wrapped(page, ROLE_NORMAL, width, line);
	if (!go_heap_since_mark(t, &from, &to))
		return;
	for (int i = 0; i < GO_HEAP_CHANGES; i++) {
		enum go_heap_change change = (enum go_heap_change)i;

		if (!go_heap_changed(&from, &to, change))
			continue;
		add_wrapped(page, change == GO_HEAP_IDLE ? ROLE_GOOD : ROLE_WARN, width,
			    go_heap_explain(&from, &to, change, text));
		if (change == GO_HEAP_LIVE) {
			add_wrapped(page, ROLE_DIM, width, go_heap_advice(&to, text));
			add_wrapped(page, ROLE_STRONG, width,
				    go_heap_command(&to, command));
		}
	}
}

static void add_members(struct page *page, const struct members_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		append_text(add_line(page, i == 0 ? ROLE_STRONG : ROLE_NORMAL),
			    lines->text[i]);
}

/* members: the lines of a target that is several processes, which come first. */
static void make_page(const struct tui *t, const struct members_lines *members, int width,
		      struct page *page)
{
	const struct snapshot *snapshot = t->snapshot;

	memset(page->of_warning, 0, sizeof(page->of_warning));
	page->nr_lines = page->nr_graphs = 0;
	add_members(page, members);
	add_limits(page, snapshot);
	add_kinds(page, &snapshot->resources);
	page->of_warning[WARNING_TIMERS] = page->nr_lines;
	add_timers(page, t);
	page->of_warning[WARNING_HEAP] = page->nr_lines;
	add_go_heap(page, t, width);
	for (int id = 0; snapshot->figures && id < FIGURE_COUNT; id++) {
		const struct series *series = &snapshot->figures->series[id];

		/* One that has always been 0 says nothing. */
		if (series->count > 0 && series->max > 0)
			page->graphs[page->nr_graphs++] = (enum figure_id)id;
	}
}

/* Draws "fds 1,012  +16 every 30.0s  +32/min  38 to 1,012". */
static void draw_title(const struct snapshot *snapshot, enum figure_id id,
		       const struct steps *steps, struct area area)
{
	const struct series *series = &snapshot->figures->series[id];
	char now[GRAPH_LABEL_MAX], low[GRAPH_LABEL_MAX], high[GRAPH_LABEL_MAX];
	char rate[GRAPH_LABEL_MAX], text[TEXT_MAX], period[CLOCK_DURATION_MAX];
	bool bytes = figure_info(id)->unit == UNIT_BYTES;
	graph_format format = bytes ? format_bytes : format_of(id);
	struct series_trend trend;
	int used;

	snprintf(text, sizeof(text), "%s %s", figure_info(id)->name,
		 format(series->last, now));
	used = draw_text(area.y, area.x, area.width, ROLE_STRONG, false, text);
	text[0] = '\0';
	if (steps->count > 0) {
		snprintf(text, sizeof(text), "  +%s every %s", format(steps->size, rate),
			 clock_format_duration(steps->period_ns, period));
		used += draw_text(area.y, area.x + used, area.width - used, ROLE_WARN,
				  false, text);
		text[0] = '\0';
	}
	if (series_trend(series, 0, &trend) && trend.clear) {
		double rise = trend.per_second * 60;

		snprintf(text, sizeof(text), "  %c%s/min", rise < 0 ? '-' : '+',
			 format(rise < 0 ? -rise : rise, rate));
	}
	if (series->max > series->min)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  %s to %s",
			 format(series->min, low), format(series->max, high));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "  %s",
		 figure_info(id)->help);
	draw_text(area.y, area.x + used, area.width - used, ROLE_DIM, false, text);
}

static void draw_graph(const struct tui *t, enum figure_id id, struct area area)
{
	const struct snapshot *snapshot = t->snapshot;
	const struct figures *figures = snapshot->figures;
	int limit = figure_info(id)->limit;
	struct steps steps;
	struct graph graph = {
		.series = &figures->series[id],
		.format = format_of(id),
		.binary = figure_info(id)->unit == UNIT_BYTES,
		.role = ROLE_NORMAL,
		.from_ns = figures->series[FIGURE_TASKS].first_ns,
		.to_ns = figures->series[FIGURE_TASKS].last_ns,
	};

	/* The limits of a cgroup include other processes, so they are not drawn as a
	 * line. */
	if (limit == LIMIT_FDS && snapshot->resources.limits[limit].most > 0)
		graph.limit = (double)snapshot->resources.limits[limit].most;
	steps_find(graph.series, &steps);
	graph.steps_ns = steps.times_ns;
	graph.nr_steps = steps.count;
	draw_title(snapshot, id, &steps, area);
	area.y++;
	area.height--;
	search_mark(t, false);
	graph_draw(&graph, area);
	search_mark(t, true);
}

/* Returns the number of rows if `beside` graphs are side by side. */
static size_t graph_rows(const struct page *page, size_t beside)
{
	return (page->nr_graphs + beside - 1) / beside;
}

static void draw_row(const struct tui *t, const struct page *page, size_t first,
		     size_t beside, struct area area)
{
	int cells = area.width / (int)beside;

	for (size_t i = 0; i < beside && first + i < page->nr_graphs; i++)
		draw_graph(t, page->graphs[first + i],
			   (struct area){area.y, area.x + cells * (int)i, area.height - 1,
					 cells - 2});
}

static void draw_line(const struct line *line, int y, int width, bool here)
{
	if (here)
		draw_fill(y, 0, width, line->role, true);
	draw_text(y, 0, width, line->role, here, line->text);
}

static void draw_page(const struct tui *t, struct view_resources *v, struct area body)
{
	const struct page *page = &v->page;
	size_t beside = (size_t)(body.width / GRAPH_CELLS), rows;
	int y = body.y, end = body.y + body.height, lines;

	beside = beside < 1 ? 1 : beside > GRAPH_BESIDE ? GRAPH_BESIDE : beside;
	v->beside = beside;
	rows = graph_rows(page, beside);
	v->nr_items = page->nr_lines + rows;
	v->nr_graphs = page->nr_graphs;
	v->first_graph = v->last_graph = 0;
	if (v->top >= v->nr_items)
		v->top = v->nr_items > 0 ? v->nr_items - 1 : 0;
	lines = rows > 0 ? (body.height - (int)page->nr_lines) / (int)rows : 0;
	lines = lines < GRAPH_LINES ? GRAPH_LINES : lines;
	lines = lines > GRAPH_LINES_UP ? GRAPH_LINES_UP : lines;
	for (size_t i = v->top; i < v->nr_items && y < end; i++) {
		size_t first = i < page->nr_lines ? 0 : (i - page->nr_lines) * beside;

		if (i < page->nr_lines) {
			draw_line(&page->lines[i], y++, body.width, i == search_line(t));
			v->last = i;
			continue;
		}
		if (y + GRAPH_HEIGHT_MIN + 1 > end)
			break;
		v->last = i;
		draw_row(t, page, first, beside,
			 (struct area){y, 1, lines < end - y ? lines : end - y,
				       body.width - 1});
		y += lines;
		v->first_graph = v->first_graph > 0 ? v->first_graph : first + 1;
		v->last_graph = first + beside < page->nr_graphs ? first + beside
								 : page->nr_graphs;
	}
}

static int resources_init_view(struct tui *t, void *ctx)
{
	(void)t;
	(void)ctx;
	return 0;
}

static void resources_open(struct tui *t, void *ctx, const struct request *request)
{
	struct view_resources *v = ctx;

	(void)t;
	v->goes = true;
	v->to = request->warning->kind;
}

static void resources_draw(struct tui *t, void *ctx, struct area body)
{
	struct view_resources *v = ctx;
	struct snapshot *all = t->snapshot, one;
	struct members_lines members;

	v->page.nr_lines = v->nr_items = 0;
	if (!t->snapshot) {
		draw_text(body.y + (body.height > 2), 1, body.width - 1, ROLE_NORMAL,
			  false, "There is no snapshot yet.");
		return;
	}
	resources_members_lines(t, &members);
	if (resources_of_member(t, &one))
		t->snapshot = &one;
	make_page(t, &members, body.width, &v->page);
	if (v->goes)
		v->top = v->page.of_warning[v->to];
	v->goes = false;
	draw_page(t, v, body);
	t->snapshot = all;
}

static bool resources_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct view_resources *v = ctx;
	size_t last = v->nr_items > 0 ? v->nr_items - 1 : 0;

	(void)key;
	if (resources_members_act(t, action)) {
		v->top = 0;
		return true;
	}
	switch (action) {
	case ACTION_UP:
	case ACTION_PAGE_UP:
	case ACTION_HALF_UP:
		v->top -= v->top > 0;
		return true;
	case ACTION_DOWN:
	case ACTION_PAGE_DOWN:
	case ACTION_HALF_DOWN:
		v->top += v->top < last;
		return true;
	case ACTION_FIRST:
		v->top = 0;
		return true;
	case ACTION_LAST:
		v->top = last;
		return true;
	default:
		return false;
	}
}

static void resources_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	(void)t;
	(void)ctx;
	(void)y;
	(void)x;
	(void)twice;
}

static void resources_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct view_resources *v = ctx;
	char span[CLOCK_DURATION_MAX], graphs[64] = "";

	if (!t->snapshot || !t->snapshot->figures)
		return;
	const struct series *tasks = &t->snapshot->figures->series[FIGURE_TASKS];

	if (v->first_graph == 0 && v->nr_graphs > 0)
		snprintf(graphs, sizeof(graphs), "%zu graphs below, ", v->nr_graphs);
	else if (v->first_graph == v->last_graph && v->nr_graphs > 1)
		snprintf(graphs, sizeof(graphs), "graph %zu of %zu, ", v->first_graph,
			 v->nr_graphs);
	else if (v->first_graph > 1 || v->last_graph < v->nr_graphs)
		snprintf(graphs, sizeof(graphs), "graphs %zu to %zu of %zu, ",
			 v->first_graph, v->last_graph, v->nr_graphs);
	snprintf(out, size, "%swatched for %s", graphs,
		 clock_format_duration(tasks->last_ns - tasks->first_ns, span));
}

static size_t search_count(struct tui *t, void *ctx)
{
	(void)t;
	return ((struct view_resources *)ctx)->nr_items;
}

/* Of a row of graphs, their names and what they are. */
static bool search_has(struct tui *t, void *ctx, size_t line,
		       const struct pattern *pattern)
{
	const struct view_resources *v = ctx;
	const struct page *page = &v->page;
	size_t first;

	(void)t;
	if (line < page->nr_lines)
		return pattern_match(pattern, page->lines[line].text);
	first = (line - page->nr_lines) * v->beside;
	for (size_t i = first; i < first + v->beside && i < page->nr_graphs; i++)
		if (pattern_match(pattern, figure_info(page->graphs[i])->name) ||
		    pattern_match(pattern, figure_info(page->graphs[i])->help))
			return true;
	return false;
}

static void search_go(struct tui *t, void *ctx, size_t line)
{
	struct view_resources *v = ctx;

	(void)t;
	if (line < v->top || line > v->last)
		v->top = line;
}

static size_t search_at(struct tui *t, void *ctx)
{
	(void)t;
	return ((struct view_resources *)ctx)->top;
}

static const struct search_ops resources_search = {.count = search_count,
						   .has = search_has,
						   .go = search_go,
						   .at = search_at,
						   .no_cursor = true};

const struct view view_resources = {
	.name = "resources",
	.keys = IN_RESOURCES,
	.header = true,
	.ctx_size = sizeof(struct view_resources),
	.init = resources_init_view,
	.open = resources_open,
	.draw = resources_draw,
	.act = resources_act,
	.click = resources_click,
	.search = &resources_search,
	.status = resources_status,
};
