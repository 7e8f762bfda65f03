/* SPDX-License-Identifier: MIT */
/* Help on keys, the filter language, marks and states, generated from the tables that the
 * program uses. In two columns if there is room. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "tui/groups.h"
#include "tui/views.h"

#define KEY_CELLS   16
#define STATE_CELLS 14
#define LINES_MAX   512
#define TEXT_MAX    400

struct help_line {
	enum role role;
	int label_cells;
	char label[32];
	char text[TEXT_MAX];
};

struct help {
	struct help_line lines[LINES_MAX];
	size_t count;
	size_t top;
	size_t rows, length; /* visible lines, and lines of the longer column */
	size_t split;        /* first line of the second column */
	int width;           /* the width that the lines are wrapped for */
};

static const struct {
	const char *text;
	const char *meaning;
} filters[] = {
	{"word", "in any column; \"two words\" in quotes"},
	{"state:mutex", "a state, a class (state:lock), idle, long, stuck, leak, proven"},
	{"col:text col=text", "contains, equals: name:worker id=t12"},
	{"fn~^main", "regular expression"},
	{"age>30s cpu>5", "greater, less: > < >= <="},
	{"label.request:/api", "a label"},
	{"a b   a | b   !a", "and, or, not; parentheses group"},
};

static const struct {
	const char *text;
	const char *meaning;
} verdicts[] = {
	{"proof", "a deadlock, or a wait that nothing alive can end"},
	{"leak", "grows while hardly any task ends; the score, up to 100, fades when "
		 "growth stops"},
	{"recheck",
	 "looks like a leak, but was not watched long enough or is slowing down"},
	{"acknowledged", "expected according to one of your filters: no alarm"},
};

static int help_init(struct tui *t, void *ctx)
{
	(void)t;
	(void)ctx;
	return 0;
}

static void add_line(struct help *v, enum role role, int label_cells, const char *label,
		     const char *text)
{
	int cells = label_cells < v->width / 2 ? label_cells : v->width / 2;
	int width = v->width - cells - 1;
	size_t skip = 0;

	do {
		struct help_line *line = &v->lines[v->count];
		size_t used = text_wrap(text, width > 8 ? width : 8, draw_ascii(), &skip);

		if (v->count + 1 >= LINES_MAX)
			return;
		v->count++;
		line->role = role;
		line->label_cells = cells;
		snprintf(line->label, sizeof(line->label), "%s", label);
		snprintf(line->text, sizeof(line->text), "%.*s", (int)used, text);
		label = "";
		text += used + skip;
	} while (*text != '\0');
}

static void add_states(struct help *v)
{
	char text[TEXT_MAX];

	add_line(v, ROLE_NORMAL, 0, "", "");
	add_line(v, ROLE_STRONG, 0, "",
		 "States (* idle: a normal place to wait, never stuck by default)");
	for (int i = 0; i < STATE_COUNT; i++) {
		enum task_state state = (enum task_state)i;
		const struct state_info *info = state_info(state);

		snprintf(text, sizeof(text), "%s%s", info->idle ? "* " : "", info->help);
		add_line(v, (enum role)(ROLE_CLASS_CHANNEL + info->class), STATE_CELLS,
			 info->name, text);
	}
}

static void add_groups(struct help *v)
{
	add_line(v, ROLE_NORMAL, 0, "", "");
	add_line(v, ROLE_STRONG, 0, "", "Columns of groups");
	for (int id = 0; id < GROUP_COLUMNS; id++)
		add_line(v, ROLE_KEY, STATE_CELLS,
			 group_column_info((enum group_column)id)->title,
			 group_column_info((enum group_column)id)->help);
	add_line(v, ROLE_NORMAL, 0, "", "");
	add_line(v, ROLE_STRONG, 0, "", "Verdicts");
	for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++)
		add_line(v, ROLE_KEY, STATE_CELLS, verdicts[i].text, verdicts[i].meaning);
}

