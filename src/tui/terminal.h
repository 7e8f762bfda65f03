/* SPDX-License-Identifier: MIT */
/* Opens and closes the terminal; keys come out as one number each. Includes nothing of the
 * project but base, because <term.h> makes macros of common words. */
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
	bool utf8; /* by the locale */
	char reset[512];
	size_t reset_bytes;
};

/* Uses stdin and stdout, or /dev/tty where stdin is no terminal. Installs the handlers of
 * signals.h. Returns 0, ERR_SYS or ERR_UNSUPPORTED. */
int terminal_open(struct terminal *terminal, bool mouse, struct err *e);
void terminal_close(struct terminal *terminal);

/* Characters are themselves (Unicode), function keys are TERMINAL_KEY(KEY_…). */
#define TERMINAL_KEY(code) ((code) | 0x1000000)
#define TERMINAL_NO_KEY    (-1)
int terminal_key(struct terminal *terminal);
/* stdin says readable and has nothing: whoever held the other end is gone. */
bool terminal_gone(const struct terminal *terminal);

enum mouse_event { MOUSE_NONE, MOUSE_CLICK, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
enum mouse_event terminal_mouse(int *y, int *x);

void terminal_resized(struct terminal *terminal);
/* Leave the screen, stop as ctrl-z asks, come back. */
void terminal_suspend(struct terminal *terminal);
/* Somebody else may have written to the terminal or changed its modes. */
void terminal_repaint(struct terminal *terminal);

#endif
