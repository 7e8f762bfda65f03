/* SPDX-License-Identifier: MIT */
/* A line that is edited in place, with history. Knows nothing of what it is for. */
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
	size_t at;                    /* byte of the cursor */
	char before[PROMPT_TEXT_MAX]; /* what Esc restores */
	char typed[PROMPT_TEXT_MAX];  /* what down returns to */
	int recalled;                 /* index into the history, -1: typed */
	struct prompt_history *history;
};

enum prompt_result { PROMPT_OPEN, PROMPT_CHANGED, PROMPT_ACCEPTED, PROMPT_CANCELLED };

void prompt_start(struct prompt *prompt, const char *text,
		  struct prompt_history *history);
/* key: as terminal_key() gives it. On acceptance the text enters the history; when it is
 * cancelled, text is what it was at the start. */
enum prompt_result prompt_key(struct prompt *prompt, int key);

void prompt_history_add(struct prompt_history *history, const char *text);
void prompt_history_release(struct prompt_history *history);

#endif
