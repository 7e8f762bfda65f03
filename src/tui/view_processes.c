/* SPDX-License-Identifier: MIT */
/* The processes that can be watched. This is the first screen if no target was named, and
 * later the way to another one. The list is read every two seconds while it is shown. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
#include "tui/current.h"
#include "tui/scroll.h"
#include "tui/table_sort.h"
#include "tui/views.h"

#define REFRESH_NS (2 * CLOCK_SECOND_NS)
#define UNKNOWN_NS (CLOCK_SECOND_NS / 5) /* while some sources are unknown */

enum process_column {
	PROCESS_PID,
	PROCESS_SOURCE,
	PROCESS_TASKS,
	PROCESS_RSS,
	PROCESS_CPU,
	PROCESS_USER,
	PROCESS_NAME,
	PROCESS_COMMAND,
	PROCESS_COLUMNS,
};

static const struct {
	const char *title;
	const char *help;
	int min_width, max_width, priority;
	bool right, descending;
} columns[PROCESS_COLUMNS] = {
	[PROCESS_PID] = {"PID", "process id", .min_width = 5, .max_width = 10,
			 .right = true},
	[PROCESS_SOURCE] = {"SOURCE",
			    "how it can be watched; agent: exact; goruntime: goroutines",
			    .min_width = 6, .max_width = 9, .priority = 2},
	[PROCESS_TASKS] = {"TASKS", "threads", .min_width = 5, .max_width = 7,
			   .priority = 3, .right = true, .descending = true},
	[PROCESS_RSS] = {"RSS", "resident memory", .min_width = 5, .max_width = 6,
			 .priority = 5, .right = true, .descending = true},
	[PROCESS_CPU] = {"CPU%", "of one CPU", .min_width = 5, .max_width = 6,
			 .priority = 4, .right = true, .descending = true},
	[PROCESS_USER] = {"USER", "who it runs as", .min_width = 4, .max_width = 12,
			  .priority = 6},
	[PROCESS_NAME] = {"NAME", "name of the program", .min_width = 8, .max_width = 16,
			  .priority = 1},
	[PROCESS_COMMAND] = {"COMMAND", "command line", .min_width = 10, .priority = 7},
};

struct processes {
	/* Belongs to the feed, valid until its next call. */
	const struct process_row *rows;
	size_t count;
	size_t *shown;
	size_t nr_shown, cap_shown;
	pid_t pid; /* under the cursor; 0 if the cursor stays at its row */
	size_t at, top;
	char filter[PROMPT_TEXT_MAX];
	struct table table;
	struct prompt_history history;
	int64_t next_ns; /* when to read the list again */
	bool unknown;    /* the sources of some processes are unknown */
	struct err failed;
};

static void processes_release(void *ctx)
{
	struct processes *v = ctx;

	free(v->shown);
	prompt_history_release(&v->history);
}

static const char *format_cell(const struct process_row *row, int column, char *out,
			       size_t size)
{
	char rss[TEXT_SIZE_MAX];

	switch (column) {
	case PROCESS_PID:
		snprintf(out, size, "%d", (int)row->pid);
		return out;
	case PROCESS_SOURCE:
		return row->allowed ? row->source : "no access";
	case PROCESS_TASKS:
		snprintf(out, size, "%lld", (long long)row->tasks);
		return out;
	case PROCESS_RSS:
		snprintf(out, size, "%s", text_size(row->rss_bytes, rss));
		return out;
	case PROCESS_CPU:
		if (row->cpu_percent < 0)
			return "-";
		snprintf(out, size, "%.1f", row->cpu_percent);
		return out;
	case PROCESS_USER:
		return row->user ? row->user : "";
	case PROCESS_NAME:
		return row->name ? row->name : "";
	default:
		return row->command ? row->command : "";
	}
}

static bool passes_filter(const struct process_row *row, const char *filter)
{
	char text[64];

	if (filter[0] == '\0')
		return true;
	for (int column = 0; column < PROCESS_COLUMNS; column++)
		if (strcasestr(format_cell(row, column, text, sizeof(text)), filter))
			return true;
	return false;
}

