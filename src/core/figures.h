/* SPDX-License-Identifier: MIT */
/* The figures of a target over the time that it is observed: a table with one series for
 * each. A session adds every sample and attaches a copy to the snapshot. */
#ifndef CORE_FIGURES_H
#define CORE_FIGURES_H

#include "core/go_heap.h"
#include "core/series.h"
#include "core/snapshot.h"

enum figure_id {
	FIGURE_TASKS,
	FIGURE_RSS,
	FIGURE_FDS,
	FIGURE_THREADS,
	FIGURE_CPU,
	FIGURE_SOCKETS,
	FIGURE_TIMERS,
	FIGURE_GO_TIMERS,
	FIGURE_GO_TICKERS,
	FIGURE_WATCHES,
	FIGURE_CHILDREN,
	FIGURE_STUCK,
	FIGURE_GO_LIVE,
	FIGURE_GO_IN_USE,
	FIGURE_GO_IDLE,
	FIGURE_GO_STACKS,
	FIGURE_COUNT,
};

enum figure_unit { UNIT_COUNT, UNIT_BYTES, UNIT_PERCENT };

struct figure_info {
	const char *name; /* "fds" */
	const char *help;
	enum figure_unit unit;
	int limit; /* enum limit_id of the limit that applies to it, or -1 */
};

struct figures {
	struct series series[FIGURE_COUNT];
	struct go_heap_point heap_first; /* of a Go program */
};

const struct figure_info *figure_info(enum figure_id id);
/* Returns the figure's value in a snapshot; negative if unknown. */
double figure_value(enum figure_id id, const struct snapshot *snapshot);
/* The same of one process of a target that is several. */
double figure_of_member(enum figure_id id, const struct member_process *member);
void figures_init(struct figures *figures);
/* Adds the snapshot's values and attaches a copy of all series to it, if there is
 * memory. */
void figures_update(struct figures *figures, struct snapshot *snapshot);
/* Gets the Go heap of the first sample and of this one. The live heap has grown only if it
 * stayed larger for the last quarter of the time. Returns false if nothing is known. */
bool figures_heap(const struct snapshot *snapshot, struct go_heap_point *from,
		  struct go_heap_point *to);
/* Returns the nanoseconds until the limit is reached if the clear trend of its figure
 * continues, or -1 if there is no such limit or trend. Limits are of one process, so there
 * is none if the target is several: the figures are sums. */
int64_t figures_reach_ns(const struct snapshot *snapshot, enum limit_id limit);

#endif
