/* SPDX-License-Identifier: MIT */
/*
 * Waits as trees: a task that blocks others is on top, with its waiters below it. Cycles
 * come first. Many waiters for one object that block no other task share one line.
 * waits_lines.c builds the lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "tui/editor.h"
#include "tui/views.h"
#include "tui/waits.h"

static int waits_init(struct tui *t, void *ctx)
{
	struct waits *v = ctx;

	(void)t;
	arena_init(&v->arena, 0);
	v->stale = true;
	return 0;
}

static void waits_release(void *ctx)
{
	struct waits *v = ctx;

	arena_release(&v->arena);
	free(v->lines);
}

static void waits_update(struct tui *t, void *ctx)
{
	struct waits *v = ctx;

	v->stale = true;
	if (!t->snapshot)
		v->nr_opened = 0;
}

static void waits_open(struct tui *t, void *ctx, const struct request *request)
{
	struct waits *v = ctx;

	v->key = waits_key_of(t->snapshot, request->warning);
	v->at_key = true;
	v->stale = true;
}

/* Lines above the cursor come and go, but the cursor stays on its line. */
static void refresh_lines(struct tui *t, struct waits *v)
{
	if (!v->stale)
		return;
	v->stale = false;
	v->builds++;
	waits_build(t, v);
	for (size_t i = 0; v->at_key && i < v->nr_lines; i++) {
		if (!waits_same_key(&v->lines[i].key, &v->key))
			continue;
		v->at = i;
		break;
	}
	if (v->at >= v->nr_lines)
		v->at = v->nr_lines > 0 ? v->nr_lines - 1 : 0;
}

static void move_to(struct waits *v, long line)
{
	long last = (long)v->nr_lines - 1;

	line = line > last ? last : line;
	v->at = line > 0 ? (size_t)line : 0;
	v->at_key = v->at < v->nr_lines;
	if (v->at_key)
		v->key = v->lines[v->at].key;
}

static void toggle(struct waits *v, const struct waits_key *key)
{
	v->stale = true;
	for (size_t i = 0; i < v->nr_opened; i++) {
		if (!waits_same_key(&v->opened[i], key))
			continue;
		v->opened[i] = v->opened[--v->nr_opened];
		return;
	}
	if (v->nr_opened == WAITS_OPENED_MAX) {
		memmove(v->opened, v->opened + 1,
			(WAITS_OPENED_MAX - 1) * sizeof(v->opened[0]));
		v->nr_opened--;
	}
	v->opened[v->nr_opened++] = *key;
}

static void open_line(struct tui *t, struct waits *v)
{
	const struct waits_line *line = v->at < v->nr_lines ? &v->lines[v->at] : NULL;

	if (!line)
		return;
	if (line->folded) {
		toggle(v, &v->lines[v->at].key);
	} else if (!line->task) {
		return;
	} else if (line->process) {
		tui_say(t, ROLE_NORMAL,
			"%s belongs to process %d; 'grmon-c %d' watches it",
			line->process->name, (int)line->process->pid,
			(int)line->process->pid);
	} else {
		tui_open_task(t, line->task);
	}
}

static void copy_line(struct tui *t, const struct waits *v)
{
	const struct waits_line *line = v->at < v->nr_lines ? &v->lines[v->at] : NULL;
	char text[2 * WAITS_TEXT_MAX];

	if (!line || line->head[0] == '\0')
		return;
	snprintf(text, sizeof(text), "%s%s%s", line->head, line->tail ? " " : "",
		 line->tail ? line->tail : "");
	editor_copy(t, "the line", text);
}

static bool waits_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct waits *v = ctx;
	size_t to;

	(void)key;
	refresh_lines(t, v);
	to = v->at;
	if (key_moves(action, t->body.height - 1, v->nr_lines, &to)) {
		move_to(v, (long)to);
		return true;
	}
	switch (action) {
	case ACTION_OPEN:
		open_line(t, v);
		return true;
	case ACTION_COPY:
		copy_line(t, v);
		return true;
	case ACTION_EXPAND:
		v->open_all = !v->open_all;
		v->stale = true;
		return true;
	default:
		return false;
	}
}

static enum role line_role(const struct waits_line *line)
{
	if (!line->task)
		return line->folded ? ROLE_NORMAL : ROLE_STRONG;
	if (line->task->flags & (TASK_DEADLOCK | TASK_STUCK))
		return ROLE_STUCK;
	return line->task->flags & TASK_LONG ? ROLE_WARN : ROLE_NORMAL;
}

static void draw_line(struct tui *t, const struct waits_line *line, struct area body,
		      int y, bool here)
{
	enum role role = line_role(line);
	char age[CLOCK_DURATION_MAX] = "", text[WAITS_TEXT_MAX];
	int64_t age_ns = t->now_ns - line->since_ns;
	int x = line->depth < WAITS_DEPTH_MAX ? 2 * line->depth : 2 * WAITS_DEPTH_MAX;

	if (here || role == ROLE_STUCK)
		draw_fill(y, 0, body.width, role, here);
	x += draw_text(y, x, body.width - x, role, here, line->head);
	if (line->since_ns > 0) {
		snprintf(text, sizeof(text), " %s%s", line->folded ? "oldest " : "",
			 clock_format_duration(age_ns, age));
		x += draw_text(y, x, body.width - x, role, here, text);
		tui_shows_age(t, age_ns);
	}
	if (line->tail && x + 2 < body.width)
		draw_text(y, x + 2, body.width - x - 2, role, here, line->tail);
}

