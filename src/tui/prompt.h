/* SPDX-License-Identifier: MIT */
/* A line editor with history. It does not know what the text is for. */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#define PROMPT_TEXT_MAX    1024
#define PROMPT_HISTORY_MAX 32

struct prompt_history {
	char *texts[PROMPT_HISTORY_MAX]; /* newest first */
	size_t count;
};

struct prompt {
	char text[PROMPT_TEXT_MAX];
	size_t length;
	size_t at;                    /* byte position of the cursor */
	char before[PROMPT_TEXT_MAX]; /* the text that Esc restores */
	char typed[PROMPT_TEXT_MAX];  /* the text that down returns to */
	int recalled;                 /* index into the history, or -1 for typed text */
	struct prompt_history *history;
};

enum prompt_result { PROMPT_OPEN, PROMPT_CHANGED, PROMPT_ACCEPTED, PROMPT_CANCELLED };

void prompt_start(struct prompt *prompt, const char *text,
		  struct prompt_history *history);
/* key is that of struct input_event. Accepting adds the text to the history. Cancelling
 * restores the text of the start. */
enum prompt_result prompt_key(struct prompt *prompt, int key);

/* Replaces bytes of the text; the cursor is behind them. Returns false, and changes
 * nothing, if the text becomes too long. */
bool prompt_replace(struct prompt *prompt, size_t from, size_t to, const char *text,
		    size_t bytes);

void prompt_history_add(struct prompt_history *history, const char *text);
void prompt_history_release(struct prompt_history *history);

#endif
