/* SPDX-License-Identifier: MIT */
/* While paused, the snapshot stays; the feed's state is updated nevertheless. */
#include "tui/current.h"

#include <string.h>

#include "base/clock.h"
#include "tui/marks.h"
#include "tui/prove.h"

void tui_drop_snapshot(struct tui *t)
{
	snapshot_unref(t->snapshot);
	t->snapshot = NULL;
	t->nr_trend = 0;
	t->paused = false;
	memset(&t->state, 0, sizeof(t->state));
	marks_clear(&t->marks);
	t->changes_only = false;
	tui_update_views(t);
}

static void add_trend(struct tui *t, uint32_t tasks)
{
	if (t->nr_trend == TREND_MAX) {
		memmove(t->trend, t->trend + 1, sizeof(t->trend) - sizeof(t->trend[0]));
		t->nr_trend--;
	}
	t->trend[t->nr_trend++] = tasks;
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
	proving = t->snapshot ? t->snapshot->proving : (struct proving){0};
	snapshot_unref(t->snapshot);
	t->snapshot = snapshot;
	prove_update(t, &proving);
	t->step = false;
	if (t->paused)
		t->now_ns = snapshot->mono_ns;
	add_trend(t, snapshot->counts.tasks);
	marks_start(&t->marks, t->snapshot);
	tui_update_views(t);
	return true;
}
