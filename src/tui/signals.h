/* SPDX-License-Identifier: MIT */
/* Signals while the view runs: those that ask become events of the loop, those that kill
 * first give the terminal back. One view at a time. */
#ifndef TUI_SIGNALS_H
#define TUI_SIGNALS_H

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

/* reset: the bytes that bring the terminal back, at most SIGNALS_RESET_MAX. Returns a
 * descriptor that becomes readable with an event, or a negative code. */
int signals_install(int tty_fd, const void *reset, size_t reset_bytes,
		    const struct termios *saved, struct err *e);
/* The handlers of before; closes the descriptor. */
void signals_restore(void);
/* The events since the last call, enum signal_event. */
unsigned signals_take(void);
int signals_end_number(void);
/* Stop this process as SIGTSTP would have; returns when it goes on. */
void signals_stop_self(void);

#endif
