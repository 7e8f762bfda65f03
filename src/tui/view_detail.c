/* SPDX-License-Identifier: MIT */
/*
 * One task with everything known about it. Keeps the snapshot that last had the task, so
 * that an ended task keeps its last picture; asks the feed for its whole stack while open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/detail.h"

#define LABEL_CELLS 12
#define NARROW      40

static int detail_init(struct tui *t, void *ctx)
{
	struct detail *v = ctx;

	(void)t;
	arena_init(&v->arena, 0);
	return 0;
}

static void detail_release(void *ctx)
{
	struct detail *v = ctx;

	arena_release(&v->arena);
	free(v->lines);
	snapshot_unref(v->snapshot);
}

/* What needs a look at every task: others on the same object, owner, creator. */
static void find_others(struct detail *v)
{
	const struct snapshot *s = v->snapshot;
	const struct task *task = v->task;

	v->nr_waiters = 0;
	v->all_waiters = 0;
	v->owner = NULL;
	v->creator = NULL;
	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *other = &s->tasks[i];

		if (task->waits.owner_tid != 0 && other->kind == TASK_THREAD &&
		    other->tid == task->waits.owner_tid)
			v->owner = other;
		if (task->creator_id != 0 && other->id == task->creator_id &&
		    other != task && (v->creator == NULL || other->kind == TASK_THREAD))
			v->creator = other;
		if (other == task || task->waits.address == 0 ||
		    other->waits.kind == NULL ||
		    other->waits.address != task->waits.address)
			continue;
		v->all_waiters++;
		if (v->nr_waiters < DETAIL_WAITERS_MAX)
			v->waiters[v->nr_waiters++] = (uint32_t)i;
	}
}

static void detail_update(struct tui *t, void *ctx)
{
	struct detail *v = ctx;
	const struct task *task;

	if (!v->id.set)
		return;
	if (t->snapshot == NULL) { /* another target */
		v->id.set = false;
		v->nr_back = 0;
		snapshot_unref(v->snapshot);
		v->snapshot = NULL;
		v->task = NULL;
		return;
	}
	task = identity_find(&v->id, t->snapshot);
	if (task == NULL) {
		if (!v->ended)
			v->ended_ns = t->snapshot->mono_ns;
		v->ended = true;
		return;
	}
	snapshot_unref(v->snapshot);
	v->snapshot = snapshot_ref(t->snapshot);
	v->task = task;
	v->ended = false;
	find_others(v);
	v->nr_history = t->feed.ops->history(t->feed.ctx, v->id.kind, v->id.id,
					     v->id.serial, v->history, TRACK_HISTORY_MAX);
}

static void show(struct tui *t, struct detail *v, const struct identity *id)
{
	v->id = *id;
	v->ended = false;
	v->at = 0;
	v->top = 0;
	v->at_link = false;
	detail_update(t, v);
	t->feed.ops->focus(t->feed.ctx, id->kind, id->id, id->serial);
	t->feed.ops->refresh(t->feed.ctx); /* its whole stack at once */
}

void detail_open(struct tui *t, const struct task *task)
{
	struct detail *v = t->ctx[VIEW_DETAIL];
	struct identity id = identity_of(task);

	v->nr_back = 0;
	t->list = t->view;
	show(t, v, &id);
	tui_switch(t, VIEW_DETAIL);
}

static void detail_leave(struct tui *t, void *ctx)
{
	struct detail *v = ctx;

	if (!v->id.set)
		return;
	t->feed.ops->focus(t->feed.ctx, v->id.kind, 0, 0);
	tasks_go_to(t, &v->id);
}

static void detail_enter(struct tui *t, void *ctx)
{
	struct detail *v = ctx;

	if (v->id.set)
		t->feed.ops->focus(t->feed.ctx, v->id.kind, v->id.id, v->id.serial);
}

static void follow_link(struct tui *t, struct detail *v)
{
	struct identity link;
	char id[TASK_ID_MAX];
	struct task gone;

	if (v->at >= v->nr_lines || !v->lines[v->at].link.set)
		return;
	link = v->lines[v->at].link;
	if (identity_find(&link, t->snapshot) == NULL) {
		gone = (struct task){.kind = link.kind, .id = link.id};
		tui_say(t, ROLE_WARN, "%s ended", task_format_id(&gone, id));
		return;
	}
	if (v->nr_back == DETAIL_BACK_MAX) {
		memmove(v->back, v->back + 1, sizeof(v->back) - sizeof(v->back[0]));
		v->nr_back--;
	}
	v->back[v->nr_back++] = v->id;
	show(t, v, &link);
}

