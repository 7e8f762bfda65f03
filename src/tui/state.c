/* SPDX-License-Identifier: MIT */
#include "tui/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define MESSAGE_NS (6 * CLOCK_SECOND_NS)
#define FRAME_NS   (CLOCK_SECOND_NS / 4) /* the smallest step in which ages grow */

static void leave_request(struct tui *t, const struct request *request)
{
	snapshot_unref(t->request.gone);
	t->request = *request;
	t->request.set = true;
}

void tui_switch(struct tui *t, enum view_id view)
{
	leave_request(t, &(struct request){.view = view});
}

void tui_open_task(struct tui *t, const struct task *task)
{
	leave_request(t, &(struct request){.view = VIEW_DETAIL,
					   .names_something = true,
					   .task = identity_of(task)});
}

void tui_open_gone_task(struct tui *t, struct snapshot *snapshot)
{
	leave_request(t, &(struct request){.view = VIEW_DETAIL,
					   .names_something = true,
					   .gone = snapshot});
}

void tui_open_group(struct tui *t, const struct group *group)
{
	leave_request(t, &(struct request){.view = VIEW_GROUP,
					   .names_something = true,
					   .group = group});
}

void tui_open_holds(struct tui *t, const struct task *task)
{
	leave_request(t, &(struct request){.view = VIEW_HOLDS,
					   .names_something = true,
					   .task = identity_of(task)});
}

void tui_open_group_holds(struct tui *t, const struct group *group)
{
	leave_request(t, &(struct request){.view = VIEW_HOLDS,
					   .names_something = true,
					   .group = group});
}

void tui_open_warning(struct tui *t, enum view_id view, const struct warning *warning)
{
	leave_request(t, &(struct request){.view = view,
					   .names_something = true,
					   .warning = warning});
}

void tui_choose_process(struct tui *t, pid_t pid)
{
	leave_request(t, &(struct request){.view = VIEW_PROCESSES,
					   .names_something = true,
					   .pid = pid});
}

void tui_focus(struct tui *t, const struct identity *task)
{
	struct identity none = {.set = false};
	const struct identity *to = task ? task : &none;

	if (identity_same(to, &t->focus) || (!to->set && !t->focus.set))
		return;
	t->focus = *to;
	t->feed.ops->focus(t->feed.ctx, to->kind, to->id, to->serial);
}

void tui_update_views(struct tui *t)
{
	for (int i = 0; i < VIEW_COUNT; i++)
		if (t->views[i]->update)
			t->views[i]->update(t, t->ctx[i]);
}

void tui_say(struct tui *t, enum role role, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->message.text, sizeof(t->message.text), format, args);
	va_end(args);
	t->message.role = role;
	t->message.until_ns = t->clock_ns + MESSAGE_NS;
	t->message.of_key = t->in_key;
}

/* The text of an age changes with its last digit, see clock_format_duration(). */
void tui_shows_age(struct tui *t, int64_t age_ns)
{
	int64_t step = age_ns < 60 * CLOCK_SECOND_NS     ? FRAME_NS
		       : age_ns < 3600 * CLOCK_SECOND_NS ? CLOCK_SECOND_NS
							 : 60 * CLOCK_SECOND_NS;
	int64_t wake = t->clock_ns + step - (step == FRAME_NS ? 0 : age_ns % step);

	if (age_ns >= 0 && t->now_ns == t->clock_ns && wake < t->wake_ns)
		t->wake_ns = wake;
}
