/* SPDX-License-Identifier: MIT */
/*
 * What monitoring is told of targets: numbers by state, never one of a task. Written as
 * OpenMetrics 1.0, or as Prometheus' older text format 0.0.4.
 */
#ifndef OUT_METRICS_H
#define OUT_METRICS_H

#include <sys/types.h>

#include "base/buf.h"
#include "core/snapshot.h"

#define METRICS_NAME_MAX   64
#define METRICS_PLACE_MAX  128
#define METRICS_GROUPS_MAX 50

/* Tasks that are blocked at one place. */
struct metrics_group {
	char function[METRICS_PLACE_MAX]; /* "" where it is not known */
	char created_by[METRICS_PLACE_MAX];
	enum task_state state;
	uint32_t tasks;
};

struct metrics {
	char target[METRICS_NAME_MAX]; /* its name */
	pid_t pid;                     /* 0: not a process */
	bool up;       /* the last look succeeded; else the rest is not said */
	bool counting; /* created and ended are known */
	uint64_t tasks[STATE_COUNT], stuck[STATE_COUNT], is_long[STATE_COUNT];
	int64_t oldest_ns[STATE_COUNT]; /* -1: nobody waits */
	uint64_t created, ended;        /* since it is watched */
	uint64_t leaking, deadlocks;
	bool silent;            /* memory of it does not answer: stacks are missing */
	int64_t rss_bytes, fds; /* -1: not known */
	int64_t look_ns;        /* how long the last look took; -1: not known */
	size_t nr_groups;
	struct metrics_group groups[METRICS_GROUPS_MAX];
};

/* What an exporter was told to watch. */
struct metrics_match {
	const char *text;
	size_t targets; /* that it stands for now */
};

enum metrics_format { METRICS_OPENMETRICS, METRICS_TEXT };

/* Everything that a snapshot says; nr_groups: how many of the largest groups, at most
 * METRICS_GROUPS_MAX. created, ended, counting and look_ns stay as they are. */
void metrics_take(struct metrics *metrics, const struct snapshot *snapshot,
		  size_t nr_groups);
/* Whole output, whose families hold all targets. version: of grmon-c, or NULL. */
void metrics_write(const struct metrics *const *list, size_t count,
		   enum metrics_format format, const char *version, struct buf *out);
/* To be written before the rest: how many targets each has. */
void metrics_write_matches(const struct metrics_match *list, size_t count,
			   enum metrics_format format, struct buf *out);
/* The Content-Type of a format. Static. */
const char *metrics_content_type(enum metrics_format format);

#endif
