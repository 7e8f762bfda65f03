/* SPDX-License-Identifier: MIT */
/* State of one run of the view: the picture shown, time, keys that work everywhere, and
 * the frame around the views. No curses here. */
#include "tui/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MESSAGE_NS      (6 * CLOCK_SECOND_NS)
#define DOUBLE_CLICK_NS (CLOCK_SECOND_NS * 2 / 5)
#define FRAME_NS        (CLOCK_SECOND_NS / 4) /* ages grow in these steps */

const struct view *const view_table[VIEW_COUNT] = {
	[VIEW_TASKS] = &view_tasks,         [VIEW_DETAIL] = &view_detail,
	[VIEW_PROCESSES] = &view_processes, [VIEW_HELP] = &view_help,
	[VIEW_WAITS] = &view_waits,         [VIEW_RESOURCES] = &view_resources,
	[VIEW_GROUPS] = &view_groups,       [VIEW_GROUP] = &view_group,
};

struct identity identity_of(const struct task *task)
{
	return (struct identity){true, task->kind, task->id, task->serial};
}

bool identity_is(const struct identity *identity, const struct task *task)
{
	return identity->set && identity->id == task->id &&
	       identity->kind == task->kind && identity->serial == task->serial;
}

const struct task *identity_find(const struct identity *identity,
				 const struct snapshot *snapshot)
{
	for (size_t i = 0; snapshot != NULL && i < snapshot->nr_tasks; i++)
		if (identity_is(identity, &snapshot->tasks[i]))
			return &snapshot->tasks[i];
	return NULL;
}

int tui_open(struct tui *t, const struct tui_options *options, struct err *e)
{
	int rc = 0;

	memset(t, 0, sizeof(*t));
	t->options = options;
	t->feed = options->feed;
	t->settings = options->settings;
	t->ascii = options->settings.ascii;
	t->class = -1;
	t->clock_ns = clock_mono_ns();
	t->now_ns = t->clock_ns;
	if (t->settings.filter[0] != '\0')
		prompt_history_add(&t->history, t->settings.filter);
	for (int i = 0; i < VIEW_COUNT && rc == 0; i++) {
		t->ctx[i] = calloc(1, view_table[i]->ctx_size);
		if (t->ctx[i] == NULL)
			rc = err_set(e, ERR_NOMEM, "out of memory");
		else
			rc = view_table[i]->init(t, t->ctx[i]);
	}
	if (rc != 0) {
		tui_close(t);
		return rc;
	}
	t->view = options->choose ? VIEW_PROCESSES : VIEW_TASKS;
	t->before = t->view;
	if (view_table[t->view]->enter != NULL)
		view_table[t->view]->enter(t, t->ctx[t->view]);
	return 0;
}

void tui_close(struct tui *t)
{
	for (int i = 0; i < VIEW_COUNT; i++) {
		if (t->ctx[i] != NULL && view_table[i]->release != NULL)
			view_table[i]->release(t->ctx[i]);
		free(t->ctx[i]);
		t->ctx[i] = NULL;
	}
	prompt_history_release(&t->history);
	prompt_history_release(&t->asked);
	marks_clear(&t->marks);
	snapshot_unref(t->snapshot);
	t->snapshot = NULL;
}

void tui_say(struct tui *t, enum role role, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->message.text, sizeof(t->message.text), format, args);
	va_end(args);
	t->message.role = role;
	t->message.until_ns = t->clock_ns + MESSAGE_NS;
}

void tui_drop_snapshot(struct tui *t)
{
	snapshot_unref(t->snapshot);
	t->snapshot = NULL;
	t->nr_trend = 0;
	t->paused = false;
	memset(&t->state, 0, sizeof(t->state));
	marks_clear(&t->marks);
	t->changes_only = false;
	for (int i = 0; i < VIEW_COUNT; i++)
		if (view_table[i]->update != NULL)
			view_table[i]->update(t, t->ctx[i]);
}

