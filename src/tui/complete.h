/* SPDX-License-Identifier: MIT */
/* Tab in a filter that is being typed: completes what all candidates have in common, then
 * lists them, and takes one after the other. */
#ifndef TUI_COMPLETE_H
#define TUI_COMPLETE_H

#include "core/query_complete.h"
#include "tui/draw.h"
#include "tui/prompt.h"

struct complete {
	struct query_completion found;
	bool open;        /* the candidates are listed */
	size_t at;        /* the one that was taken, or SIZE_MAX */
	size_t first;     /* on the screen */
	const char *said; /* why there are none, or NULL */
};

void complete_init(struct complete *complete);
void complete_close(struct complete *complete);
/* Handles Tab and shift-Tab; snapshot may be NULL. Returns true if the text has changed. */
bool complete_key(struct complete *complete, struct prompt *prompt, bool back,
		  const struct snapshot *snapshot);
/* Draws the list at the bottom of the body. */
void complete_draw(struct complete *complete, struct area body);
/* Writes what to say below the line, or "". */
void complete_status(const struct complete *complete, char *out, size_t size);

#endif
