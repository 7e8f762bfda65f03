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
#include "tui/input.h"

struct terminal {
	int in_fd, out_fd;
	int event_fd; /* of signals.h */
	void *screen, *in, *out;
	struct termios saved;
	bool opened_tty;
	bool utf8; /* according to the locale */
	/* Bytes for what terminfo does not name: clicks, and marks around a paste. */
	char modes_on[64], modes_off[64];
	char reset[512];
	size_t reset_bytes;
	struct input input;
};

/* Uses stdin and stdout, or /dev/tty if stdin is not a terminal. Installs the handlers of
 * signals.h. Returns 0, ERR_SYS or ERR_UNSUPPORTED. */
int terminal_open(struct terminal *terminal, bool mouse, struct err *e);
void terminal_close(struct terminal *terminal);

/* Returns true if there is something to read. */
bool terminal_waits(const struct terminal *terminal);
/* Reads the next key, or what belongs together; only when the terminal is readable.
 * Returns false if the other end has gone. */
bool terminal_read(struct terminal *terminal);
/* Takes the next key, click or pasted character of what was read. */
bool terminal_next(struct terminal *terminal, struct input_event *event);
/* When terminal_next() has something new without terminal_read(), on the clock of
 * clock_mono_ns(); 0 if never. */
int64_t terminal_due_ns(const struct terminal *terminal);

void terminal_resized(struct terminal *terminal);
/* Leaves the screen, stops the process as ctrl-z does, and returns to the screen. */
void terminal_suspend(struct terminal *terminal);
/* Leaves the screen, runs a program on the terminal, and returns to the screen. argv[0] is
 * looked for in PATH. Returns its exit status, or more than 127. */
int terminal_run(struct terminal *terminal, const char *const *argv);
/* Copies text to the clipboard of the terminal (OSC 52). Returns false if its type knows no
 * such sequences. */
bool terminal_copy(const struct terminal *terminal, const char *text);
/* Redraws everything: another program may have written to the terminal or changed its
 * modes. */
void terminal_repaint(struct terminal *terminal);

#endif
