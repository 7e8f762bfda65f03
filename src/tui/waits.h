/* SPDX-License-Identifier: MIT */
/* State of the waits view, shared by view_waits.c (cursor, drawing) and waits_lines.c
 * (content of the lines). */
#ifndef TUI_WAITS_H
#define TUI_WAITS_H

#include "base/arena.h"
#include "core/graph.h"
#include "tui/state.h"

#define WAITS_OPENED_MAX 64
#define WAITS_DEPTH_MAX  16 /* deeper lines are not indented further */
#define WAITS_TEXT_MAX   512

/* Identifies a line across snapshots. */
struct waits_key {
	uint64_t id;     /* of a task, or of the owner that folded tasks wait for */
	uint64_t object; /* the object that folded tasks wait for */
	int what;
};

struct waits_line {
	struct waits_key key;
	int depth;
	const char *head;        /* text before the age */
	const char *tail;        /* text after the age, or NULL */
	int64_t since_ns;        /* 0 if there is no age */
	const struct task *task; /* in t->snapshot; NULL for a heading or folded tasks */
	const struct other_process *process; /* of the task, if it is not the target */
	bool folded; /* stands for several tasks; Enter opens or closes it */
	/* Closed: the tasks it stands for, for the search. */
	const struct task **tasks;
	size_t nr_tasks;
};

struct waits {
	struct arena arena; /* of the lines */
	struct waits_line *lines;
	size_t nr_lines, cap_lines;
	size_t nr_waiting;
	size_t at, top;
	bool stale;
	uint64_t builds; /* how often the lines were built */
	bool at_key;
	struct waits_key key; /* of the line under the cursor */
	bool open_all;
	struct waits_key opened[WAITS_OPENED_MAX];
	size_t nr_opened;
};

/* Returns the line that a warning is about. */
struct waits_key waits_key_of(const struct snapshot *snapshot,
			      const struct warning *warning);
void waits_build(struct tui *t, struct waits *v);
bool waits_same_key(const struct waits_key *a, const struct waits_key *b);

#endif
