/* SPDX-License-Identifier: MIT */
/* While paused, the snapshot stays; the feed's state is updated nevertheless. */
#include "tui/current.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/marks.h"
#include "tui/preview.h"
#include "tui/prove.h"
#include "tui/told.h"

#define ENDED_NS (10 * CLOCK_SECOND_NS)

void tui_drop_snapshot(struct tui *t)
{
	snapshot_unref(t->snapshot);
	t->snapshot = NULL;
	memset(&t->focus, 0, sizeof(t->focus)); /* the feed has none for another target */
	t->paused = false;
	t->member = 0;
	t->ended.until_ns = 0;
	memset(&t->state, 0, sizeof(t->state));
	marks_clear(&t->marks);
	told_clear(t);
	t->changes_only = false;
	preview_update(t);
	t->warnings.count = 0;
	warnings_update(t);
	tui_update_views(t);
}

void tui_tick(struct tui *t)
{
	t->clock_ns = clock_mono_ns();
	if (t->paused)
		return;
	t->now_ns = t->clock_ns + (t->snapshot ? t->snapshot->clock_ahead_ns : 0);
	/* The ages of a target that has ended stop growing. */
	if (t->snapshot &&
	    (t->state.status == FEED_REPLAY || t->state.status == FEED_ENDED ||
	     t->state.status == FEED_WAITING))
		t->now_ns = t->snapshot->mono_ns;
}

/* Keeps for the footer which processes of the target have ended. */
static void note_ended(struct tui *t, const struct snapshot *now)
{
	const struct snapshot *before = t->snapshot;
	struct ended *ended = &t->ended;

	if (!before || t->state.status == FEED_REPLAY)
		return;
	for (size_t i = 0; i < before->nr_members; i++) {
		const struct member_process *member = &before->members[i];

		if (snapshot_member(now, member->pid))
			continue;
		if (ended->until_ns <= t->clock_ns)
			ended->count = 0;
		ended->count++;
		ended->until_ns = t->clock_ns + ENDED_NS;
		snprintf(ended->name, sizeof(ended->name), "%.60s %d", member->name,
			 (int)member->pid);
	}
}

bool tui_take(struct tui *t)
{
	struct feed_recorder before;
	struct proving proving;
	struct feed_state state;
	struct snapshot *snapshot;
	bool news;

	memset(&state, 0, sizeof(state));
	t->feed.ops->clear(t->feed.ctx);
	snapshot = t->feed.ops->latest(t->feed.ctx, &state);
	before = t->state.recorder;
	t->state.recorder = state.recorder;
	recorder_update(t, &before);
	if (t->paused && !(t->step && snapshot && snapshot->mono_ns > t->step_after_ns)) {
		snapshot_unref(snapshot);
		return false;
	}
	news = snapshot != t->snapshot || state.status != t->state.status ||
	       strcmp(state.message, t->state.message) != 0 ||
	       state.place.count != t->state.place.count ||
	       state.place.speed != t->state.place.speed;
	t->state = state;
	if (!snapshot || snapshot == t->snapshot) {
		snapshot_unref(snapshot);
		return news;
	}
	note_ended(t, snapshot);
	proving = t->snapshot ? t->snapshot->proving : (struct proving){0};
	snapshot_unref(t->snapshot);
	t->snapshot = snapshot;
	t->taken_ns = t->clock_ns;
	prove_update(t, &proving);
	t->step = false;
	if (t->paused)
		t->now_ns = snapshot->mono_ns;
	warnings_update(t);
	marks_start(&t->marks, t->snapshot);
	tui_update_views(t);
	return true;
}
