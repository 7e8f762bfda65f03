/* SPDX-License-Identifier: MIT */
/*
 * Search in a view, while the text is typed: \ asks for it, n and N go through the matches
 * until Esc ends it. Each view has a search of its own; this is what all of them share. A
 * match is a line or row whose shown text has the searched one; case is ignored unless it
 * has an upper-case letter.
 */
#ifndef TUI_SEARCH_H
#define TUI_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pattern.h"
#include "tui/keys.h"

#define SEARCH_TEXT_MAX   128
#define SEARCH_STATUS_MAX (SEARCH_TEXT_MAX + 128)

struct tui;
struct lines;

/* What a view searches. A page of lines sets `lines`, and `has` only if a line has more
 * text than it shows; all others set `count`, `has` and `go`. */
struct search_ops {
	struct lines *(*lines)(void *ctx);
	/* The lines, in the order in which they are searched. */
	size_t (*count)(struct tui *t, void *ctx);
	bool (*has)(struct tui *t, void *ctx, size_t line, const struct pattern *pattern);
	/* Whether a line that has it shows only that rows with it are folded. May be
	 * NULL. */
	bool (*inside)(struct tui *t, void *ctx, size_t line,
		       const struct pattern *pattern);
	/* Moves to a line. */
	void (*go)(struct tui *t, void *ctx, size_t line);
	/* The line under the cursor; without a cursor, the first on the screen. */
	size_t (*at)(struct tui *t, void *ctx);
	bool no_cursor;
	/* Tells lines apart across samples. May be NULL if lines rarely move. */
	uint64_t (*key)(struct tui *t, void *ctx, size_t line);
	/* Changes when the answers of `has` change. If NULL, they are asked for with each
	 * frame. */
	uint64_t (*version)(struct tui *t, void *ctx);
	/* Called before all lines are asked for. `narrower`: only lines that had the
	 * pattern of the last time can have this one. May be NULL. */
	void (*begin)(struct tui *t, void *ctx, const struct pattern *pattern,
		      bool narrower);
};

struct search {
	bool on; /* a text is searched for: its matches are marked */
	struct pattern pattern;
	char text[SEARCH_TEXT_MAX];
	uint64_t generation; /* changes with the text */

	uint8_t *found; /* by line */
	size_t nr_found, cap_found;
	uint64_t known_version, known_generation; /* of `found` */
	bool narrower;        /* the text goes on where that of `found` ended */
	size_t count, number; /* matches, and which of them the cursor is on, or 0 */

	size_t line;       /* where the last match was */
	bool landed;       /* and nothing has moved away from it */
	const char *round; /* "" or how the search went round the end */
	bool inside;       /* the match is in folded rows */

	/* Where the cursor was when the text began to be typed. */
	size_t from;
	uint64_t from_key;
};

/* Handles the actions of a search, also Esc. Returns false for all others. */
bool search_act(struct tui *t, enum action action);
/* Returns whether the view that is shown has a search, so that n and N belong to it. */
bool search_is_on(const struct tui *t);
/* Ends the search of a view, because it shows something else now. */
void search_end(struct search *search);
/* Marks matches in what is drawn from now on, or stops marking. */
void search_mark(const struct tui *t, bool on);
/* Counts the matches of the frame that was drawn. */
void search_update(struct tui *t);
/* Returns the line of the match that a view without a cursor is at, or SIZE_MAX. */
size_t search_line(const struct tui *t);
/* Writes "match 3 of 17"; "" without a search. */
void search_status(const struct tui *t, char *out, size_t size);

#endif
