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
	[FIGURE_GO_LIVE] = {"heap live", "Go heap alive after the last collection",
			    UNIT_BYTES, -1},
	[FIGURE_GO_IN_USE] = {"heap in use", "pages of the Go heap with objects",
			      UNIT_BYTES, -1},
	[FIGURE_GO_IDLE] = {"heap idle", "Go heap that is free and not returned",
			    UNIT_BYTES, -1},
	[FIGURE_GO_STACKS] = {"go stacks", "stacks of goroutines", UNIT_BYTES, -1},
	[FIGURE_CHILDREN] = {"children", "child processes", UNIT_COUNT, -1},
};

const struct figure_info *figure_info(enum figure_id id)
{
	return &figure_table[id];
}

static double value_of(enum figure_id id, const struct resources *r,
		       const struct timers *timers)
{
	switch (id) {
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
		return timers ? (double)timers->count : -1;
	case FIGURE_GO_TICKERS:
		return timers ? (double)timers->tickers : -1;
	case FIGURE_WATCHES:
		return (double)r->inotify_watches;
	case FIGURE_CHILDREN:
		return (double)r->children;
	case FIGURE_GO_LIVE:
		return (double)r->go_heap.live_bytes;
	case FIGURE_GO_IN_USE:
		return (double)r->go_heap.in_use_bytes;
	case FIGURE_GO_IDLE:
		return (double)r->go_heap.idle_bytes;
	case FIGURE_GO_STACKS:
		return (double)r->go_heap.stack_bytes;
	default:
		return -1;
	}
}

double figure_value(enum figure_id id, const struct snapshot *snapshot)
{
	if (id == FIGURE_TASKS)
		return snapshot->counts.tasks;
	if (id == FIGURE_STUCK)
		return snapshot->counts.stuck;
	return value_of(id, &snapshot->resources, snapshot->timers);
}

double figure_of_member(enum figure_id id, const struct member_process *member)
{
	if (id == FIGURE_TASKS)
		return member->tasks;
	if (id == FIGURE_STUCK)
		return member->stuck;
	return value_of(id, &member->resources, member->timers);
}

void figures_init(struct figures *figures)
{
	figures->heap_first = (struct go_heap_point){0};
	for (int id = 0; id < FIGURE_COUNT; id++)
		series_init(&figures->series[id]);
}

/* A process that executes another program begins again. */
static void note_first_heap(struct figures *figures, const struct snapshot *snapshot)
{
	struct go_heap_point *first = &figures->heap_first;
	const struct go_heap_figures *heap = &snapshot->resources.go_heap;

	if (!go_heap_known(heap) ||
	    (first->mono_ns > 0 && heap->collections >= first->heap.collections &&
	     snapshot->mono_ns >= first->mono_ns))
		return;
	go_heap_point_take(first, snapshot);
}

void figures_update(struct figures *figures, struct snapshot *snapshot)
{
	struct figures *copy = arena_alloc(&snapshot->arena, sizeof(*copy));

	for (int id = 0; id < FIGURE_COUNT; id++) {
		double value = figure_value(id, snapshot);

		if (value >= 0)
			series_push(&figures->series[id], snapshot->mono_ns, value);
	}
	note_first_heap(figures, snapshot);
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

	if (!snapshot->figures || snapshot->nr_members > 0 || of->used < 0 ||
	    of->most <= of->used)
		return -1;
	series = &snapshot->figures->series[grows[limit]];
	return series_reaches_ns(series, series->last + (double)(of->most - of->used));
}

#define LATEST 8u

/* Returns the least value in the last quarter of the time. */
static int64_t least_lately(const struct series *series)
{
	struct series_point points[LATEST];
	int64_t span_ns = series->last_ns - series->first_ns;
	double least = series->last;

	series_resample(series, series->last_ns - span_ns / 4, series->last_ns, points,
			LATEST);
	for (size_t i = 0; i < LATEST; i++)
		if ((double)points[i].least < least) /* false for NAN */
			least = (double)points[i].least;
	return (int64_t)least;
}

bool figures_heap(const struct snapshot *snapshot, struct go_heap_point *from,
		  struct go_heap_point *to)
{
	struct go_heap_point lately;

	if (!snapshot->figures || snapshot->figures->heap_first.mono_ns == 0)
		return false;
	*from = snapshot->figures->heap_first;
	go_heap_point_take(to, snapshot);
	if (!go_heap_known(&to->heap))
		return false;
	if (to->heap.live_bytes < 0)
		return true;
	lately = *to;
	lately.heap.live_bytes = least_lately(&snapshot->figures->series[FIGURE_GO_LIVE]);
	if (!go_heap_changed(from, &lately, GO_HEAP_LIVE))
		to->heap.live_bytes = lately.heap.live_bytes;
	return true;
}
