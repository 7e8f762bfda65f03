/* SPDX-License-Identifier: MIT */
/* What things look like: roles, each an attribute and a colour pair, by what the terminal
 * can do. Colour is never the only sign, so every role also works without one. */
#ifndef TUI_COLOR_H
#define TUI_COLOR_H

#include <stdbool.h>

enum role {
	ROLE_NORMAL,
	ROLE_DIM,    /* less important than what is beside it */
	ROLE_STRONG, /* names, headings */
	ROLE_KEY,    /* a key that can be pressed */
	ROLE_TITLE,  /* column titles */
	ROLE_STUCK,
	ROLE_WARN,
	ROLE_ERROR,
	ROLE_GOOD,
	ROLE_CLASS_CHANNEL, /* in the order of enum task_class */
	ROLE_CLASS_LOCK,
	ROLE_CLASS_IO,
	ROLE_CLASS_TIMER,
	ROLE_CLASS_PROCESS,
	ROLE_CLASS_RUN,
	ROLE_CLASS_OTHER,
	ROLE_COUNT,
};

/* After the terminal is open. Backgrounds stay the terminal's own. */
void color_init(bool no_color);
/* What is written next has this role; selected: as the row of the cursor. */
void color_use(enum role role, bool selected);

#endif
