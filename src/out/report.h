/* SPDX-License-Identifier: MIT */
/* What a watch has found: leaks with their evidence, stuck tasks, deadlocks, figures. Each
 * format is one row of report_table. */
#ifndef OUT_REPORT_H
#define OUT_REPORT_H

#include "base/buf.h"
#include "core/group.h"
#include "core/snapshot.h"

#define REPORT_LINE_MAX 600
#define REPORT_PAST_MAX 32

/* A site that was called a leak in some looks. */
struct report_past {
	char site[REPORT_LINE_MAX], evidence[1000];
	int64_t until_real_ns; /* the last of them */
	uint64_t looks;
	uint32_t most;
	bool still; /* it has a verdict in the last look */
};

struct report_history {
	struct report_past list[REPORT_PAST_MAX];
	size_t count;
	uint64_t looks;
};

struct report_request {
	const struct snapshot *snapshot;      /* the last look, with groups */
	const struct report_history *history; /* or NULL */
	uint64_t looks;
	int64_t watched_ns;
	bool ascii;
};

struct report_ops {
	const char *name; /* what -f accepts */
	const char *summary;
	void (*write)(const struct report_request *request, struct buf *out);
};

extern const struct report_ops *const report_table[]; /* NULL-terminated */
const struct report_ops *report_by_name(const char *name);

/* "send_product in chan-send at main.c:97, created by get_products at main.c:175" */
const char *report_site(const struct stack *stack, const struct stack *created_by,
			enum task_state state, char out[REPORT_LINE_MAX]);
/* To be told of every look. */
void report_history_note(struct report_history *history, const struct snapshot *snapshot);
/* Whether it is worth a line: it was a leak for a while, and is none at the end. */
bool report_is_past(const struct report_history *history, const struct report_past *past);
/* Leaks of this verdict or worse. */
size_t report_leaks(const struct snapshot *snapshot, enum verdict least);
/* Ids of some tasks of the leak: "t12, t13, …"; "" for none. */
const char *report_examples(const struct snapshot *snapshot, const struct leak *leak,
			    char out[REPORT_LINE_MAX]);
/* Groups of equal stacks that have stuck tasks, or that have none but long ones; most first.
 * Returns how many of max. */
size_t report_stuck(const struct snapshot *snapshot, bool is_long,
		    const struct group **out, size_t max);

#endif
