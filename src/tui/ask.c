/* SPDX-License-Identifier: MIT */
/* The line that is edited at the bottom of the screen: which view asked, and which
 * function gets the answer. */
#include <string.h>

#include "tui/state.h"

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
	const struct view *view = t->views[t->view];

	if (t->prompt_typed)
		return result == PROMPT_CANCELLED ||
		       t->prompt_typed(t, t->prompt.text, result == PROMPT_ACCEPTED,
				       &t->prompt_error);
	return view->typed(t, t->ctx[t->view], t->prompt.text, &t->prompt_error);
}

void tui_answer(struct tui *t, int key)
{
	enum prompt_result result = prompt_key(&t->prompt, key);

	if (result == PROMPT_OPEN)
		return;
	memset(&t->prompt_error, 0, sizeof(t->prompt_error));
	if (!prompt_is_good(t, result) && result == PROMPT_ACCEPTED)
		return; /* stays open until the text is valid or Esc is pressed */
	t->prompting = result == PROMPT_CHANGED;
}