static void draw_nothing(struct tui *t, struct area body)
{
	draw_text(body.y + (body.height > 2), 1, body.width - 1, ROLE_NORMAL, false,
		  !t->snapshot ? "There is no snapshot yet."
			       : "No task is known to hold up another.");
}

static void waits_draw(struct tui *t, void *ctx, struct area body)
{
	struct waits *v = ctx;
	size_t rows = body.height > 0 ? (size_t)body.height : 1;

	refresh_lines(t, v);
	if (v->nr_lines == 0) {
		draw_nothing(t, body);
		return;
	}
	if (v->at < v->top)
		v->top = v->at;
	if (v->at >= v->top + rows)
		v->top = v->at - rows + 1;
	if (v->top + rows > v->nr_lines)
		v->top = v->nr_lines > rows ? v->nr_lines - rows : 0;
	for (size_t i = 0; i < rows && v->top + i < v->nr_lines; i++)
		draw_line(t, &v->lines[v->top + i], body, body.y + (int)i,
			  v->top + i == v->at);
}

static void waits_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct waits *v = ctx;

	size_t line;

	(void)x;
	refresh_lines(t, v);
	line = v->top + (size_t)(y - t->body.y);
	if (line >= v->nr_lines)
		return;
	move_to(v, (long)line);
	if (twice)
		open_line(t, v);
}

/* A heading is about the task below it, a folded line about the one that is waited for.
 * Tasks of other processes have no page. */
static void waits_subject(struct tui *t, void *ctx, struct subject *subject)
{
	struct waits *v = ctx;
	size_t at;

	refresh_lines(t, v);
	at = v->at;
	if (at + 1 < v->nr_lines && !v->lines[at].task && !v->lines[at].folded)
		at++;
	while (at > 0 && at < v->nr_lines && v->lines[at].folded)
		at--;
	if (at >= v->nr_lines || !v->lines[at].task || v->lines[at].process)
		return;
	subject->task = v->lines[at].task;
	subject->snapshot = t->snapshot;
}

static void waits_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct waits *v = ctx;

	if (!t->snapshot)
		return;
	snprintf(out, size, "%zu deadlock%s, %zu waiting for others",
		 graph_cycles(t->snapshot), graph_cycles(t->snapshot) == 1 ? "" : "s",
		 v->nr_waiting);
}

static size_t lines_count(struct tui *t, void *ctx)
{
	refresh_lines(t, ctx);
	return ((struct waits *)ctx)->nr_lines;
}

static bool task_has(const struct task *task, const struct pattern *pattern)
{
	char id[TASK_ID_MAX];

	return pattern_match(pattern, task->name) ||
	       pattern_match(pattern, state_info(task->state)->name) ||
	       (task->waits.kind && task->waits.text &&
		pattern_match(pattern, task->waits.text)) ||
	       pattern_match(pattern, task_format_id(task, id));
}

static bool shows(const struct waits_line *line, const struct pattern *pattern)
{
	return pattern_match(pattern, line->head) ||
	       (line->tail && pattern_match(pattern, line->tail));
}

/* A closed fold also has what one of its tasks has. */
static bool search_has(struct tui *t, void *ctx, size_t number,
		       const struct pattern *pattern)
{
	const struct waits_line *line = &((struct waits *)ctx)->lines[number];

	(void)t;
	if (shows(line, pattern))
		return true;
	for (size_t i = 0; i < line->nr_tasks; i++)
		if (task_has(line->tasks[i], pattern))
			return true;
	return false;
}

static bool search_inside(struct tui *t, void *ctx, size_t line,
			  const struct pattern *pattern)
{
	(void)t;
	return !shows(&((struct waits *)ctx)->lines[line], pattern);
}

static void search_go(struct tui *t, void *ctx, size_t line)
{
	(void)t;
	move_to(ctx, (long)line);
}

static size_t search_at(struct tui *t, void *ctx)
{
	refresh_lines(t, ctx);
	return ((struct waits *)ctx)->at;
}

static uint64_t search_key(struct tui *t, void *ctx, size_t line)
{
	const struct waits_key *key = &((struct waits *)ctx)->lines[line].key;

	(void)t;
	return hash_identity(0, (unsigned)key->what, key->id, key->object);
}

static uint64_t search_version(struct tui *t, void *ctx)
{
	refresh_lines(t, ctx);
	return ((struct waits *)ctx)->builds;
}

static const struct search_ops waits_search = {.count = lines_count,
					       .has = search_has,
					       .inside = search_inside,
					       .go = search_go,
					       .at = search_at,
					       .key = search_key,
					       .version = search_version};

const struct view view_waits = {
	.name = "waits",
	.keys = IN_WAITS,
	.header = true,
	.ctx_size = sizeof(struct waits),
	.init = waits_init,
	.release = waits_release,
	.open = waits_open,
	.update = waits_update,
	.draw = waits_draw,
	.act = waits_act,
	.click = waits_click,
	.search = &waits_search,
	.subject = waits_subject,
	.lines = lines_count,
	.status = waits_status,
};
