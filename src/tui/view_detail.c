/* SPDX-License-Identifier: MIT */
/*
 * The view of one task. It keeps the last snapshot that has the task, so that a task
 * remains visible after its end. While open, it asks the feed for the task's whole stack.
 */
#include <stdio.h>
#include <string.h>

#include "tui/detail.h"
#include "tui/tasks.h"
#include "tui/views.h"

static int detail_init(struct tui *t, void *ctx)
{
	struct detail *v = ctx;

	(void)t;
	lines_init(&v->lines);
	return 0;
}

static void detail_release(void *ctx)
{
	struct detail *v = ctx;

	lines_release(&v->lines);
	snapshot_unref(v->snapshot);
}

static bool waits_on_object(const struct waits_on *waits, uint64_t address)
{
	for (unsigned i = 0; i < waits->nr_objects; i++)
		if (waits->objects[i] == address)
			return true;
	return waits->address == address;
}

/* Returns true if both wait for one object; a select may wait for several. */
static bool shares_object(const struct waits_on *a, const struct waits_on *b)
{
	if (a->address == 0 || !b->kind || b->address == 0)
		return false;
	for (unsigned i = 0; i < a->nr_objects; i++)
		if (waits_on_object(b, a->objects[i]))
			return true;
	return waits_on_object(b, a->address);
}

static bool owns(const struct task *task, const struct task *other)
{
	if (task->waits.owner_goid != 0)
		return other->kind == TASK_GOROUTINE &&
		       other->id == task->waits.owner_goid;
	return task->waits.owner_tid != 0 && other->kind == TASK_THREAD &&
	       other->tid == task->waits.owner_tid;
}

/* Searches all tasks for those that wait for the same object, the owner and the
 * creator. */
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

		if (owns(task, other))
			v->owner = other;
		if (task->creator_id != 0 && other->id == task->creator_id &&
		    other != task && (!v->creator || other->kind == TASK_THREAD))
			v->creator = other;
		if (other == task || !shares_object(&task->waits, &other->waits))
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
	if (!t->snapshot) { /* another target */
		v->id.set = false;
		v->nr_back = 0;
		snapshot_unref(v->snapshot);
		v->snapshot = NULL;
		v->task = NULL;
		return;
	}
	task = identity_find(&v->id, t->snapshot);
	if (!task) {
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

static void show_task(struct tui *t, struct detail *v, const struct identity *id)
{
	v->id = *id;
	v->ended = false;
	lines_go_home(&v->lines);
	detail_update(t, v);
	t->feed.ops->focus(t->feed.ctx, id->kind, id->id, id->serial);
	t->feed.ops->refresh(t->feed.ctx); /* get its whole stack at once */
}

/* Keeps the previous snapshot, because no other one has the task. */
static void show_gone(struct detail *v, struct snapshot *snapshot)
{
	snapshot_unref(v->snapshot);
	v->snapshot = snapshot;
	v->task = &snapshot->tasks[0];
	v->id = identity_of(v->task);
	v->ended = true;
	v->ended_ns = snapshot->mono_ns;
	v->nr_history = 0;
	lines_go_home(&v->lines);
	find_others(v);
}

static void detail_open(struct tui *t, void *ctx, const struct request *request)
{
	struct detail *v = ctx;

	v->nr_back = 0;
	t->list = t->view;
	if (request->gone)
		show_gone(v, request->gone);
	else
		show_task(t, v, &request->task);
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
	const struct text_line *here = lines_here(&v->lines);
	struct identity link;
	char id[TASK_ID_MAX];
	struct task gone;

	if (!here || !here->link.set)
		return;
	link = here->link;
	if (!identity_find(&link, t->snapshot)) {
		gone = (struct task){.kind = link.kind, .id = link.id};
		tui_say(t, ROLE_WARN, "%s ended", task_format_id(&gone, id));
		return;
	}
	if (v->nr_back == DETAIL_BACK_MAX) {
		memmove(v->back, v->back + 1, sizeof(v->back) - sizeof(v->back[0]));
		v->nr_back--;
	}
	v->back[v->nr_back++] = v->id;
	show_task(t, v, &link);
}

static void go_back(struct tui *t, struct detail *v)
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

static bool detail_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct detail *v = ctx;

	(void)key;
	if (lines_move(&v->lines, action, t->body.height))
		return true;
	switch (action) {
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

static void detail_draw(struct tui *t, void *ctx, struct area body)
{
	struct detail *v = ctx;

	detail_build(t, v, body.width);
	lines_draw(t, &v->lines, body);
}

static void detail_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct detail *v = ctx;

	(void)x;
	lines_move_to(&v->lines, (long)v->lines.top + y - t->body.y);
	if (twice)
		follow_link(t, v);
}

static void detail_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct detail *v = ctx;

	(void)t;
	snprintf(out, size, "line %zu of %zu", v->lines.at + 1, v->lines.count);
}

const struct view view_detail = {
	.name = "task",
	.keys = IN_DETAIL,
	.header = true,
	.ctx_size = sizeof(struct detail),
	.init = detail_init,
	.release = detail_release,
	.open = detail_open,
	.enter = detail_enter,
	.leave = detail_leave,
	.update = detail_update,
	.draw = detail_draw,
	.act = detail_act,
	.click = detail_click,
	.status = detail_status,
};
