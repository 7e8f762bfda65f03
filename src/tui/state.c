/* SPDX-License-Identifier: MIT */
#include "tui/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define MESSAGE_NS (6 * CLOCK_SECOND_NS)
#define FRAME_NS   CLOCK_SECOND_NS     /* between two frames without a sample or a key */
#define LATE_NS    (250 * CLOCK_MS_NS) /* that a sample may take without such a frame */

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

void tui_draw_by(struct tui *t, int64_t due_ns)
{
	int64_t first_ns = t->taken_ns + LATE_NS;
	int64_t frames = (due_ns - first_ns + FRAME_NS - 1) / FRAME_NS;
	int64_t wake_ns = first_ns + (frames > 1 ? frames : 1) * FRAME_NS;

	if (wake_ns < t->wake_ns)
		t->wake_ns = wake_ns;
}

/* An age below an hour changes with each frame, see clock_format_duration(). */
void tui_shows_age(struct tui *t, int64_t age_ns)
{
	const int64_t minute_ns = 60 * CLOCK_SECOND_NS;
	int64_t left_ns = age_ns < 60 * minute_ns ? 1 : minute_ns - age_ns % minute_ns;

	if (age_ns >= 0 && t->now_ns == t->clock_ns)
		tui_draw_by(t, t->clock_ns + left_ns);
}
