/* SPDX-License-Identifier: MIT */
/* Editing handles whole UTF-8 characters. Curses has decoded the input, so the text is
 * always valid. */
#include "tui/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "tui/terminal.h"

#define CONTROL(code) ((code)&0x1f)

static void set_text(struct prompt *prompt, const char *text)
{
	snprintf(prompt->text, sizeof(prompt->text), "%s", text);
	prompt->length = strlen(prompt->text);
	prompt->at = prompt->length;
}

void prompt_start(struct prompt *prompt, const char *text, struct prompt_history *history)
{
	set_text(prompt, text);
	snprintf(prompt->before, sizeof(prompt->before), "%s", prompt->text);
	prompt->typed[0] = '\0';
	prompt->recalled = -1;
	prompt->history = history;
}

static size_t encode(int code, char out[4])
{
	unsigned c = (unsigned)code;

	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static size_t before(const struct prompt *prompt, size_t at)
{
	while (at > 0 && (prompt->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct prompt *prompt, size_t at)
{
	if (at < prompt->length)
		at++;
	while (at < prompt->length && (prompt->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static bool cut(struct prompt *prompt, size_t from, size_t to)
{
	if (from >= to)
		return false;
	memmove(prompt->text + from, prompt->text + to, prompt->length - to + 1);
	prompt->length -= to - from;
	prompt->at = from;
	return true;
}

static size_t word_start(const struct prompt *prompt)
{
	size_t at = prompt->at;

	while (at > 0 && prompt->text[at - 1] == ' ')
		at--;
	while (at > 0 && prompt->text[at - 1] != ' ')
		at--;
	return at;
}

bool prompt_replace(struct prompt *prompt, size_t from, size_t to, const char *text,
		    size_t bytes)
{
	if (prompt->length - (to - from) + bytes >= sizeof(prompt->text))
		return false;
	memmove(prompt->text + from + bytes, prompt->text + to, prompt->length - to + 1);
	memcpy(prompt->text + from, text, bytes);
	prompt->length += bytes;
	prompt->length -= to - from;
	prompt->at = from + bytes;
	return true;
}

static bool insert(struct prompt *prompt, int key)
{
	char bytes[4];
	size_t count;

	if (key < ' ' || key == 127 || key > 0x10ffff || (key >= 0x80 && key < 0xa0))
		return false;
	count = encode(key, bytes);
	return prompt_replace(prompt, prompt->at, prompt->at, bytes, count);
}

static bool recall(struct prompt *prompt, int step)
{
	int wanted = prompt->recalled + step;

	if (wanted < -1 || wanted >= (int)prompt->history->count)
		return false;
	if (prompt->recalled == -1)
		memcpy(prompt->typed, prompt->text, sizeof(prompt->typed));
	prompt->recalled = wanted;
	set_text(prompt, wanted < 0 ? prompt->typed : prompt->history->texts[wanted]);
	return true;
}

static bool edit(struct prompt *prompt, int key)
{
	switch (key) {
	case TERMINAL_KEY(KEY_BACKSPACE):
	case 127:
	case 8:
		return cut(prompt, before(prompt, prompt->at), prompt->at);
	case TERMINAL_KEY(KEY_DC):
	case CONTROL('d'):
		return cut(prompt, prompt->at, after(prompt, prompt->at));
	case CONTROL('u'):
		return cut(prompt, 0, prompt->at);
	case CONTROL('k'):
		return cut(prompt, prompt->at, prompt->length);
	case CONTROL('w'):
		return cut(prompt, word_start(prompt), prompt->at);
	case TERMINAL_KEY(KEY_UP):
	case CONTROL('p'):
		return recall(prompt, 1);
	case TERMINAL_KEY(KEY_DOWN):
	case CONTROL('n'):
		return recall(prompt, -1);
	default:
		return insert(prompt, key);
	}
}

enum prompt_result prompt_key(struct prompt *prompt, int key)
{
	switch (key) {
	case TERMINAL_KEY(KEY_LEFT):
	case CONTROL('b'):
		prompt->at = before(prompt, prompt->at);
		return PROMPT_OPEN;
	case TERMINAL_KEY(KEY_RIGHT):
	case CONTROL('f'):
		prompt->at = after(prompt, prompt->at);
		return PROMPT_OPEN;
	case TERMINAL_KEY(KEY_HOME):
	case CONTROL('a'):
		prompt->at = 0;
		return PROMPT_OPEN;
	case TERMINAL_KEY(KEY_END):
	case CONTROL('e'):
		prompt->at = prompt->length;
		return PROMPT_OPEN;
	case '\n':
	case '\r':
	case TERMINAL_KEY(KEY_ENTER):
		prompt_history_add(prompt->history, prompt->text);
		return PROMPT_ACCEPTED;
	case 27:
		set_text(prompt, prompt->before);
		return PROMPT_CANCELLED;
	default:
		return edit(prompt, key) ? PROMPT_CHANGED : PROMPT_OPEN;
	}
}

void prompt_history_add(struct prompt_history *history, const char *text)
{
	char *copy;
	size_t i;

	if (text[0] == '\0')
		return;
	for (i = 0; i < history->count; i++)
		if (strcmp(history->texts[i], text) == 0)
			break;
	if (i < history->count) { /* already there: move it to the front */
		copy = history->texts[i];
	} else {
		copy = strdup(text);
		if (!copy)
			return;
		if (history->count == PROMPT_HISTORY_MAX)
			free(history->texts[--history->count]);
		i = history->count++;
	}
	memmove(history->texts + 1, history->texts, i * sizeof(history->texts[0]));
	history->texts[0] = copy;
}

void prompt_history_release(struct prompt_history *history)
{
	for (size_t i = 0; i < history->count; i++)
		free(history->texts[i]);
	history->count = 0;
}