static int compare_numbers(double a, double b)
{
	return ORDER(a, b);
}

/* Sorts the sources that show most first, then all others that can be watched. */
static int source_rank(const struct process_row *row)
{
	return !row->allowed                           ? 3
	       : strcmp(row->source, "agent") == 0     ? 0
	       : strcmp(row->source, "goruntime") == 0 ? 1
						       : 2;
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct processes *v = arg;
	const struct process_row *a = &v->rows[*(const size_t *)left];
	const struct process_row *b = &v->rows[*(const size_t *)right];
	char text_a[64], text_b[64];
	int order;

	switch (v->table.sorted) {
	case PROCESS_PID:
		order = compare_numbers(a->pid, b->pid);
		break;
	case PROCESS_SOURCE:
		order = source_rank(a) - source_rank(b);
		break;
	case PROCESS_TASKS:
		order = compare_numbers((double)a->tasks, (double)b->tasks);
		break;
	case PROCESS_RSS:
		order = compare_numbers((double)a->rss_bytes, (double)b->rss_bytes);
		break;
	case PROCESS_CPU:
		order = compare_numbers(a->cpu_percent, b->cpu_percent);
		break;
	default:
		order = strcasecmp(
			format_cell(a, v->table.sorted, text_a, sizeof(text_a)),
			format_cell(b, v->table.sorted, text_b, sizeof(text_b)));
		break;
	}
	if (v->table.descending)
		order = -order;
	if (order == 0)
		order = compare_numbers((double)b->tasks, (double)a->tasks);
	return order != 0 ? order : compare_numbers(a->pid, b->pid);
}

/* Filters and sorts. The cursor stays on its process. */
static void filter_and_sort(struct processes *v)
{
	if (!array_reserve(&v->shown, &v->cap_shown, v->count))
		return;
	v->nr_shown = 0;
	for (size_t i = 0; i < v->count; i++)
		if (passes_filter(&v->rows[i], v->filter))
			v->shown[v->nr_shown++] = i;
	if (v->nr_shown > 1)
		qsort_r(v->shown, v->nr_shown, sizeof(*v->shown), compare_rows, v);
	for (size_t i = 0; v->pid != 0 && i < v->nr_shown; i++)
		if (v->rows[v->shown[i]].pid == v->pid)
			v->at = i;
	if (v->at >= v->nr_shown)
		v->at = v->nr_shown > 0 ? v->nr_shown - 1 : 0;
}

static void resort(void *view)
{
	filter_and_sort(view);
}

static int processes_init(struct tui *t, void *ctx)
{
	struct processes *v = ctx;

	if (t->options->choose && t->options->title)
		snprintf(v->filter, sizeof(v->filter), "%s", t->options->title);
	v->table.count = PROCESS_COLUMNS;
	v->table.sorted = PROCESS_SOURCE;
	v->table.resort = resort;
	v->table.view = v;
	for (int i = 0; i < PROCESS_COLUMNS; i++)
		v->table.columns[i] = (struct table_column){
			.id = i,
			.title = columns[i].title,
			.help = columns[i].help,
			.largest_first = columns[i].descending,
			.min_width = columns[i].min_width,
			.max_width = columns[i].max_width,
			.priority = columns[i].priority,
			.right = columns[i].right,
			.pinned = i == PROCESS_PID,
			.natural = -1,
		};
	return 0;
}

static void read_list(struct tui *t, struct processes *v)
{
	v->next_ns = t->clock_ns + REFRESH_NS;
	v->failed.code = 0;
	if (t->feed.ops->processes(t->feed.ctx, &v->rows, &v->count, &v->failed) != 0) {
		v->rows = NULL;
		v->count = 0;
	}
	v->unknown = false;
	for (size_t i = 0; i < v->count; i++)
		v->unknown |= strcmp(v->rows[i].source, "?") == 0;
	if (v->unknown)
		v->next_ns = t->clock_ns + UNKNOWN_NS;
	filter_and_sort(v);
}

