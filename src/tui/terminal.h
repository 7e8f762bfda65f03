/* SPDX-License-Identifier: MIT */
/* Opens and closes the terminal and reads keys as numbers. It includes only base because
 * <term.h> defines macros with common names. */
#ifndef TUI_TERMINAL_H
#define TUI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "base/err.h"

struct terminal {
	int in_fd, out_fd;
	int event_fd; /* of signals.h */
	void *screen, *in, *out;
	struct termios saved;
	bool opened_tty;
	bool utf8; /* according to the locale */
	char reset[512];
	size_t reset_bytes;
};

/* Uses stdin and stdout, or /dev/tty if stdin is not a terminal. Installs the handlers of
 * signals.h. Returns 0, ERR_SYS or ERR_UNSUPPORTED. */
int terminal_open(struct terminal *terminal, bool mouse, struct err *e);
void terminal_close(struct terminal *terminal);

/* A character is its Unicode number; a function key is TERMINAL_KEY(KEY_…). */
#define TERMINAL_KEY(code) ((code) | 0x1000000)
#define TERMINAL_NO_KEY    (-1)
int terminal_key(struct terminal *terminal);
/* Returns true if stdin is readable but has no data: the other end has gone. */
bool terminal_gone(const struct terminal *terminal);

enum mouse_event { MOUSE_NONE, MOUSE_CLICK, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
enum mouse_event terminal_mouse(int *y, int *x);

void terminal_resized(struct terminal *terminal);
/* Leaves the screen, stops the process as ctrl-z does, and returns to the screen. */
void terminal_suspend(struct terminal *terminal);
/* Redraws everything: another program may have written to the terminal or changed its
 * modes. */
void terminal_repaint(struct terminal *terminal);

#endif
