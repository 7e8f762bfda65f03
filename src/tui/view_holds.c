/* SPDX-License-Identifier: MIT */
/*
 * The pane of what a task or a group holds. The feed is asked once when the pane opens and
 * with each `r`; the answer is kept until then. Nothing is read at any other time.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/held.h"
#include "tui/tasks.h"
#include "tui/told.h"
#include "tui/views.h"

/* Lines below the list, about the line under the cursor. */
#define DETAIL_LEAST 2
#define DETAIL_MOST  6
#define DETAIL_FROM  12 /* height of the body */

static int holds_init(struct tui *t, void *ctx)
{
	struct held_view *v = ctx;

	(void)t;
	lines_init(&v->lines);
	arena_init(&v->arena, 0);
	return 0;
}

static void forget(struct held_view *v)
{
	arena_release(&v->arena);
	arena_init(&v->arena, 0);
	v->common = NULL;
	v->task = NULL;
	snapshot_unref(v->snapshot);
	v->snapshot = NULL;
}

static void holds_release(void *ctx)
{
	struct held_view *v = ctx;

	forget(v);
	arena_release(&v->arena);
	lines_release(&v->lines);
}

static struct holds_who who_of(const struct held_view *v, const struct snapshot *snapshot)
{
	return (struct holds_who){
		.group = groups_find(snapshot->groups, v->by, &v->group)};
}

/* Shows what the snapshot has of the group. Returns false if that is nothing. */
static bool take_group(struct tui *t, struct held_view *v, struct snapshot *snapshot)
{
	struct holds_who who = who_of(v, snapshot);
	const struct task *member = NULL;

	for (size_t i = 0; who.group && i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (!task_more(task)->holds || !holds_who_has(who, task))
			continue;
		if (!member || (task->since_ns && task->since_ns < member->since_ns))
			member = task;
	}
	if (!member)
		return false;
	snapshot_ref(snapshot);
	forget(v);
	v->snapshot = snapshot;
	v->task = member;
	v->common = holds_group_of(snapshot, who, &v->arena);
	if (v->common)
		told_add(t, v->by, &v->group, v->common, snapshot->mono_ns);
	return true;
}

static bool take_task(struct held_view *v, struct snapshot *snapshot)
{
	const struct task *task = identity_find(&v->id, snapshot);

	if (!task || !task_more(task)->holds)
		return false;
	snapshot_ref(snapshot);
	forget(v);
	v->snapshot = snapshot;
	v->task = task;
	return true;
}

static void end_wish(struct tui *t, struct held_view *v)
{
	if (v->waiting)
		t->feed.ops->holds(t->feed.ctx, NULL, 0);
	v->waiting = false;
}

static void take(struct tui *t, struct held_view *v)
{
	if (v->waiting && t->state.holds != v->request)
		return; /* it answers an older request */
	if (v->grouped ? take_group(t, v, t->snapshot) : take_task(v, t->snapshot))
		v->fresh = true;
	end_wish(t, v);
}

static void ask_list(struct tui *t, struct held_view *v, const struct holds_wish *list,
		     size_t nr)
{
	v->waiting = nr > 0;
	v->request = t->feed.ops->holds(t->feed.ctx, nr > 0 ? list : NULL, nr);
	/* The answer is a new snapshot, so even a paused view takes one. */
	t->step = t->paused;
	t->step_after_ns = t->clock_ns;
}

/* Asks for what the task or the members of the group hold. */
static void ask(struct tui *t, struct held_view *v)
{
	static struct holds_wish list[HOLDS_ASK_MAX];
	const struct task *task;
	const char *why;
	size_t nr;

	if (!t->snapshot || !v->set)
		return;
	if (t->snapshot->target.replay) {
		take(t, v);
		return;
	}
	if (!holds_possible(t->snapshot, &why) || t->snapshot->target.ended)
		return;
	if (v->grouped) {
		struct holds_who who = who_of(v, t->snapshot);

		nr = who.group
			     ? holds_group_ask(t->snapshot, who, list, &v->asked, &v->all)
			     : 0;
		ask_list(t, v, list, nr);
		return;
	}
	task = identity_find(&v->id, t->snapshot);
	if (!task || !holds_can(task))
		return;
	list[0] = holds_wish_of(task);
	ask_list(t, v, list, 1);
}

