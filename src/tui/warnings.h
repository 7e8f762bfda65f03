/* SPDX-License-Identifier: MIT */
/*
 * The line of warnings below the header, and the key that goes through what they are
 * about. The order of the line stays from sample to sample, and a warning that is over
 * stays for a few seconds, dimmed and called so, so that words do not jump.
 */
#ifndef TUI_WARNINGS_H
#define TUI_WARNINGS_H

#include "core/query.h"
#include "core/warnings.h"
#include "tui/draw.h"
#include "tui/keys.h"

struct tui;

struct shown_warning {
	/* its group belongs to the snapshot that is shown; NULL once it is over */
	struct warning warning;
	int64_t over_ns; /* time of the first sample without it; 0 if it is not over */
	int x;           /* first column on the screen; -1 if it is not there */
};

struct warnings_line {
	struct warnings now; /* of the snapshot that is shown */
	struct shown_warning list[WARNINGS_MAX];
	size_t count;
	/* What `!` shows: the warning, its view, and what was shown before. */
	bool visiting;
	struct warning visited;
	int view; /* enum view_id */
	int before_view;
	int before_class;
	bool before_changes_only;
	char before_filter[QUERY_TEXT_MAX];
};

/* There is a new snapshot, or none. */
void warnings_update(struct tui *t);
/* Returns whether there is something to draw. */
bool warnings_shown(const struct tui *t);
void warnings_draw(struct tui *t, int y);
/* Goes to the first warning's place, and then to the next; takes the keys that lead back
 * from there. Returns false if the action is not about warnings. Call it before the view
 * acts. */
bool warnings_act(struct tui *t, enum action action);
void warnings_click(struct tui *t, int x);
/* Writes the sentence of the warning whose place is shown. Returns false if there is
 * none. */
bool warnings_status(const struct tui *t, char *out, size_t size, enum role *role);

#endif