static void go_back(struct tui *t, struct detail *v)
{
	while (v->nr_back > 0) {
		struct identity id = v->back[--v->nr_back];

		if (identity_find(&id, t->snapshot) == NULL)
			continue; /* ended meanwhile */
		show(t, v, &id);
		return;
	}
	tui_switch(t, t->list);
}

static void move_to(struct detail *v, long line)
{
	long last = (long)v->nr_lines - 1;

	line = line > last ? last : line;
	v->at = line > 0 ? (size_t)line : 0;
	v->at_link = v->nr_lines > 0 && v->lines[v->at].link.set;
	if (v->at_link)
		v->link = v->lines[v->at].link;
}

static void move_to_link(struct tui *t, struct detail *v, int step)
{
	for (size_t i = 1; i <= v->nr_lines; i++) {
		size_t line = (v->at + (step > 0 ? i : v->nr_lines - i)) % v->nr_lines;

		if (v->lines[line].link.set) {
			move_to(v, (long)line);
			return;
		}
	}
	tui_say(t, ROLE_NORMAL, "no other task is named here");
}

static bool detail_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct detail *v = ctx;
	long at = (long)v->at;
	long page = t->body.height > 1 ? t->body.height - 1 : 1;

	(void)key;
	switch (action) {
	case ACTION_UP:
		move_to(v, at - 1);
		return true;
	case ACTION_DOWN:
		move_to(v, at + 1);
		return true;
	case ACTION_PAGE_UP:
		move_to(v, at - page);
		return true;
	case ACTION_PAGE_DOWN:
		move_to(v, at + page);
		return true;
	case ACTION_HALF_UP:
		move_to(v, at - (page + 1) / 2);
		return true;
	case ACTION_HALF_DOWN:
		move_to(v, at + (page + 1) / 2);
		return true;
	case ACTION_FIRST:
		move_to(v, 0);
		return true;
	case ACTION_LAST:
		move_to(v, (long)v->nr_lines);
		return true;
	case ACTION_NEXT_LINK:
	case ACTION_PREVIOUS_LINK:
		move_to_link(t, v, action == ACTION_NEXT_LINK ? 1 : -1);
		return true;
	case ACTION_OPEN:
		follow_link(t, v);
		return true;
	case ACTION_BACK:
	case ACTION_QUIT:
		go_back(t, v);
		return true;
	default:
		return false;
	}
}

static void keep_visible(struct detail *v, int height)
{
	size_t rows = height > 0 ? (size_t)height : 1;

	/* Lines come and go above it, but the task under the cursor stays under it. */
	for (size_t i = 0; v->at_link && i < v->nr_lines; i++) {
		size_t line = (v->at + i) % v->nr_lines;

		if (v->lines[line].link.set && v->lines[line].link.id == v->link.id &&
		    v->lines[line].link.kind == v->link.kind) {
			v->at = line;
			break;
		}
	}
	if (v->at >= v->nr_lines)
		v->at = v->nr_lines > 0 ? v->nr_lines - 1 : 0;
	if (v->at < v->top)
		v->top = v->at;
	if (v->at >= v->top + rows)
		v->top = v->at - rows + 1;
}

static void draw_line(const struct tui *t, const struct detail_line *line, int y,
		      bool here)
{
	int x = 1;

	if (here)
		draw_fill(y, 0, t->width, ROLE_NORMAL, true);
	if (line->label != NULL && t->width >= NARROW) {
		draw_text(y, x, LABEL_CELLS - 1, ROLE_DIM, here, line->label);
		x += LABEL_CELLS;
	}
	draw_text(y, x, t->width - x, line->role, here, line->text);
}

static void detail_draw(struct tui *t, void *ctx, struct area body)
{
	struct detail *v = ctx;

	detail_build(t, v, body.width);
	keep_visible(v, body.height);
	for (int i = 0; i < body.height && v->top + (size_t)i < v->nr_lines; i++)
		draw_line(t, &v->lines[v->top + (size_t)i], body.y + i,
			  v->top + (size_t)i == v->at);
}

static void detail_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct detail *v = ctx;

	(void)x;
	move_to(v, (long)v->top + y - t->body.y);
	if (twice)
		follow_link(t, v);
}

static void detail_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct detail *v = ctx;

	(void)t;
	snprintf(out, size, "line %zu of %zu", v->at + 1, v->nr_lines);
}

const struct view view_detail = {
	.name = "task",
	.keys = IN_DETAIL,
	.header = true,
	.ctx_size = sizeof(struct detail),
	.init = detail_init,
	.release = detail_release,
	.enter = detail_enter,
	.leave = detail_leave,
	.update = detail_update,
	.draw = detail_draw,
	.act = detail_act,
	.click = detail_click,
	.status = detail_status,
};
