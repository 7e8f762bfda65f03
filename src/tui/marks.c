/* SPDX-License-Identifier: MIT */
/* Handles marks and recordings, and formats their state for header and footer. */
#include "tui/marks.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

const char *mark_text(const struct tui *t, char out[MARK_TEXT_MAX])
{
	const struct mark *mark = marks_chosen(&t->marks);
	time_t seconds;
	struct tm local;
	char when[16] = "";

	out[0] = '\0';
	if (!mark)
		return out;
	seconds = (time_t)(mark->real_ns / CLOCK_SECOND_NS);
	if (localtime_r(&seconds, &local))
		strftime(when, sizeof(when), "%H:%M:%S", &local);
	if (mark->number == 0)
		snprintf(out, MARK_TEXT_MAX, "the start %s", when);
	else
		snprintf(out, MARK_TEXT_MAX, "mark %u %s", mark->number, when);
	return out;
}

void marks_act(struct tui *t, enum action action)
{
	char text[MARK_TEXT_MAX];
	struct err e = {0};

	if (!t->snapshot) {
		tui_say(t, ROLE_WARN, "there is no snapshot to compare yet");
		return;
	}
	switch (action) {
	case ACTION_MARK:
		if (marks_add(&t->marks, t->snapshot, &e) != 0)
			tui_say(t, ROLE_ERROR, "no mark: %s", e.text);
		else
			tui_say(t, ROLE_GOOD,
				"%s: d shows what changes from now on, M chooses "
				"another mark",
				mark_text(t, text));
		break;
	case ACTION_NEXT_MARK:
		marks_choose_next(&t->marks);
		tui_say(t, ROLE_NORMAL, "compared with %s, %zu of %zu; m sets a new mark",
			mark_text(t, text), t->marks.chosen + 1, t->marks.count);
		break;
	case ACTION_CHANGES:
		t->changes_only = !t->changes_only && t->marks.count > 0;
		break;
	default:
		return;
	}
	tui_update_views(t);
}

const char *recorder_text(const struct tui *t, char out[MARK_TEXT_MAX])
{
	const struct feed_recorder *recorder = &t->state.recorder;
	char size[TEXT_SIZE_MAX], span[CLOCK_DURATION_MAX];

	out[0] = '\0';
	if (recorder->on)
		snprintf(out, MARK_TEXT_MAX, " REC%s %s %s ",
			 recorder->failing ? "!" : "", text_size(recorder->bytes, size),
			 clock_format_duration((t->clock_ns - recorder->begin_ns) /
						       CLOCK_SECOND_NS * CLOCK_SECOND_NS,
					       span));
	return out;
}

void recorder_toggle(struct tui *t)
{
	bool on = !t->state.recorder.on;
	struct err e = {0};

	if (!t->feed.ops->record || !t->snapshot)
		tui_say(t, ROLE_WARN, "there is nothing to record yet");
	else if (on && t->state.status == FEED_REPLAY)
		tui_say(t, ROLE_WARN, "this is already a recording");
	else if (on && t->state.status == FEED_ENDED)
		tui_say(t, ROLE_WARN, "the target has ended: y writes its last snapshot");
	else if (t->feed.ops->record(t->feed.ctx, t->snapshot, on, &e) != 0)
		tui_say(t, ROLE_ERROR, "not recorded: %s", e.text);
}

void recorder_update(struct tui *t, const struct feed_recorder *before)
{
	const struct feed_recorder *now = &t->state.recorder;
	char size[TEXT_SIZE_MAX];

	if (now->on && !before->on)
		tui_say(t, ROLE_GOOD, "recording to %s; R stops", now->path);
	if (now->on || !before->on)
		return;
	if (now->message[0] != '\0')
		tui_say(t, ROLE_ERROR, "recording of %s ended: %s", now->path,
			now->message);
	else
		tui_say(t, ROLE_GOOD, "recorded to %s, %s", now->path,
			text_size(now->bytes, size));
}
