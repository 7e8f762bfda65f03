/* SPDX-License-Identifier: MIT */
/* One table with the function for each action. */
#include "tui/actions.h"

#include "base/array.h"
#include "base/clock.h"
#include "tui/current.h"
#include "tui/marks.h"
#include "tui/prove.h"
#include "tui/recording.h"

static void change_interval(struct tui *t, enum action action)
{
	static const int64_t steps_ms[] = {10,    20,    50,     100,    200,
					   500,   1000,  2000,   5000,   10000,
					   30000, 60000, 300000, 3600000};
	size_t count = ARRAY_COUNT(steps_ms);
	int64_t interval = t->settings.interval_ns;
	bool slower = action == ACTION_SLOWER;
	char text[CLOCK_DURATION_MAX];

	for (size_t i = 0; i < count; i++) {
		int64_t step = steps_ms[slower ? i : count - 1 - i] * CLOCK_MS_NS;

		if (slower ? step > interval : step < interval) {
			interval = step;
			break;
		}
	}
	t->settings.interval_ns = interval;
	t->feed.ops->set_interval(t->feed.ctx, interval);
	tui_say(t, ROLE_NORMAL, "samples every %s",
		clock_format_duration(interval, text));
}

static void write_dump(struct tui *t, enum action action)
{
	char path[512];
	struct err e = {0};

	(void)action;
	if (!t->snapshot)
		tui_say(t, ROLE_WARN, "there is no snapshot to write yet");
	else if (t->feed.ops->write_dump(t->feed.ctx, t->snapshot, path, sizeof(path),
					 &e) != 0)
		tui_say(t, ROLE_ERROR, "not written: %s", e.text);
	else
		tui_say(t, ROLE_GOOD, "written to %s", path);
}

static void save_settings(struct tui *t, enum action action)
{
	char path[512];
	struct err e = {0};

	(void)action;
	if (!t->options->save)
		tui_say(t, ROLE_WARN, "the settings cannot be saved here");
	else if (t->options->save(t->options->save_ctx, &t->settings, path, sizeof(path),
				  &e))
		tui_say(t, ROLE_ERROR, "not saved: %s", e.text);
	else
		tui_say(t, ROLE_GOOD, "settings saved to %s", path);
}

/* Plays or pauses a recording; for all other targets pauses the view. */
static void pause_or_play(struct tui *t, enum action action)
{
	if (recording_act(t, action))
		return;
	t->paused = !t->paused;
	t->step = false;
	if (!t->paused) {
		tui_tick(t);
		tui_take(t);
	}
}

static void refresh_now(struct tui *t, enum action action)
{
	(void)action;
	t->step = t->paused;
	t->step_after_ns = t->clock_ns;
	t->feed.ops->refresh(t->feed.ctx);
}

static void go_back(struct tui *t, enum action action)
{
	bool quit = action == ACTION_QUIT;

	switch (t->view) {
	case VIEW_TASKS:
		t->quit = quit;
		break;
	case VIEW_PROCESSES: /* without a target there is nothing to return to */
		if (t->state.polls > 0 || t->snapshot || !t->options->choose)
			tui_switch(t, VIEW_TASKS);
		else
			t->quit = quit;
		break;
	case VIEW_HELP:
		tui_switch(t, t->before);
		break;
	default:
		tui_switch(t, VIEW_TASKS);
		break;
	}
}

static void toggle_help(struct tui *t, enum action action)
{
	if (t->view == VIEW_HELP)
		go_back(t, action);
	else
		tui_switch(t, VIEW_HELP);
}

/* Returns true, and says what to do, if the user has not chosen a process yet. */
static bool is_process_missing(struct tui *t)
{
	if (t->snapshot || !t->options->choose || t->state.polls > 0)
		return false;
	tui_say(t, ROLE_WARN, "choose a process first: Enter watches it");
	return true;
}

static void show_tasks(struct tui *t, enum action action)
{
	(void)action;
	if (t->view == VIEW_PROCESSES || t->view == VIEW_HELP)
		t->before = VIEW_TASKS;
	if (!is_process_missing(t))
		tui_switch(t, VIEW_TASKS);
}

static void show_processes(struct tui *t, enum action action)
{
	(void)action;
	if (t->snapshot && t->snapshot->nr_members > 0 && t->view != VIEW_PROCESSES)
		tui_switch(t, VIEW_MEMBERS);
	else
		tui_switch(t, VIEW_PROCESSES);
}

/* If the view is shown already, returns to the tasks. */
static void toggle_view(struct tui *t, enum action action)
{
	enum view_id view = action == ACTION_GROUPS  ? VIEW_GROUPS
			    : action == ACTION_WAITS ? VIEW_WAITS
						     : VIEW_RESOURCES;

	if (!is_process_missing(t) && (t->snapshot || t->state.polls > 0))
		tui_switch(t, t->view == view ? VIEW_TASKS : view);
}

static void move_in_recording(struct tui *t, enum action action)
{
	recording_act(t, action);
}

static void toggle_recording(struct tui *t, enum action action)
{
	(void)action;
	recorder_toggle(t);
}

static void toggle_proof(struct tui *t, enum action action)
{
	(void)action;
	prove_toggle(t);
}

static void repaint(struct tui *t, enum action action)
{
	(void)action;
	terminal_repaint(&t->terminal);
}

void actions_run(struct tui *t, enum action action)
{
	static void (*const table[ACTION_COUNT])(struct tui * t, enum action action) = {
		[ACTION_HELP] = toggle_help,
		[ACTION_TASKS] = show_tasks,
		[ACTION_PROCESSES] = show_processes,
		[ACTION_GROUPS] = toggle_view,
		[ACTION_WAITS] = toggle_view,
		[ACTION_RESOURCES] = toggle_view,
		[ACTION_BACK] = go_back,
		[ACTION_QUIT] = go_back,
		[ACTION_MARK] = marks_act,
		[ACTION_NEXT_MARK] = marks_act,
		[ACTION_CHANGES] = marks_act,
		[ACTION_RECORD] = toggle_recording,
		[ACTION_PROVE] = toggle_proof,
		[ACTION_PAUSE] = pause_or_play,
		[ACTION_REFRESH] = refresh_now,
		[ACTION_SLOWER] = change_interval,
		[ACTION_FASTER] = change_interval,
		[ACTION_STEP_BACK] = move_in_recording,
		[ACTION_STEP_ON] = move_in_recording,
		[ACTION_JUMP_BACK] = move_in_recording,
		[ACTION_JUMP_ON] = move_in_recording,
		[ACTION_PLAY_SLOWER] = move_in_recording,
		[ACTION_PLAY_FASTER] = move_in_recording,
		[ACTION_GO_TO] = move_in_recording,
		[ACTION_DUMP] = write_dump,
		[ACTION_SAVE] = save_settings,
		[ACTION_REPAINT] = repaint,
	};

	if (table[action])
		table[action](t, action);
}