static void add_trend(struct tui *t, uint32_t tasks)
{
	if (t->nr_trend == TREND_MAX) {
		memmove(t->trend, t->trend + 1, sizeof(t->trend) - sizeof(t->trend[0]));
		t->nr_trend--;
	}
	t->trend[t->nr_trend++] = tasks;
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
	if (t->paused &&
	    !(t->step && snapshot != NULL && snapshot->mono_ns > t->step_after_ns)) {
		snapshot_unref(snapshot);
		return false;
	}
	news = snapshot != t->snapshot || state.status != t->state.status ||
	       strcmp(state.message, t->state.message) != 0 ||
	       state.place.count != t->state.place.count ||
	       state.place.speed != t->state.place.speed;
	t->state = state;
	if (snapshot == NULL || snapshot == t->snapshot) {
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
	for (int i = 0; i < VIEW_COUNT; i++)
		if (view_table[i]->update != NULL)
			view_table[i]->update(t, t->ctx[i]);
	return true;
}

void tui_tick(struct tui *t)
{
	t->clock_ns = clock_mono_ns();
	if (t->paused)
		return;
	t->now_ns = t->clock_ns + (t->snapshot ? t->snapshot->clock_ahead_ns : 0);
	/* A target that has ended grows no older. */
	if (t->snapshot != NULL &&
	    (t->state.status == FEED_REPLAY || t->state.status == FEED_ENDED ||
	     t->state.status == FEED_WAITING))
		t->now_ns = t->snapshot->mono_ns;
}

/* Text of an age changes with its last digit, see clock_format_duration(). */
void tui_shows_age(struct tui *t, int64_t age_ns)
{
	int64_t step = age_ns < 60 * CLOCK_SECOND_NS     ? FRAME_NS
		       : age_ns < 3600 * CLOCK_SECOND_NS ? CLOCK_SECOND_NS
							 : 60 * CLOCK_SECOND_NS;
	int64_t wake = t->clock_ns + step - (step == FRAME_NS ? 0 : age_ns % step);

	if (age_ns >= 0 && t->now_ns == t->clock_ns && wake < t->wake_ns)
		t->wake_ns = wake;
}

void tui_switch(struct tui *t, enum view_id view)
{
	if (view == t->view)
		return;
	if (view_table[t->view]->leave != NULL)
		view_table[t->view]->leave(t, t->ctx[t->view]);
	t->before = t->view;
	t->view = view;
	if (view_table[view]->enter != NULL)
		view_table[view]->enter(t, t->ctx[view]);
}

void tui_prompt(struct tui *t, const char *text)
{
	prompt_start(&t->prompt, text, &t->history);
	memset(&t->prompt_error, 0, sizeof(t->prompt_error));
	t->prompting = true;
	t->prompt_label = "filter: ";
	t->prompt_hint = "Enter keeps  Esc restores  up and down recall";
	t->prompt_typed = NULL;
}

void tui_ask(struct tui *t, const char *label, const char *hint,
	     bool (*typed)(struct tui *t, const char *text, bool accepted, struct err *e))
{
	tui_prompt(t, "");
	prompt_start(&t->prompt, "", &t->asked);
	t->prompt_label = label;
	t->prompt_hint = hint;
	t->prompt_typed = typed;
}

static bool prompt_is_good(struct tui *t, enum prompt_result result)
{
	const struct view *view = view_table[t->view];

	if (t->prompt_typed != NULL)
		return result == PROMPT_CANCELLED ||
		       t->prompt_typed(t, t->prompt.text, result == PROMPT_ACCEPTED,
				       &t->prompt_error);
	return view->typed(t, t->ctx[t->view], t->prompt.text, &t->prompt_error);
}

static void prompt_input(struct tui *t, int key)
{
	enum prompt_result result = prompt_key(&t->prompt, key);

	if (result == PROMPT_OPEN)
		return;
	memset(&t->prompt_error, 0, sizeof(t->prompt_error));
	if (!prompt_is_good(t, result) && result == PROMPT_ACCEPTED)
		return; /* stays open until the text is good, or Esc */
	t->prompting = result == PROMPT_CHANGED;
}

static void change_interval(struct tui *t, bool slower)
{
	static const int64_t steps_ms[] = {10,    20,    50,     100,    200,
					   500,   1000,  2000,   5000,   10000,
					   30000, 60000, 300000, 3600000};
	size_t count = sizeof(steps_ms) / sizeof(steps_ms[0]);
	int64_t interval = t->settings.interval_ns;
	char text[CLOCK_DURATION_MAX];

	for (size_t i = 0; i < count; i++) {
		int64_t step = steps_ms[slower ? i : count - 1 - i] * 1000000;

		if (slower ? step > interval : step < interval) {
			interval = step;
			break;
		}
	}
	t->settings.interval_ns = interval;
	t->feed.ops->set_interval(t->feed.ctx, interval);
	tui_say(t, ROLE_NORMAL, "polls every %s", clock_format_duration(interval, text));
}

static void write_dump(struct tui *t)
{
	char path[512];
	struct err e = {0};

	if (t->snapshot == NULL)
		tui_say(t, ROLE_WARN, "there is no picture to write yet");
	else if (t->feed.ops->write_dump(t->feed.ctx, t->snapshot, path, sizeof(path),
					 &e) != 0)
		tui_say(t, ROLE_ERROR, "not written: %s", e.text);
	else
		tui_say(t, ROLE_GOOD, "written to %s", path);
}

static void save_settings(struct tui *t)
{
	char path[512];
	struct err e = {0};

	if (t->options->save == NULL)
		tui_say(t, ROLE_WARN, "there is no place to save settings to");
	else if (t->options->save(t->options->save_ctx, &t->settings, path, sizeof(path),
				  &e))
		tui_say(t, ROLE_ERROR, "not saved: %s", e.text);
	else
		tui_say(t, ROLE_GOOD, "settings saved to %s", path);
}

static void toggle_pause(struct tui *t)
{
	t->paused = !t->paused;
	t->step = false;
	if (!t->paused) {
		tui_tick(t);
		tui_take(t);
	}
}

static void refresh_now(struct tui *t)
{
	t->step = t->paused;
	t->step_after_ns = t->clock_ns;
	t->feed.ops->refresh(t->feed.ctx);
}

static void go_back(struct tui *t, bool quit)
{
	switch (t->view) {
	case VIEW_TASKS:
		t->quit = quit;
		break;
	case VIEW_PROCESSES: /* without a target there is nothing to go back to */
		if (t->state.polls > 0 || t->snapshot != NULL || !t->options->choose)
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

void tui_act(struct tui *t, enum action action, int key)
{
	if (view_table[t->view]->act(t, t->ctx[t->view], action, key))
		return;
	switch (action) {
	case ACTION_HELP:
		if (t->view == VIEW_HELP)
			go_back(t, false);
		else
			tui_switch(t, VIEW_HELP);
		break;
	case ACTION_TASKS:
		if (t->view == VIEW_PROCESSES || t->view == VIEW_HELP)
			t->before = VIEW_TASKS;
		if (t->snapshot == NULL && t->options->choose && t->state.polls == 0)
			tui_say(t, ROLE_WARN, "choose a process first: Enter watches it");
		else
			tui_switch(t, VIEW_TASKS);
		break;
	case ACTION_GROUPS:
		if (t->snapshot != NULL || t->state.polls > 0)
			tui_switch(t, t->view == VIEW_GROUPS ? VIEW_TASKS : VIEW_GROUPS);
		break;
	case ACTION_MARK:
	case ACTION_NEXT_MARK:
	case ACTION_CHANGES:
		marks_act(t, action);
		break;
	case ACTION_RECORD:
		recorder_toggle(t);
		break;
	case ACTION_PROVE:
		prove_toggle(t);
		break;
	case ACTION_WAITS:
		if (t->snapshot != NULL || t->state.polls > 0)
			tui_switch(t, t->view == VIEW_WAITS ? VIEW_TASKS : VIEW_WAITS);
		break;
	case ACTION_RESOURCES:
		if (t->snapshot != NULL || t->state.polls > 0)
			tui_switch(t, t->view == VIEW_RESOURCES ? VIEW_TASKS
								: VIEW_RESOURCES);
		break;
	case ACTION_PROCESSES:
		tui_switch(t, VIEW_PROCESSES);
		break;
	case ACTION_PAUSE:
		if (!recording_act(t, action))
			toggle_pause(t);
		break;
	case ACTION_REFRESH:
		refresh_now(t);
		break;
	case ACTION_SLOWER:
	case ACTION_FASTER:
		change_interval(t, action == ACTION_SLOWER);
		break;
	case ACTION_STEP_BACK:
	case ACTION_STEP_ON:
	case ACTION_JUMP_BACK:
	case ACTION_JUMP_ON:
	case ACTION_PLAY_SLOWER:
	case ACTION_PLAY_FASTER:
	case ACTION_GO_TO:
		recording_act(t, action);
		break;
	case ACTION_DUMP:
		write_dump(t);
		break;
	case ACTION_SAVE:
		save_settings(t);
		break;
	case ACTION_REPAINT:
		terminal_repaint(&t->terminal);
		break;
	case ACTION_BACK:
	case ACTION_QUIT:
		go_back(t, action == ACTION_QUIT);
		break;
	default:
		break;
	}
}

void tui_key(struct tui *t, int key)
{
	enum action action;

	tui_tick(t);
	if (t->prompting) {
		prompt_input(t, key);
		return;
	}
	if (t->menu_open) {
		t->menu_open = menu_key(&t->menu, key);
		return;
	}
	action = key_action(key, view_table[t->view]->keys);
	if (action != ACTION_NONE)
		tui_act(t, action, key);
}

void tui_mouse(struct tui *t, enum mouse_event event, int y, int x)
{
	const struct view *view = view_table[t->view];
	bool twice;
	int class;

	tui_tick(t);
	if (t->prompting || t->menu_open || event == MOUSE_NONE)
		return;
	if (event != MOUSE_CLICK) {
		for (int i = 0; i < 3; i++)
			tui_act(t, event == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN, 0);
		return;
	}
	twice = y == t->click_y && x / 3 == t->click_x / 3 &&
		t->clock_ns - t->click_ns < DOUBLE_CLICK_NS;
	t->click_y = y;
	t->click_x = x;
	t->click_ns = twice ? 0 : t->clock_ns;
	if (y == 1 && view->header && (class = header_hit(t, x)) > -2)
		tui_act(t, ACTION_CLASS, '1' + class);
	else if (y >= t->body.y && y < t->body.y + t->body.height && view->click != NULL)
		view->click(t, t->ctx[t->view], y, x, twice);
}

void tui_draw(struct tui *t)
{
	const struct view *view = view_table[t->view];
	int header_lines, lines_below;

	draw_begin(t->ascii);
	draw_size(&t->height, &t->width);
	t->wake_ns = t->clock_ns + 3600 * CLOCK_SECOND_NS;
	if (t->message.until_ns != 0 && t->message.until_ns <= t->clock_ns)
		t->message.until_ns = 0;
	if (t->message.until_ns != 0)
		t->wake_ns = t->message.until_ns;
	header_lines = !view->header || t->height < 4 ? 0 : t->height < 8 ? 1 : 2;
	lines_below = t->height < 2 ? 0 : t->height < 12 ? 1 : 2;
	if (t->prompting && t->prompt_error.code != 0 && t->height >= 3)
		lines_below = 2;
	t->body = (struct area){header_lines, 0, t->height - header_lines - lines_below,
				t->width};
	header_draw(t, header_lines);
	view->draw(t, t->ctx[t->view], t->body);
	if (t->menu_open)
		menu_draw(&t->menu, t->body);
	footer_draw(t, lines_below);
	draw_end();
}
