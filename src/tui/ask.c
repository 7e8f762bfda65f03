/* SPDX-License-Identifier: MIT */
/* The line that is edited at the bottom of the screen: which view asked, and which
 * function gets the answer. */
#include <string.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "tui/state.h"

void tui_prompt(struct tui *t, const char *text)
{
	prompt_start(&t->prompt, text, &t->history);
	memset(&t->prompt_error, 0, sizeof(t->prompt_error));
	t->prompting = true;
	t->prompt_label = "filter: ";
	t->prompt_hint = "Enter keeps  Esc restores  up and down recall";
	t->prompt_typed = NULL;
	t->prompt_cancelled = NULL;
	t->completes = false;
	complete_close(&t->complete);
}

void tui_prompt_query(struct tui *t, const char *text)
{
	tui_prompt(t, text);
	t->prompt_hint = "Enter keeps  Esc restores  up and down recall  Tab completes";
	t->completes = true;
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
	const struct view *view = t->views[t->view];

	if (result == PROMPT_CANCELLED && t->prompt_cancelled)
		t->prompt_cancelled(t);
	if (t->prompt_typed)
		return result == PROMPT_CANCELLED ||
		       t->prompt_typed(t, t->prompt.text, result == PROMPT_ACCEPTED,
				       &t->prompt_error);
	return view->typed(t, t->ctx[t->view], t->prompt.text, &t->prompt_error);
}

/* Tab takes a candidate; any other key keeps what was taken. */
static enum prompt_result edit(struct tui *t, int key)
{
	bool back = key == TERMINAL_KEY(KEY_BTAB);

	if (t->completes && (key == '\t' || back))
		return complete_key(&t->complete, &t->prompt, back, t->snapshot)
			       ? PROMPT_CHANGED
			       : PROMPT_OPEN;
	complete_close(&t->complete);
	return prompt_key(&t->prompt, key);
}

void tui_answer(struct tui *t, int key)
{
	enum prompt_result result = edit(t, key);

	if (result == PROMPT_OPEN)
		return;
	memset(&t->prompt_error, 0, sizeof(t->prompt_error));
	if (!prompt_is_good(t, result) && result == PROMPT_ACCEPTED)
		return; /* stays open until the text is valid or Esc is pressed */
	t->prompting = result == PROMPT_CHANGED;
}
