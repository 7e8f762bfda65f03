/* SPDX-License-Identifier: MIT */
/*
 * A key that moves the cursor costs the same with ten rows and with a million: what
 * searches all tasks, or reads a file, is done with the next snapshot or when the cursor
 * rests. Until then what the row itself knows is shown.
 */
#include "tui/preview_page.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define REST_NS          (150 * CLOCK_MS_NS)
#define SEARCHED_AT_ONCE 4096 /* tasks that are searched with every key */

void preview_page_init(struct preview_page *p)
{
	detail_init(&p->detail);
	group_page_init(&p->group);
}

void preview_page_release(struct preview_page *p)
{
	detail_release(&p->detail);
	group_page_release(&p->group);
}

void preview_page_forget(struct preview_page *p)
{
	detail_forget(&p->detail);
	group_page_forget(&p->group);
	p->what = PREVIEW_NOTHING;
}

/* The cursor has come to another row. */
static void move(struct tui *t, struct preview_page *p, struct lines *lines)
{
	p->stepped = t->clock_ns - p->moved_ns >= REST_NS;
	p->moved_ns = t->clock_ns;
	lines_go_home(lines);
}

/* Returns whether the cursor rests; if not, the next frame is drawn when it does. */
static bool rests(struct tui *t, const struct preview_page *p)
{
	int64_t due_ns = p->moved_ns + REST_NS;

	if (t->clock_ns < due_ns && due_ns < t->wake_ns)
		t->wake_ns = due_ns;
	return t->clock_ns >= due_ns;
}

static void follow_task(struct tui *t, struct preview_page *p,
			const struct subject *subject)
{
	struct detail *d = &p->detail;
	struct identity id = identity_of(subject->task);
	bool same = p->what == PREVIEW_TASK && d->id.set && identity_same(&d->id, &id);

	if (!same) {
		group_page_forget(&p->group);
		move(t, p, &d->lines);
	}
	if (!same || d->snapshot != subject->snapshot) {
		detail_show(t, d, subject->snapshot, subject->task);
		d->ended = subject->task->flags & TASK_GONE;
	}
	p->what = PREVIEW_TASK;
	tui_focus(t, &id);
	if (d->others != t->snapshot && t->snapshot &&
	    (t->snapshot->nr_tasks <= SEARCHED_AT_ONCE || rests(t, p)))
		detail_find_others(d, t->snapshot);
}

static void follow_group(struct tui *t, struct preview_page *p,
			 const struct subject *subject)
{
	struct group_page *page = &p->group;
	struct group_identity identity = group_identify(subject->group);
	bool same = p->what == PREVIEW_GROUP && page->set &&
		    page->by == subject->group->by &&
		    group_identity_same(&page->identity, &identity);

	if (!same) {
		detail_forget(&p->detail);
		move(t, p, &page->lines);
	}
	if (!same || page->snapshot != t->snapshot || page->gone != subject->gone)
		group_page_show(page, t->snapshot, subject->group, subject->gone);
	p->what = PREVIEW_GROUP;
	tui_focus(t, NULL);
}

void preview_page_build(struct tui *t, struct preview_page *p,
			const struct subject *subject, const struct brief *brief,
			bool full)
{
	struct brief now = *brief;

	if (subject->task) {
		follow_task(t, p, subject);
		now.read = rests(t, p) || p->stepped;
		now.alike = subject->alike[0] != '\0' ? subject->alike : NULL;
		if (full)
			detail_build(t, &p->detail, now.alike, brief->width);
		else
			detail_build_brief(t, &p->detail, &now);
	} else if (subject->group && t->snapshot) {
		follow_group(t, p, subject);
		now.read = rests(t, p) || p->stepped;
		if (full && !p->group.searched && rests(t, p))
			group_page_search(&p->group);
		if (full)
			group_page_build(t, &p->group, brief->width, brief->height);
		else
			group_page_build_brief(t, &p->group, &now);
	} else {
		preview_page_forget(p);
		tui_focus(t, NULL);
	}
}

struct lines *preview_page_lines(struct preview_page *p)
{
	return p->what == PREVIEW_TASK    ? &p->detail.lines
	       : p->what == PREVIEW_GROUP ? &p->group.lines
					  : NULL;
}

const char *preview_page_title(const struct tui *t, const struct preview_page *p,
			       char out[COLUMN_TEXT_MAX], enum role *role)
{
	const struct task *task = p->detail.task;
	const struct group *group = &p->group.group;
	char id[TASK_ID_MAX];

	*role = ROLE_STRONG;
	if (p->what == PREVIEW_GROUP) {
		if (group->verdict >= VERDICT_LEAK && !p->group.gone)
			*role = ROLE_STUCK;
		return group_page_name(t, group, out);
	}
	if (p->what == PREVIEW_NOTHING || !task)
		return "";
	if (task->flags & (TASK_STUCK | TASK_DEADLOCK | TASK_UNREACHABLE))
		*role = ROLE_STUCK;
	else if (task->flags & TASK_LONG)
		*role = ROLE_WARN;
	snprintf(out, COLUMN_TEXT_MAX, "%s  %s", task_format_short_id(task, id),
		 task->name);
	return out;
}
