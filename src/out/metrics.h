/* SPDX-License-Identifier: MIT */
/*
 * Monitoring data of targets: counts by state, never data of single tasks. Written as
 * OpenMetrics 1.0 or in Prometheus' older text format 0.0.4.
 */
#ifndef OUT_METRICS_H
#define OUT_METRICS_H

#include <sys/types.h>

#include "base/buf.h"
#include "core/snapshot.h"

#define METRICS_NAME_MAX   64
#define METRICS_PLACE_MAX  128
#define METRICS_GROUPS_MAX 50

/* Tasks that are blocked in the same place. */
struct metrics_group {
	char function[METRICS_PLACE_MAX]; /* "" if unknown */
	char created_by[METRICS_PLACE_MAX];
	enum task_state state;
	uint32_t tasks;
};

/* Timers of Go's runtime with one function and period. */
struct metrics_timers {
	char callback[METRICS_PLACE_MAX], function[METRICS_PLACE_MAX];
	int64_t period_ns;
	uint64_t count;
};

/* Which series have ever been other than 0: a bit per state, per family without a state
 * (SEEN_…) and per field of the Go heap. */
struct metrics_seen {
	uint64_t tasks, stuck, is_long, oldest, families, go_heap;
};
enum { SEEN_CREATED, SEEN_ENDED, SEEN_LEAKING, SEEN_DEADLOCKS, SEEN_SILENT };

struct metrics {
	char target[METRICS_NAME_MAX]; /* the target's name */
	pid_t pid;                     /* 0 if it is not a process */
	bool up; /* the last sample succeeded; if not, nothing else is written */
	/* Series that have always been 0 are not written. */
	bool skip_zero;
	struct metrics_seen seen;
	bool counting; /* created and ended are known */
	uint64_t tasks[STATE_COUNT], stuck[STATE_COUNT], is_long[STATE_COUNT];
	int64_t oldest_ns[STATE_COUNT]; /* -1 if no task is blocked in this state */
	uint64_t created, ended;        /* since the target has been watched */
	uint64_t leaking, deadlocks;
	/* Memory of the target does not answer, so stacks are missing. */
	bool silent;
	int64_t rss_bytes, fds; /* -1 if unknown */
	int64_t sample_ns;      /* duration of the last sample; -1 if unknown */
	bool timing;            /* the timers are known */
	size_t nr_timers;
	struct metrics_timers timers[TIMER_GROUPS_MAX + 1];
	struct go_heap_figures go_heap;
	size_t nr_groups;
	struct metrics_group groups[METRICS_GROUPS_MAX];
};

/* One of the words that name an exporter's targets. */
struct metrics_match {
	const char *text;
	size_t targets; /* current number of matching targets */
};

enum metrics_format { METRICS_OPENMETRICS, METRICS_TEXT };

/* Takes everything from the snapshot, with at most nr_groups of the largest groups (up to
 * METRICS_GROUPS_MAX). Leaves created, ended, counting, sample_ns and skip_zero
 * unchanged, and adds to seen. */
void metrics_take(struct metrics *metrics, const struct snapshot *snapshot,
		  size_t nr_groups);
/* Fills in zeroed metrics of each process of a target that is several. They have no
 * groups, and those leaks and deadlocks that the process has tasks in. */
void metrics_take_members(struct metrics *list, const struct snapshot *snapshot);
/* Writes the whole output with all targets in each family. version is that of grmon-c, or
 * NULL. */
void metrics_write(const struct metrics *const *list, size_t count,
		   enum metrics_format format, const char *version, struct buf *out);
/* Writes the number of targets of each match. Call it before metrics_write(). */
void metrics_write_matches(const struct metrics_match *list, size_t count,
			   enum metrics_format format, struct buf *out);
/* Returns the static Content-Type of a format. */
const char *metrics_content_type(enum metrics_format format);

#endif