static void processes_enter(struct tui *t, void *ctx)
{
	struct processes *v = ctx;

	v->next_ns = 0;
	if (!t->snapshot || t->snapshot->nr_members == 0)
		v->pid = t->snapshot ? t->snapshot->target.pid : 0;
}

static void processes_open(struct tui *t, void *ctx, const struct request *request)
{
	struct processes *v = ctx;

	(void)t;
	v->pid = request->pid;
	v->filter[0] = '\0';
}

static const struct process_row *row_at(const struct processes *v, size_t row)
{
	return row < v->nr_shown ? &v->rows[v->shown[row]] : NULL;
}

static void move_to(struct processes *v, long row)
{
	long last = (long)v->nr_shown - 1;

	row = row > last ? last : row;
	v->at = row > 0 ? (size_t)row : 0;
	v->pid = row_at(v, v->at) ? row_at(v, v->at)->pid : 0;
}

static void watch_selected(struct tui *t, struct processes *v)
{
	const struct process_row *row = row_at(v, v->at);
	struct err e = {0};

	if (!row)
		return;
	if (!row->allowed) {
		tui_say(t, ROLE_WARN,
			"%s belongs to %s: run grmon-c as that user or as root",
			row->name, row->user ? row->user : "another user");
		return;
	}
	if (t->feed.ops->attach(t->feed.ctx, row->pid, &e) != 0) {
		tui_say(t, ROLE_ERROR, "%s", e.text);
		return;
	}
	tui_drop_snapshot(t);
	t->state.polls = 1; /* from now on there is a target */
	tui_switch(t, VIEW_TASKS);
}

static bool processes_typed(struct tui *t, void *ctx, const char *text, struct err *e)
{
	struct processes *v = ctx;

	(void)t;
	(void)e;
	snprintf(v->filter, sizeof(v->filter), "%s", text);
	filter_and_sort(v);
	return true;
}

static bool processes_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct processes *v = ctx;
	size_t to = v->at;

	(void)key;
	if (key_moves(action, t->body.height - 2, v->nr_shown, &to)) {
		move_to(v, (long)to);
		return true;
	}
	switch (action) {
	case ACTION_OPEN:
		watch_selected(t, v);
		return true;
	case ACTION_FILTER:
		tui_prompt(t, v->filter);
		t->prompt.history = &v->history;
		return true;
	case ACTION_REFRESH:
		v->next_ns = 0;
		return true;
	case ACTION_BACK:
		if (v->filter[0] == '\0')
			return false;
		v->filter[0] = '\0';
		filter_and_sort(v);
		return true;
	default:
		return table_act(t, &v->table, action);
	}
}

/* The search looks at texts and at the pid. */
static bool is_searched(int column)
{
	return column == PROCESS_PID || !columns[column].right;
}

static bool draw_row(struct tui *t, struct processes *v, const struct process_row *row,
		     int y, bool here)
{
	enum role role = row->allowed ? ROLE_NORMAL : ROLE_DIM;
	bool grew = false;
	char text[64];

	if (here)
		draw_fill(y, 0, t->width, role, true);
	for (size_t i = 0; i < v->table.count; i++) {
		struct table_column *column = &v->table.columns[i];
		const char *content = format_cell(row, column->id, text, sizeof(text));
		bool exact = column->id == PROCESS_SOURCE && source_rank(row) < 2;

		grew |= table_measure(column,
				      text_cells(content, TEXT_CELLS_MAX, t->ascii));
		search_mark(t, is_searched(column->id));
		if (column->width > 0)
			draw_cell(y, column->x, column->width,
				  column->right ? ALIGN_RIGHT : ALIGN_LEFT,
				  exact ? ROLE_GOOD : role, here, content);
	}
	search_mark(t, false);
	return grew;
}