static void build_page(const struct tui *t, struct help *v, int width)
{
	v->count = 0;
	v->width = width;
	if (t->snapshot && t->snapshot->nr_notes > 0) {
		add_line(v, ROLE_STRONG, 0, "", "Notes of the source on this target");
		for (size_t i = 0; i < t->snapshot->nr_notes; i++)
			add_line(v, ROLE_WARN, 0, "", t->snapshot->notes[i]);
		add_line(v, ROLE_NORMAL, 0, "", "");
	}
	add_line(v, ROLE_STRONG, 0, "", "Keys");
	for (size_t i = 0; i < key_count; i++)
		add_line(v, ROLE_KEY, KEY_CELLS, key_table[i].label, key_table[i].help);
	add_line(
		v, ROLE_NORMAL, KEY_CELLS, "mouse",
		"a click selects, a double click opens; a title sorts, again reverses; a "
		"class filters; the wheel scrolls; in a menu a click chooses");
	add_line(v, ROLE_NORMAL, KEY_CELLS, "paste",
		 "goes into the line that is edited; elsewhere it has no effect");
	add_line(v, ROLE_NORMAL, 0, "", "");
	add_line(v, ROLE_STRONG, 0, "", "Filter");
	for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
		add_line(v, ROLE_KEY, 20, filters[i].text, filters[i].meaning);
	add_line(v, ROLE_NORMAL, 0, "", "");
	add_line(v, ROLE_STRONG, 0, "", "Columns");
	for (int id = 0; id < COLUMN_COUNT; id++)
		add_line(v, ROLE_KEY, STATE_CELLS, column_info((enum column_id)id)->title,
			 column_info((enum column_id)id)->help);
	add_groups(v);
	add_states(v);
}

static void draw_line(const struct help_line *line, struct area area, bool here)
{
	int y = area.y, x = area.x, width = area.width;

	if (here)
		draw_fill(y, x, width, ROLE_NORMAL, true);
	if (line->label_cells == 0) {
		draw_text(y, x, width, line->role, here, line->text);
		return;
	}
	draw_text(y, x, line->label_cells - 1 < width ? line->label_cells - 1 : width,
		  line->role, here, line->label);
	draw_text(y, x + line->label_cells, width - line->label_cells, ROLE_NORMAL, here,
		  line->text);
}

/* Returns where the second column begins: at the first empty line after the middle. */
static size_t split_at(const struct help *v)
{
	for (size_t i = v->count / 2; i < v->count; i++)
		if (v->lines[i].text[0] == '\0' && v->lines[i].label[0] == '\0')
			return i + 1;
	return v->count;
}

static void help_draw(struct tui *t, void *ctx, struct area body)
{
	struct help *v = ctx;
	bool two = body.width >= 130;
	int width = two ? body.width / 2 - 2 : body.width - 2;
	size_t rows = body.height > 0 ? (size_t)body.height : 1;
	size_t split, length;

	build_page(t, v, width);
	split = two ? split_at(v) : v->count;
	length = split > v->count - split ? split : v->count - split;
	v->rows = rows;
	v->split = split;
	v->length = length;
	if (v->top + rows > length)
		v->top = length > rows ? length - rows : 0;
	for (size_t i = 0; i < rows; i++) {
		size_t line = v->top + i;

		if (line < split)
			draw_line(&v->lines[line],
				  (struct area){body.y + (int)i, 1, 1, width},
				  line == search_line(t));
		if (two && split + line < v->count)
			draw_line(&v->lines[split + line],
				  (struct area){body.y + (int)i, body.width / 2 + 1, 1,
						width},
				  split + line == search_line(t));
	}
}

static bool help_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct help *v = ctx;

	(void)key;
	return key_moves(action, t->body.height - 1, LINES_MAX, &v->top);
}

static void help_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct help *v = ctx;

	(void)t;
	if (v->length > v->rows)
		snprintf(out, size, "line %zu of %zu", v->top + 1, v->length);
}

static size_t search_count(struct tui *t, void *ctx)
{
	(void)t;
	return ((struct help *)ctx)->count;
}

static bool search_has(struct tui *t, void *ctx, size_t line,
		       const struct pattern *pattern)
{
	const struct help *v = ctx;

	(void)t;
	return pattern_match(pattern, v->lines[line].label) ||
	       pattern_match(pattern, v->lines[line].text);
}

/* Scrolls only to a line that is not on the screen. */
static void search_go(struct tui *t, void *ctx, size_t line)
{
	struct help *v = ctx;
	size_t row = line < v->split ? line : line - v->split;

	(void)t;
	if (row < v->top || row >= v->top + v->rows)
		v->top = row > v->rows / 3 ? row - v->rows / 3 : 0;
}

static size_t search_at(struct tui *t, void *ctx)
{
	(void)t;
	return ((struct help *)ctx)->top;
}

static const struct search_ops help_search = {.count = search_count,
					      .has = search_has,
					      .go = search_go,
					      .at = search_at,
					      .no_cursor = true};

const struct view view_help = {
	.name = "help",
	.keys = IN_HELP,
	.header = false,
	.ctx_size = sizeof(struct help),
	.init = help_init,
	.draw = help_draw,
	.act = help_act,
	.search = &help_search,
	.status = help_status,
};
