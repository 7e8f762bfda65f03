/* SPDX-License-Identifier: MIT */
/*
 * The view of one task. It keeps the last snapshot that has the task, so that a task
 * remains visible after its end. While open, it asks the feed for the task's whole stack.
 */
#include <stdio.h>
#include <string.h>

#include "tui/detail.h"
#include "tui/editor.h"
#include "tui/tasks.h"
#include "tui/views.h"

#define BACK_MAX 32

struct detail_view {
	struct detail page;
	struct identity back[BACK_MAX];
	size_t nr_back;
};

static int view_init(struct tui *t, void *ctx)
{
	struct detail_view *v = ctx;

	(void)t;
	detail_init(&v->page);
	return 0;
}

static void view_release(void *ctx)
{
	struct detail_view *v = ctx;

	detail_release(&v->page);
}

static void view_update(struct tui *t, void *ctx)
{
	struct detail_view *v = ctx;
	struct detail *d = &v->page;
	const struct task *task;

	if (!d->id.set)
		return;
	if (!t->snapshot) { /* another target */
		detail_forget(d);
		v->nr_back = 0;
		return;
	}
	task = identity_find(&d->id, t->snapshot);
	if (!task) {
		if (!d->ended)
			d->ended_ns = t->snapshot->mono_ns;
		d->ended = true;
		return;
	}
	detail_show(t, d, t->snapshot, task);
	detail_find_others(d, t->snapshot);
}

static void show_task(struct tui *t, struct detail_view *v, const struct identity *id)
{
	v->page.id = *id;
	v->page.ended = false;
	lines_go_home(&v->page.lines);
	view_update(t, v);
	tui_focus(t, id);
	t->feed.ops->refresh(t->feed.ctx); /* get its whole stack at once */
}

/* Keeps the previous snapshot, because no other one has the task. */
static void show_gone(struct tui *t, struct detail *d, struct snapshot *snapshot)
{
	detail_show(t, d, snapshot, &snapshot->tasks[0]);
	detail_find_others(d, snapshot);
	snapshot_unref(snapshot);
	d->ended = true;
	d->ended_ns = snapshot->mono_ns;
	d->nr_history = 0;
	lines_go_home(&d->lines);
}

static void view_open(struct tui *t, void *ctx, const struct request *request)
{
	struct detail_view *v = ctx;

	v->nr_back = 0;
	t->list = t->view;
	if (request->gone)
		show_gone(t, &v->page, request->gone);
	else
		show_task(t, v, &request->task);
}

static void view_leave(struct tui *t, void *ctx)
{
	const struct detail_view *v = ctx;

	if (!v->page.id.set)
		return;
	tui_focus(t, NULL);
	tasks_go_to(t, &v->page.id);
}

static void view_enter(struct tui *t, void *ctx)
{
	const struct detail_view *v = ctx;

	if (!v->page.id.set || t->focus.set)
		return;
	tui_focus(t, &v->page.id);
	t->feed.ops->refresh(t->feed.ctx);
}

static void follow_link(struct tui *t, struct detail_view *v)
{
	const struct text_line *here = lines_here(&v->page.lines);
	struct identity link;
	char id[TASK_ID_MAX];

	if (!here || !here->link.set)
		return;
	link = here->link;
	if (!identity_find(&link, t->snapshot)) {
		tui_say(t, ROLE_WARN, "%s ended", identity_format(&link, id));
		return;
	}
	if (v->nr_back == BACK_MAX) {
		memmove(v->back, v->back + 1, sizeof(v->back) - sizeof(v->back[0]));
		v->nr_back--;
	}
	v->back[v->nr_back++] = v->page.id;
	show_task(t, v, &link);
}

/* Opens the frame under the cursor, or else the one whose lines are shown. */
static void edit(struct tui *t, const struct detail_view *v)
{
	const struct text_line *here = lines_here(&v->page.lines);
	const struct frame *frame = here && here->stack
					    ? &here->stack->frames[here->frame]
				    : v->page.task ? detail_place(v->page.task)
						   : NULL;

	editor_open(t, frame ? frame->file : NULL, frame ? frame->line : 0);
}

static void go_back(struct tui *t, struct detail_view *v)
{
	while (v->nr_back > 0) {
		struct identity id = v->back[--v->nr_back];

		if (!identity_find(&id, t->snapshot))
			continue; /* it has ended */
		show_task(t, v, &id);
		return;
	}
	tui_switch(t, t->list);
}

static bool view_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct detail_view *v = ctx;

	(void)key;
	if (lines_move(&v->page.lines, action, t->body.height))
		return true;
	switch (action) {
	case ACTION_OPEN:
		follow_link(t, v);
		return true;
	case ACTION_EDIT:
		edit(t, v);
		return true;
	case ACTION_COPY:
		lines_copy(t, &v->page.lines);
		return true;
	case ACTION_HOLDS:
		if (v->page.task)
			tui_open_holds(t, v->page.task);
		return true;
	case ACTION_BACK:
	case ACTION_QUIT:
		go_back(t, v);
		return true;
	default:
		return false;
	}
}

static void view_draw(struct tui *t, void *ctx, struct area body)
{
	struct detail_view *v = ctx;

	detail_build(t, &v->page, NULL, body.width);
	lines_draw(&v->page.lines, body);
}

static void view_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct detail_view *v = ctx;

	(void)x;
	if (lines_click(&v->page.lines, y - t->body.y) && twice)
		follow_link(t, v);
}

static void view_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct detail_view *v = ctx;

	(void)t;
	snprintf(out, size, "line %zu of %zu", v->page.lines.at + 1, v->page.lines.count);
}

static struct lines *view_lines(void *ctx)
{
	return &((struct detail_view *)ctx)->page.lines;
}

static const struct search_ops view_search = {.lines = view_lines};

const struct view view_detail = {
	.name = "task",
	.keys = IN_DETAIL,
	.header = true,
	.ctx_size = sizeof(struct detail_view),
	.init = view_init,
	.release = view_release,
	.open = view_open,
	.enter = view_enter,
	.leave = view_leave,
	.update = view_update,
	.draw = view_draw,
	.act = view_act,
	.click = view_click,
	.search = &view_search,
	.status = view_status,
};
