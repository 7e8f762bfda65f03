/* SPDX-License-Identifier: MIT */
/* Signals while the view runs. Requests become events for the loop; fatal signals first
 * restore the terminal. Only one view may run at a time. */
#ifndef TUI_SIGNALS_H
#define TUI_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/err.h"

enum signal_event {
	SIGNAL_RESIZE = 1 << 0,   /* SIGWINCH */
	SIGNAL_QUIT = 1 << 1,     /* SIGINT */
	SIGNAL_END = 1 << 2,      /* SIGTERM, SIGHUP: see signals_end_number() */
	SIGNAL_SUSPEND = 1 << 3,  /* SIGTSTP */
	SIGNAL_CONTINUE = 1 << 4, /* SIGCONT */
};

#define SIGNALS_RESET_MAX 512

/* `reset` are the bytes that restore the terminal, at most SIGNALS_RESET_MAX. Returns a
 * descriptor that becomes readable on an event, or a negative code. */
int signals_install(int tty_fd, const void *reset, size_t reset_bytes,
		    const struct termios *saved, struct err *e);
/* Restores the previous handlers and closes the descriptor. */
void signals_restore(void);
/* Returns the events since the last call, as bits of enum signal_event. */
unsigned signals_take(void);
int signals_end_number(void);
/* While another program has the terminal, SIGINT and SIGQUIT are meant for it, and SIGTSTP
 * stops both. */
void signals_lend(bool lend);
/* Gives a child process the signals that a program expects. */
void signals_of_child(void);
/* Stops the process as SIGTSTP would; returns when it continues. */
void signals_stop_self(void);

#endif
