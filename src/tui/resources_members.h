/* SPDX-License-Identifier: MIT */
/* The resources view of a target that is several processes: their lines, and the choice of
 * one. */
#ifndef TUI_RESOURCES_MEMBERS_H
#define TUI_RESOURCES_MEMBERS_H

#include "tui/state.h"

#define MEMBERS_LINES_MAX 12
#define MEMBERS_LINE_MAX  256

struct members_lines {
	char text[MEMBERS_LINES_MAX][MEMBERS_LINE_MAX];
	size_t count;
};

/* Writes the line of the chosen process, or one for each of the largest. None if the
 * target is one process. */
void resources_members_lines(struct tui *t, struct members_lines *out);
/* Writes ", in api 41": the process that a limit of the target is that of, because it is
 * nearest to it. "" if the target is one process, or if all of them have the same limit
 * together, as far as that is known. */
void resources_limit_owner(const struct snapshot *snapshot, enum limit_id id, char *out,
			   size_t size);
/* Copies t->snapshot as if the chosen process were the target, with its resources and
 * timers, and without figures, which are kept for all together. The copy shares
 * everything with t->snapshot and must not outlive it. Returns false if none is chosen. */
bool resources_of_member(const struct tui *t, struct snapshot *copy);
/* Handles the actions that choose a process, also Esc. Returns false for all others. */
bool resources_members_act(struct tui *t, enum action action);

#endif
