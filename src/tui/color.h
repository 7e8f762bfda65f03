/* SPDX-License-Identifier: MIT */
/* Roles describe how text looks: each is an attribute and a colour pair, as far as the
 * terminal supports them. Nothing is told by colour alone, so each role also works
 * without colour. */
#ifndef TUI_COLOR_H
#define TUI_COLOR_H

#include <stdbool.h>

#include "core/settings.h"

enum role {
	ROLE_NORMAL,
	ROLE_DIM,    /* less important than its surroundings */
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

/* Call it after the terminal has been opened. The background remains the terminal's. */
void color_init(const struct settings *settings);
/* Sets the role of the following text; selected highlights it as the row of the
 * cursor. */
void color_use(enum role role, bool selected);
/* Gives cells that are drawn already the look of what a search has found. */
void color_found(int y, int x, int cells, bool selected);

/* While on, what is selected is paler: the keys go to another part of the screen. Only one
 * thread draws. */
void color_recede(bool on);

#endif
