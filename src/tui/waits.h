/* SPDX-License-Identifier: MIT */
/* State of the waits view, shared by view_waits.c (cursor, drawing) and waits_lines.c (what
 * stands in which line). */
#ifndef TUI_WAITS_H
#define TUI_WAITS_H

#include "base/arena.h"
#include "core/graph.h"
#include "tui/state.h"

#define WAITS_OPENED_MAX 64
#define WAITS_DEPTH_MAX  16 /* deeper lines are not indented further */
#define WAITS_TEXT_MAX   512

/* What a line is about, from snapshot to snapshot. */
struct waits_key {
	uint64_t id;     /* of a task, or of whom the folded ones wait for */
	uint64_t object; /* that the folded ones wait for */
	int what;
};

struct waits_line {
	struct waits_key key;
	int depth;
	const char *head;        /* before the age */
	const char *tail;        /* behind it; or NULL */
	int64_t since_ns;        /* 0: no age */
	const struct task *task; /* in t->snapshot; NULL: a heading or a fold */
	const struct other_process *process; /* of the task, unless it is the target */
	bool folded; /* stands for several; Enter opens or closes */
};

struct waits {
	struct arena arena; /* of the lines */
	struct waits_line *lines;
	size_t nr_lines, cap_lines;
	size_t nr_waiting;
	size_t at, top;
	bool stale;
	bool at_key;
	struct waits_key key; /* of the cursor */
	bool open_all;
	struct waits_key opened[WAITS_OPENED_MAX];
	size_t nr_opened;
};

void waits_build(struct tui *t, struct waits *v);
bool waits_same_key(const struct waits_key *a, const struct waits_key *b);

#endif
