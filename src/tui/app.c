/* SPDX-License-Identifier: MIT */
/* Dispatches keys and clicks, selects the view, and draws the frame around it. No curses
 * here. */
#include "tui/app.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tui/actions.h"
#include "tui/current.h"
#include "tui/footer.h"
#include "tui/header.h"
#include "tui/preview.h"
#include "tui/told.h"
#include "tui/views.h"

#define DOUBLE_CLICK_NS (CLOCK_SECOND_NS * 2 / 5)
#define WHEEL_ROWS      3
#define WARNINGS_HEIGHT 10 /* lower screens have no line for warnings */

static const struct view *const view_table[VIEW_COUNT] = {
	[VIEW_TASKS] = &view_tasks,         [VIEW_DETAIL] = &view_detail,
	[VIEW_PROCESSES] = &view_processes, [VIEW_HELP] = &view_help,
	[VIEW_WAITS] = &view_waits,         [VIEW_RESOURCES] = &view_resources,
	[VIEW_GROUPS] = &view_groups,       [VIEW_GROUP] = &view_group,
	[VIEW_HOLDS] = &view_holds,         [VIEW_MEMBERS] = &view_members,
};

int tui_open(struct tui *t, const struct tui_options *options, struct err *e)
{
	int rc = 0;

	memset(t, 0, sizeof(*t));
	t->options = options;
	t->views = view_table;
	t->feed = options->feed;
	t->settings = options->settings;
	t->ascii = options->settings.ascii;
	t->class = -1;
	complete_init(&t->complete);
	t->clock_ns = clock_mono_ns();
	t->now_ns = t->clock_ns;
	t->preview = preview_new();
	if (!t->preview)
		rc = err_set(e, ERR_NOMEM, "out of memory");
	if (t->settings.filter[0] != '\0')
		prompt_history_add(&t->history, t->settings.filter);
	for (int i = 0; i < VIEW_COUNT && rc == 0; i++) {
		t->ctx[i] = calloc(1, view_table[i]->ctx_size);
		if (!t->ctx[i])
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
	if (view_table[t->view]->enter)
		view_table[t->view]->enter(t, t->ctx[t->view]);
	return 0;
}

void tui_close(struct tui *t)
{
	for (int i = 0; i < VIEW_COUNT; i++) {
		search_end(&t->search[i]);
		if (t->ctx[i] && view_table[i]->release)
			view_table[i]->release(t->ctx[i]);
		free(t->ctx[i]);
		t->ctx[i] = NULL;
	}
	preview_free(t->preview);
	prompt_history_release(&t->history);
	complete_close(&t->complete);
	prompt_history_release(&t->searched);
	prompt_history_release(&t->asked);
	marks_clear(&t->marks);
	told_clear(t);
	snapshot_unref(t->request.gone);
	snapshot_unref(t->snapshot);
	t->snapshot = NULL;
}

static void show_view(struct tui *t, enum view_id view)
{
	if (view == t->view)
		return;
	if (view_table[t->view]->leave)
		view_table[t->view]->leave(t, t->ctx[t->view]);
	t->before = t->view;
	t->view = view;
	if (view_table[view]->enter)
		view_table[view]->enter(t, t->ctx[view]);
}

static void carry_out_request(struct tui *t)
{
	struct request request = t->request;
	const struct view *view = view_table[request.view];

	if (!request.set)
		return;
	memset(&t->request, 0, sizeof(t->request));
	if (request.view != t->view)
		preview_leave(t);
	if (request.names_something && view->open) {
		search_end(&t->search[request.view]);
		view->open(t, t->ctx[request.view], &request);
	}
	show_view(t, request.view);
}

static void dispatch(struct tui *t, enum action action, int key)
{
	if (!search_act(t, action) && !warnings_act(t, action) &&
	    !preview_act(t, action) &&
	    !view_table[t->view]->act(t, t->ctx[t->view], action, key))
		actions_run(t, action);
	carry_out_request(t);
}

static void take_key(struct tui *t, int key)
{
	enum action action;

	if (t->prompting) {
		tui_answer(t, key);
		return;
	}
	if (t->menu_open) {
		t->menu_open = menu_key(&t->menu, key);
		return;
	}
	action = search_is_on(t) ? key_action(key, IN_SEARCH) : ACTION_NONE;
	if (action == ACTION_NONE)
		action = key_action(key, view_table[t->view]->keys);
	if (action != ACTION_NONE)
		dispatch(t, action, key);
}

static bool is_second_click(struct tui *t, int y, int x)
{
	bool twice = y == t->click_y && x / 3 == t->click_x / 3 &&
		     t->clock_ns - t->click_ns < DOUBLE_CLICK_NS;

	t->click_y = y;
	t->click_x = x;
	t->click_ns = twice ? 0 : t->clock_ns;
	return twice;
}

static void take_click(struct tui *t, int y, int x, bool twice)
{
	const struct view *view = view_table[t->view];
	const struct area *body = &t->body;
	int class;

	if (y == 1 && view->header && (class = header_hit(t, x)) > -2)
		dispatch(t, ACTION_CLASS, '1' + class);
	else if (y == 2 && t->room.y > 2)
		warnings_click(t, x);
	else if (y >= body->y && y < body->y + body->height &&
		 x < body->x + body->width && view->click)
		view->click(t, t->ctx[t->view], y, x, twice);
}

static void take_mouse(struct tui *t, const struct input_event *event)
{
	enum mouse_event mouse = event->mouse;
	bool click = mouse == MOUSE_CLICK, up = mouse == MOUSE_WHEEL_UP;
	bool moves = mouse == MOUSE_DRAG || mouse == MOUSE_RELEASE;
	bool twice = click && is_second_click(t, event->y, event->x);

	if (t->prompting)
		return;
	if (t->menu_open) {
		if (!moves)
			t->menu_open = menu_mouse(&t->menu, mouse, event->y, event->x);
	} else if (preview_mouse(t, event, twice)) {
		carry_out_request(t);
	} else if (click) {
		take_click(t, event->y, event->x, twice);
		carry_out_request(t);
	} else if (!moves) {
		for (int i = 0; i < WHEEL_ROWS; i++)
			dispatch(t, up ? ACTION_UP : ACTION_DOWN, 0);
	}
}

void tui_input(struct tui *t, const struct input_event *event)
{
	tui_tick(t);
	if (t->message.of_key)
		t->message.until_ns = 0;
	t->in_key = true;
	switch (event->kind) {
	case INPUT_KEY:
		take_key(t, event->key);
		break;
	case INPUT_PASTED: /* text for a line that is edited; never keys */
		if (t->prompting && event->key != '\t')
			tui_answer(t, event->key);
		break;
	case INPUT_MOUSE:
		take_mouse(t, event);
		break;
	}
	t->in_key = false;
}

void tui_draw(struct tui *t)
{
	const struct view *view;
	int header_lines, lines_below;

	carry_out_request(t); /* an update may have left a request */
	view = view_table[t->view];
	draw_begin(t->ascii);
	draw_size(&t->height, &t->width);
	t->wake_ns = t->clock_ns + 3600 * CLOCK_SECOND_NS;
	if (t->message.until_ns != 0 && t->message.until_ns <= t->clock_ns)
		t->message.until_ns = 0;
	if (t->message.until_ns != 0)
		t->wake_ns = t->message.until_ns;
	else if (t->ended.until_ns > t->clock_ns)
		t->wake_ns = t->ended.until_ns;
	header_lines = !view->header || t->height < 4 ? 0 : t->height < 8 ? 1 : 2;
	if (header_lines == 2 && t->height >= WARNINGS_HEIGHT && warnings_shown(t))
		header_lines = 3;
	lines_below = t->height < 2 ? 0 : t->height < 12 ? 1 : 2;
	if (t->prompting && t->prompt_error.code != 0 && t->height >= 3)
		lines_below = 2;
	t->room = (struct area){header_lines, 0, t->height - header_lines - lines_below,
				t->width};
	preview_layout(t);
	header_draw(t, header_lines);
	if (!preview_is_alone(t)) {
		color_recede(preview_has_keys(t));
		search_mark(t, true);
		view->draw(t, t->ctx[t->view], t->body);
		search_mark(t, false);
		color_recede(false);
	}
	preview_draw(t);
	search_update(t);
	if (t->prompting)
		complete_draw(&t->complete, t->room);
	if (t->menu_open)
		menu_draw(&t->menu, t->room);
	footer_draw(t, lines_below);
	draw_end();
}
