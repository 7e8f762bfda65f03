/* SPDX-License-Identifier: MIT */
/* What a watch has found: leaks with their evidence, stuck tasks, deadlocks, figures. Each
 * format is one row of report_table. */
#ifndef OUT_REPORT_H
#define OUT_REPORT_H

#include "base/buf.h"
#include "core/group.h"
#include "core/snapshot.h"

struct report_request {
	const struct snapshot *snapshot; /* the last look, with groups */
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

#define REPORT_LINE_MAX 600
/* "send_product in chan-send at main.c:97, created by get_products at main.c:175" */
const char *report_site(const struct stack *stack, const struct stack *created_by,
			enum task_state state, char out[REPORT_LINE_MAX]);
/* Leaks of this verdict or worse. */
size_t report_leaks(const struct snapshot *snapshot, enum verdict least);
/* Ids of some tasks of the leak: "t12, t13, …"; "" for none. */
const char *report_examples(const struct snapshot *snapshot, const struct leak *leak,
			    char out[REPORT_LINE_MAX]);
/* Groups of equal stacks that have stuck tasks, most first. Returns how many of max. */
size_t report_stuck(const struct snapshot *snapshot, const struct group **out,
		    size_t max);

#endif
