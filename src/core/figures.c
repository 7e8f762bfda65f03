/* SPDX-License-Identifier: MIT */
/* The task counts of the user and of the cgroup grow with the target's threads, and the
 * cgroup's memory with the target's RSS: a limit is reached once the target has used up
 * the rest. */
#include "core/figures.h"

static const struct figure_info figure_table[FIGURE_COUNT] = {
	[FIGURE_TASKS] = {"tasks", "all tasks", UNIT_COUNT, -1},
	[FIGURE_STUCK] = {"stuck", "tasks over their threshold", UNIT_COUNT, -1},
	[FIGURE_RSS] = {"rss", "resident memory", UNIT_BYTES, LIMIT_MEMORY},
	[FIGURE_CPU] = {"cpu", "CPU, 100% is one core", UNIT_PERCENT, -1},
	[FIGURE_THREADS] = {"threads", "kernel threads", UNIT_COUNT, LIMIT_PIDS},
	[FIGURE_FDS] = {"fds", "open descriptors", UNIT_COUNT, LIMIT_FDS},
	[FIGURE_SOCKETS] = {"sockets", "descriptors that are sockets", UNIT_COUNT, -1},
	[FIGURE_TIMERS] = {"timers", "timer descriptors and POSIX timers", UNIT_COUNT,
			   -1},
	[FIGURE_GO_TIMERS] = {"go_timers", "timers of Go's runtime", UNIT_COUNT, -1},
	[FIGURE_GO_TICKERS] = {"go_tickers", "timers of Go's runtime that repeat",
			       UNIT_COUNT, -1},
	[FIGURE_WATCHES] = {"watches", "inotify watches", UNIT_COUNT, -1},
	[FIGURE_CHILDREN] = {"children", "child processes", UNIT_COUNT, -1},
};

const struct figure_info *figure_info(enum figure_id id)
{
	return &figure_table[id];
}

/* Returns the figure's value in a snapshot; negative if unknown. */
static double figure_value(enum figure_id id, const struct snapshot *snapshot)
{
	const struct resources *r = &snapshot->resources;

	switch (id) {
	case FIGURE_TASKS:
		return snapshot->counts.tasks;
	case FIGURE_STUCK:
		return snapshot->counts.stuck;
	case FIGURE_RSS:
		return (double)r->rss_bytes;
	case FIGURE_CPU:
		return r->cpu_percent;
	case FIGURE_THREADS:
		return (double)r->threads;
	case FIGURE_FDS:
		return (double)r->fds;
	case FIGURE_SOCKETS:
		return (double)r->by_kind[FD_SOCKET];
	case FIGURE_TIMERS:
		return (double)resources_timers(r);
	case FIGURE_GO_TIMERS:
		return snapshot->timers ? (double)snapshot->timers->count : -1;
	case FIGURE_GO_TICKERS:
		return snapshot->timers ? (double)snapshot->timers->tickers : -1;
	case FIGURE_WATCHES:
		return (double)r->inotify_watches;
	case FIGURE_CHILDREN:
		return (double)r->children;
	default:
		return -1;
	}
}

void figures_init(struct figures *figures)
{
	for (int id = 0; id < FIGURE_COUNT; id++)
		series_init(&figures->series[id]);
}

void figures_update(struct figures *figures, struct snapshot *snapshot)
{
	struct figures *copy = arena_alloc(&snapshot->arena, sizeof(*copy));

	for (int id = 0; id < FIGURE_COUNT; id++) {
		double value = figure_value(id, snapshot);

		if (value >= 0)
			series_push(&figures->series[id], snapshot->mono_ns, value);
	}
	if (copy)
		*copy = *figures;
	snapshot->figures = copy;
}

int64_t figures_reach_ns(const struct snapshot *snapshot, enum limit_id limit)
{
	static const enum figure_id grows[LIMIT_COUNT] = {
		[LIMIT_FDS] = FIGURE_FDS,
		[LIMIT_PROCESSES] = FIGURE_THREADS,
		[LIMIT_PIDS] = FIGURE_THREADS,
		[LIMIT_MEMORY] = FIGURE_RSS,
	};
	const struct limit *of = &snapshot->resources.limits[limit];
	const struct series *series;

	if (!snapshot->figures || of->used < 0 || of->most <= of->used)
		return -1;
	series = &snapshot->figures->series[grows[limit]];
	return series_reaches_ns(series, series->last + (double)(of->most - of->used));
}
