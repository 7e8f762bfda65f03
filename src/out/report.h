/* SPDX-License-Identifier: MIT */
/* What was found while a target was watched: leaks with their evidence, stuck tasks,
 * deadlocks, figures. Each format is one row of report_table. */
#ifndef OUT_REPORT_H
#define OUT_REPORT_H

#include "base/buf.h"
#include "core/group.h"
#include "core/snapshot.h"

#define REPORT_LINE_MAX 600
#define REPORT_PAST_MAX 32

/* A site that was called a leak in some samples. */
struct report_past {
	char site[REPORT_LINE_MAX], evidence[1000];
	int64_t until_real_ns; /* when it was last called a leak */
	uint64_t nr_samples;
	uint32_t most;
	bool still; /* it has a verdict in the last sample */
};

struct report_history {
	struct report_past list[REPORT_PAST_MAX];
	size_t count;
	uint64_t nr_samples;
};

struct report_request {
	const struct snapshot *snapshot;      /* the last sample, with groups */
	const struct report_history *history; /* or NULL */
	uint64_t nr_samples;
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

/* Writes "send_product in chan-send at main.c:97, created by get_products at
 * main.c:175". */
const char *report_site(const struct stack *stack, const struct stack *created_by,
			enum task_state state, char out[REPORT_LINE_MAX]);
/* Call this for every sample. */
void report_history_note(struct report_history *history, const struct snapshot *snapshot);
/* Returns true if the site was called a leak long enough to be mentioned but is not one
 * at the end. */
bool report_is_past(const struct report_history *history, const struct report_past *past);
/* Returns the number of leaks with this verdict or a worse one; without those of timers,
 * which timers_leaks() counts. */
size_t report_leaks(const struct snapshot *snapshot, enum verdict least);
/* Writes the ids of some tasks of the leak: "t12, t13, …", or "" if there are none. */
const char *report_examples(const struct snapshot *snapshot, const struct leak *leak,
			    char out[REPORT_LINE_MAX]);
/* Stores groups of equal stacks that have stuck tasks or, if is_long, long but no stuck
 * tasks; those with the most tasks come first. Returns the number stored, at most max. */
size_t report_stuck(const struct snapshot *snapshot, bool is_long,
		    const struct group **out, size_t max);

#endif
