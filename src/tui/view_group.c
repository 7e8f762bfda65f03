/* SPDX-License-Identifier: MIT */
/* The view of one group. It keeps the last snapshot that has the group. */
#include <stdio.h>

#include "tui/group_page.h"
#include "tui/views.h"

static int group_init(struct tui *t, void *ctx)
{
	(void)t;
	group_page_init(ctx);
	return 0;
}

static void group_release(void *ctx)
{
	group_page_release(ctx);
}

static void group_update(struct tui *t, void *ctx)
{
	struct group_page *v = ctx;
	const struct group *group;

	if (!v->set)
		return;
	if (!t->snapshot) { /* another target */
		group_page_forget(v);
		if (t->view == VIEW_GROUP)
			tui_switch(t, VIEW_GROUPS);
		return;
	}
	group = groups_find(t->snapshot->groups, v->by, &v->identity);
	v->gone = !group;
	if (!group)
		return;
	group_page_show(v, t->snapshot, group, false);
	group_page_search(v);
}

static void group_open(struct tui *t, void *ctx, const struct request *request)
{
	struct group_page *v = ctx;

	/* No snapshot that still exists has tasks of a group that is gone. */
	group_page_show(v, t->snapshot, request->group, true);
	lines_go_home(&v->lines);
	group_update(t, v);
}

static void group_draw(struct tui *t, void *ctx, struct area body)
{
	struct group_page *v = ctx;

	group_page_build(t, v, body.width, body.height);
	lines_draw(&v->lines, body);
}

static bool group_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct group_page *v = ctx;

	(void)key;
	if (lines_move(&v->lines, action, t->body.height))
		return true;
	switch (action) {
	case ACTION_OPEN:
		group_page_open_line(t, v);
		return true;
	case ACTION_ACKNOWLEDGE:
		if (v->gone)
			tui_say(t, ROLE_WARN,
				"the group is gone: there is nothing to acknowledge");
		else
			group_acknowledge(t, &v->group);
		return true;
	case ACTION_COPY:
		lines_copy(t, &v->lines);
		return true;
	case ACTION_HOLDS:
		if (v->gone)
			tui_say(t, ROLE_WARN, "the group is gone");
		else
			tui_open_group_holds(t, &v->group);
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
	if (lines_click(&v->lines, y - t->body.y) && twice)
		group_page_open_line(t, v);
}

static void group_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct group_page *v = ctx;

	(void)t;
	snprintf(out, size, "line %zu of %zu", v->lines.at + 1, v->lines.count);
}

static struct lines *group_lines(void *ctx)
{
	return &((struct group_page *)ctx)->lines;
}

static const struct search_ops group_search = {.lines = group_lines};

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
	.search = &group_search,
	.status = group_status,
};
