/* SPDX-License-Identifier: MIT */
/*
 * Draws the tables of tasks and of groups of a recording or JSON dump at every width from
 * 40 to 240 on a pseudo-terminal, and checks that more width never shows less: what is
 * whole at one width is whole at the next, no column leaves, and the late columns come
 * only when the others are whole. Usage: render FILE; prints what is wrong. render FILE
 * WIDTH [KEYS] prints the screen at that width, after these keys.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/intern.h"
#include "core/group.h"
#include "core/stack.h"
#include "source/source.h"
#include "tui/app.h"
#include "tui/current.h"
#include "tui/groups.h"
#include "tui/members.h"
#include "tui/tasks.h"

#define HEIGHT    40
#define NARROWEST 40
#define WIDEST    240

static struct snapshot *current;

static int feed_fd(void *ctx)
{
	(void)ctx;
	return -1;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static struct snapshot *feed_latest(void *ctx, struct feed_state *state)
{
	(void)ctx;
	state->status = FEED_REPLAY;
	state->polls = 1;
	return snapshot_ref(current);
}

static void no_focus(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial)
{
	(void)ctx;
	(void)kind;
	(void)id;
	(void)serial;
}

static const struct feed_ops ops = {.fd = feed_fd,
				    .clear = nothing,
				    .latest = feed_latest,
				    .refresh = nothing,
				    .focus = no_focus};

static void *drain(void *arg)
{
	char bytes[65536];

	while (read(*(int *)arg, bytes, sizeof(bytes)) > 0)
		;
	return NULL;
}

static int open_pty(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0)
		return -1;
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	return master;
}

static void read_file(const char *path)
{
	struct source_target target = {.text = path, .input_fd = -1};
	struct source_focus focus = {.id = 0};
	struct err e = {0};
	void *ctx = calloc(1, source_replay.ctx_size);

	target.intern = intern_new(64u << 20);
	target.stacks = stack_table_new(1u << 20);
	current = snapshot_new();
	if (!ctx || !current || source_replay.open(ctx, &target, &e) != 0 ||
	    source_replay.sample(ctx, &focus, current, &e) != 0) {
		fprintf(stderr, "%s: %s\n", path, e.text);
		exit(2);
	}
}

/* Draws a frame of this width. */
static void draw(struct tui *t, int width)
{
	struct winsize size = {.ws_row = HEIGHT, .ws_col = (unsigned short)width};

	ioctl(STDIN_FILENO, TIOCSWINSZ, &size);
	terminal_resized(&t->terminal);
	tui_draw(t);
}

/* Returns whether a cell of this column is cut on the screen. */
static bool is_cut(const struct tui *t, const struct table_column *column)
{
	wchar_t cells[WIDEST + 1];

	for (int y = t->body.y + 1; y < t->body.y + t->body.height; y++) {
		if (mvinnwstr(y, column->x, cells, column->width) == ERR)
			return true;
		for (int i = 0; i < column->width && cells[i] != L'\0'; i++)
			if (cells[i] == L'\u2026')
				return true;
	}
	return false;
}

/* What the table showed at the width before. */
struct seen {
	const char *view;
	bool shown[TABLE_COLUMNS_MAX], whole[TABLE_COLUMNS_MAX];
};

static int check(struct tui *t, const struct table *table, int width, struct seen *seen)
{
	bool all_whole = true, late = false;
	int wrong = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];
		bool is_whole = column->width > 0 && !is_cut(t, column);

		if (column->left_out)
			continue;
		if ((seen->shown[i] && column->width == 0) ||
		    (seen->whole[i] && !is_whole)) {
			fprintf(stderr, "# %s, width %d: %s is %s\n", seen->view, width,
				column->title, column->width == 0 ? "gone" : "cut");
			wrong++;
		}
		seen->shown[i] = column->width > 0;
		seen->whole[i] = is_whole;
		late |= column->late && column->width > 0;
		all_whole &= column->late || is_whole;
	}
	if (late && !all_whole) {
		fprintf(stderr,
			"# %s, width %d: a late column before all others are whole\n",
			seen->view, width);
		wrong++;
	}
	return wrong;
}

static void print_screen(FILE *out, const struct tui *t, int width)
{
	char line[WIDEST * 8 + 1];

	for (int y = 0; y < t->height; y++)
		if (mvinnstr(y, 0, line, (int)sizeof(line) - 1) != ERR)
			fprintf(out, "%.*s\n", width * 4, line);
}

static void press(struct tui *t, const char *keys)
{
	for (; *keys != '\0'; keys++)
		tui_input(t, &(struct input_event){.kind = INPUT_KEY, .key = *keys});
}

/* Draws the view at every width. Returns how often something was wrong. */
static int check_widths(struct tui *t, const char *view, const struct table *table)
{
	struct seen seen = {.view = view};
	int wrong = 0;

	for (int width = NARROWEST; width <= WIDEST; width++) {
		draw(t, width);
		wrong += check(t, table, width, &seen);
	}
	return wrong;
}

static int check_all(struct tui *t)
{
	static const char *const views[] = {"groups by stack", "groups by creator",
					    "groups by state", "groups by label"};
	const struct tasks *tasks = t->ctx[VIEW_TASKS];
	const struct groups_view *groups = t->ctx[VIEW_GROUPS];
	int wrong = check_widths(t, "tasks", &tasks->table);

	if (t->snapshot->nr_members > 0) {
		press(t, "P");
		wrong += check_widths(t, "processes", members_table(t));
	}
	press(t, "g");
	for (size_t i = 0; i < ARRAY_COUNT(views); i++) {
		wrong += check_widths(t, views[i], &groups->table);
		press(t, "b");
	}
	return wrong;
}

/* As for a live target: the groups of its first sample. */
static void group_tasks(void)
{
	struct err e = {0};
	struct grouping *grouping = grouping_new("", &e);

	if (grouping)
		grouping_update(grouping, current);
}

int main(int argc, char **argv)
{
	struct tui_options options = {.feed = {&ops, NULL}, .title = "render"};
	FILE *out = fdopen(dup(STDOUT_FILENO), "w");
	int master = open_pty(), wrong = 0;
	struct err e = {0};
	pthread_t reader;
	struct tui t;

	setenv("TERM", "xterm-256color", 1);
	if (argc < 2 || !out || master < 0 ||
	    pthread_create(&reader, NULL, drain, &master) != 0)
		return 2;
	read_file(argv[1]);
	settings_default(&options.settings);
	options.settings.preview = false; /* the table alone */
	if (tui_open(&t, &options, &e) != 0 ||
	    terminal_open(&t.terminal, false, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		return 2;
	}
	snapshot_count(current);
	if (!current->groups)
		group_tasks();
	tui_take(&t);
	tui_tick(&t);
	if (argc == 2) {
		wrong = check_all(&t);
	} else {
		draw(&t, atoi(argv[2]));
		press(&t, argc > 3 ? argv[3] : "");
		draw(&t, atoi(argv[2]));
		print_screen(out, &t, atoi(argv[2]));
	}
	fclose(out);
	terminal_close(&t.terminal);
	tui_close(&t);
	return wrong > 0;
}
