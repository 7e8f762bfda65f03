/* SPDX-License-Identifier: MIT */
/* The figures of a target that are kept over the time that it is watched: one table with a
 * series for each. A session pushes every look and hangs a copy onto the snapshot. */
#ifndef CORE_FIGURES_H
#define CORE_FIGURES_H

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
	FIGURE_WATCHES,
	FIGURE_CHILDREN,
	FIGURE_STUCK,
	FIGURE_COUNT,
};

enum figure_unit { UNIT_COUNT, UNIT_BYTES, UNIT_PERCENT };

struct figure_info {
	const char *name; /* "fds" */
	const char *help;
	enum figure_unit unit;
	int limit; /* enum limit_id of the limit that it runs into, or -1 */
};

struct figures {
	struct series series[FIGURE_COUNT];
};

const struct figure_info *figure_info(enum figure_id id);
/* What a snapshot says of it; negative: not known. */
double figure_value(enum figure_id id, const struct snapshot *snapshot);
void figures_init(struct figures *figures);
/* Add what the snapshot says, and let it have a copy of all (none without memory). */
void figures_update(struct figures *figures, struct snapshot *snapshot);
/* Nanoseconds until the limit is reached if the clear trend of its figure goes on; -1: no
 * such limit or trend. */
int64_t figures_reach_ns(const struct snapshot *snapshot, enum limit_id limit);

#endif