static void holds_update(struct tui *t, void *ctx)
{
	struct held_view *v = ctx;

	if (!v->set)
		return;
	if (!t->snapshot) { /* another target */
		forget(v);
		v->set = v->waiting = false;
		if (t->view == VIEW_HOLDS)
			tui_switch(t, v->from);
		return;
	}
	if (v->waiting || (t->snapshot->target.replay && t->view == VIEW_HOLDS))
		take(t, v);
	if (v->waiting && t->paused) {
		t->step = true;
		t->step_after_ns = t->snapshot->mono_ns;
	}
}

static void name_group(struct held_view *v, const struct group *group)
{
	const struct frame *frame = stack_top_frame(
		group->by == GROUP_CREATOR ? group->created_by : group->stack);

	if (group->by == GROUP_LABEL)
		snprintf(v->name, sizeof(v->name), "with the label %.100s=%.150s",
			 group->label_key, group->label_text);
	else if (group->by == GROUP_STATE)
		snprintf(v->name, sizeof(v->name), "in %s",
			 state_info(group->state)->name);
	else
		snprintf(v->name, sizeof(v->name), "%s %.250s",
			 group->by == GROUP_CREATOR ? "created by" : "in",
			 frame && frame->function ? frame->function : "an unknown place");
}

static void holds_open(struct tui *t, void *ctx, const struct request *request)
{
	struct held_view *v = ctx;

	if (t->view != VIEW_HELP && t->view != VIEW_HOLDS)
		v->from = t->view;
	forget(v);
	v->set = true;
	v->grouped = request->group != NULL;
	v->id = request->task;
	if (request->group) {
		v->by = request->group->by;
		v->group = group_identify(request->group);
		name_group(v, request->group);
	}
	lines_go_home(&v->lines);
	ask(t, v);
}

static void holds_leave(struct tui *t, void *ctx)
{
	end_wish(t, ctx);
}

static void holds_enter(struct tui *t, void *ctx)
{
	struct held_view *v = ctx;

	if (v->set && !v->snapshot && !v->waiting)
		ask(t, v);
}

static bool holds_has(struct tui *t, void *ctx, size_t line,
		      const struct pattern *pattern)
{
	(void)t;
	return held_line_has(ctx, line, pattern);
}

static struct lines *holds_lines(void *ctx)
{
	return &((struct held_view *)ctx)->lines;
}

static bool holds_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct held_view *v = ctx;

	(void)key;
	if (lines_move(&v->lines, action, t->body.height))
		return true;
	switch (action) {
	case ACTION_REFRESH:
		ask(t, v);
		return t->snapshot && !t->snapshot->target.replay;
	case ACTION_HOLDS:
	case ACTION_BACK:
	case ACTION_QUIT:
		tui_switch(t, v->from);
		return true;
	default:
		return false;
	}
}

/* Moves to the first thing. */
static void find_first(struct held_view *v)
{
	for (size_t line = 0; line < v->lines.count; line++) {
		if (v->lines.list[line].command == 0)
			continue;
		lines_move_to(&v->lines, (long)line);
		return;
	}
}

static void holds_draw(struct tui *t, void *ctx, struct area body)
{
	struct held_view *v = ctx;
	struct area list = body, detail = body;

	held_build(t, v, body.width);
	if (v->fresh && v->lines.at == 0 && v->nr_helds > 0)
		find_first(v);
	v->fresh = false;
	if (body.height >= DETAIL_FROM && v->nr_helds > 0) {
		detail.height = body.height / 7;
		if (detail.height < DETAIL_LEAST)
			detail.height = DETAIL_LEAST;
		if (detail.height > DETAIL_MOST)
			detail.height = DETAIL_MOST;
		list.height -= detail.height + 1;
		detail.y += list.height + 1;
		held_draw_detail(t, v, detail);
	}
	lines_draw(&v->lines, list);
}

static void holds_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct held_view *v = ctx;

	(void)x;
	(void)twice;
	lines_click(&v->lines, y - t->body.y);
}

static void holds_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct held_view *v = ctx;

	(void)t;
	snprintf(out, size, "line %zu of %zu", v->lines.at + 1, v->lines.count);
}

static const struct search_ops holds_search = {.lines = holds_lines, .has = holds_has};

const struct view view_holds = {
	.name = "holds",
	.keys = IN_HOLDS,
	.header = true,
	.ctx_size = sizeof(struct held_view),
	.init = holds_init,
	.release = holds_release,
	.open = holds_open,
	.enter = holds_enter,
	.leave = holds_leave,
	.update = holds_update,
	.draw = holds_draw,
	.act = holds_act,
	.click = holds_click,
	.search = &holds_search,
	.status = holds_status,
};