static void draw_title(struct tui *t, struct processes *v, int y)
{
	char text[PROMPT_TEXT_MAX + 128];

	snprintf(text, sizeof(text), "Processes: %zu of %zu%s%s", v->nr_shown, v->count,
		 v->filter[0] != '\0' ? ", filter: " : ". Enter watches one.", v->filter);
	draw_text(y, 0, t->width, v->failed.code != 0 ? ROLE_ERROR : ROLE_STRONG, false,
		  v->failed.code != 0 ? v->failed.text : text);
}

static void processes_draw(struct tui *t, void *ctx, struct area body)
{
	struct processes *v = ctx;
	int above = body.height >= 4 ? 2 : body.height >= 2 ? 1 : 0;
	size_t rows = body.height > above ? (size_t)(body.height - above) : 1;

	if (t->clock_ns >= v->next_ns && (!t->prompting || v->unknown))
		read_list(t, v);
	if (v->next_ns < t->wake_ns)
		t->wake_ns =
			v->next_ns > t->clock_ns ? v->next_ns : t->clock_ns + REFRESH_NS;
	v->top = scroll_top(v->top, v->at, (int)rows, v->nr_shown);
	search_mark(t, false);
	if (above == 2)
		draw_title(t, v, body.y);
	for (int pass = 0; pass < 2; pass++) {
		bool grew = false;

		table_layout(&v->table, body.width);
		for (size_t i = 0; i < rows; i++) {
			int y = body.y + above + (int)i;

			draw_fill(y, 0, body.width, ROLE_NORMAL, false);
			if (v->top + i < v->nr_shown)
				grew |= draw_row(t, v, row_at(v, v->top + i), y,
						 v->top + i == v->at);
		}
		if (!grew)
			break;
	}
	if (above > 0)
		table_draw_titles(&v->table, body.y + above - 1, body.width);
}

static void processes_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct processes *v = ctx;
	int above = t->body.height >= 4 ? 2 : t->body.height >= 2 ? 1 : 0;
	int line = y - t->body.y - above;
	const struct table_column *column;

	if (line == -1) {
		column = table_hit(&v->table, x);
		if (column)
			table_sort_by(&v->table, column->id);
	} else if (line >= 0 && v->top + (size_t)line < v->nr_shown) {
		move_to(v, (long)v->top + line);
		if (twice)
			watch_selected(t, v);
	}
}

static size_t search_count(struct tui *t, void *ctx)
{
	(void)t;
	return ((struct processes *)ctx)->nr_shown;
}

static bool search_has(struct tui *t, void *ctx, size_t line,
		       const struct pattern *pattern)
{
	const struct processes *v = ctx;
	char text[64];

	(void)t;
	for (size_t i = 0; i < v->table.count; i++) {
		const struct table_column *column = &v->table.columns[i];

		if (column->width > 0 && is_searched(column->id) &&
		    pattern_match(pattern, format_cell(row_at(v, line), column->id, text,
						       sizeof(text))))
			return true;
	}
	return false;
}

static void search_go(struct tui *t, void *ctx, size_t line)
{
	(void)t;
	move_to(ctx, (long)line);
}

static size_t search_at(struct tui *t, void *ctx)
{
	(void)t;
	return ((struct processes *)ctx)->at;
}

static uint64_t search_key(struct tui *t, void *ctx, size_t line)
{
	(void)t;
	return (uint64_t)row_at(ctx, line)->pid;
}

static const struct search_ops processes_search = {.count = search_count,
						   .has = search_has,
						   .go = search_go,
						   .at = search_at,
						   .key = search_key};

const struct view view_processes = {
	.name = "processes",
	.keys = IN_PROCESSES,
	.header = false,
	.ctx_size = sizeof(struct processes),
	.init = processes_init,
	.release = processes_release,
	.open = processes_open,
	.enter = processes_enter,
	.draw = processes_draw,
	.act = processes_act,
	.click = processes_click,
	.typed = processes_typed,
	.search = &processes_search,
};
