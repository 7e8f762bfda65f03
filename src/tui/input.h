/* SPDX-License-Identifier: MIT */
/*
 * Turns the bytes of a terminal into keys, clicks and pasted text. Bytes that mean
 * nothing here (unknown escape sequences, whole or cut, and bytes that are no UTF-8) have
 * no effect at all: no part of them acts as a key. It reads no file and no clock.
 */
#ifndef TUI_INPUT_H
#define TUI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_MAX          512
#define INPUT_NAMES_MAX    32

/* A character is its Unicode number; a function key is TERMINAL_KEY(KEY_…). */
#define TERMINAL_KEY(code) ((code) | 0x1000000)

enum input_kind { INPUT_KEY, INPUT_PASTED, INPUT_MOUSE };
enum mouse_event {
	MOUSE_NONE,
	MOUSE_CLICK,
	MOUSE_DRAG, /* moved with the button that clicked held down */
	MOUSE_RELEASE,
	MOUSE_WHEEL_UP,
	MOUSE_WHEEL_DOWN,
};

struct input_event {
	enum input_kind kind;
	int key; /* or the character that was pasted */
	enum mouse_event mouse;
	int y, x;
};

struct input {
	uint8_t bytes[INPUT_MAX]; /* not understood yet */
	size_t count;
	int64_t last_ns; /* when the last of them came */
	enum { INPUT_PLAIN, INPUT_IN_STRING, INPUT_IN_SEQUENCE, INPUT_IN_PASTE } mode;
	bool escape_alone; /* the first byte is Esc, and nothing came with it */
	/* Sequences that terminfo names; they belong to the caller. */
	struct input_name {
		const char *bytes;
		int key;
	} names[INPUT_NAMES_MAX];
	size_t nr_names;
};

/* What this terminal sends for a key. Only sequences that begin with Esc are kept. */
void input_name(struct input *input, const char *bytes, int key);
/* Where the next bytes go; *room is never 0 after input_next() has returned false. */
uint8_t *input_room(struct input *input, size_t *room);
void input_added(struct input *input, size_t count, int64_t now_ns);
/* Takes the next event. Returns false if there is none yet. */
bool input_next(struct input *input, int64_t now_ns, struct input_event *event);
/* Returns when to call input_next() again although no byte has come: the rest of a
 * sequence is missing. 0 if nothing is missing. */
int64_t input_due_ns(const struct input *input);

#endif
