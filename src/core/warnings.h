/* SPDX-License-Identifier: MIT */
/*
 * What a finished snapshot warns of, in words, the most severe first: what one looks for
 * first. A pure function of the snapshot. It says nothing that is not known elsewhere, but
 * puts what belongs together into one warning: a task that is stuck belongs to a deadlock,
 * a lock or a leak, or else is counted by its state. If the target is several processes, a
 * warning names the process of its tasks.
 */
#ifndef CORE_WARNINGS_H
#define CORE_WARNINGS_H

#include "core/group.h"

#define WARNINGS_MAX         48u
#define WARNING_TEXT_MAX     128u
#define WARNING_SENTENCE_MAX 400u
#define WARNING_FILTER_MAX   64u
#define WARNING_CELLS        68 /* that a text has at most, unless names are hostile */

/* In the order of severity, among those that are equally sure. */
enum warning_kind {
	WARNING_STOPPED,
	WARNING_DEADLOCK,
	WARNING_PROVEN, /* tasks that nothing alive can wake */
	WARNING_LOCK,   /* tasks that are stuck behind a lock */
	WARNING_LEAK,
	WARNING_LIMIT,
	WARNING_TIMERS,
	WARNING_HEAP,
	WARNING_STUCK, /* tasks in one state, for no reason of the above */
	WARNING_KINDS,
};

/* Where a warning leads to. */
enum warning_place {
	WARNING_AT_TASKS,     /* those that `filter` matches; all if it is "" */
	WARNING_AT_WAITS,     /* what blocks others */
	WARNING_AT_GROUP,     /* the group */
	WARNING_AT_RESOURCES, /* what the warning is about */
};

struct warning {
	enum warning_kind kind;
	bool sure;      /* proven or stuck; otherwise inferred from a trend, or near */
	uint64_t key;   /* with kind, identifies it in all snapshots of the session */
	uint32_t tasks; /* that it is about; 0 if it is not about tasks */
	pid_t pid;      /* process of all of them if the target is several, otherwise 0 */
	char text[WARNING_TEXT_MAX];         /* a few words: "3 stuck in io-write" */
	char sentence[WARNING_SENTENCE_MAX]; /* the same with all that is known */
	enum warning_place place;
	char filter[WARNING_FILTER_MAX];
	/* AT_WAITS: the node of core/graph.h that others wait for, one of a deadlock or
	 * the holder of the lock; or GRAPH_NONE, and the address or descriptor + 1 of
	 * the lock. */
	uint32_t node;
	uint64_t object;
	const struct group *group; /* AT_GROUP; in the snapshot */
	int limit;                 /* AT_RESOURCES: enum limit_id, or -1 */
};

struct warnings {
	struct warning list[WARNINGS_MAX];
	size_t count;
	size_t left_out; /* for which there was no room */
};

/* The snapshot must be complete and outlive the warnings. Needs time in proportion to its
 * tasks. Texts may have any bytes of the target's names, which the caller escapes. */
void warnings_find(struct warnings *out, const struct snapshot *snapshot);
const char *warning_kind_name(enum warning_kind kind); /* "deadlock" */
/* Returns whether both are the same warning at different times. */
bool warning_same(const struct warning *a, const struct warning *b);

#endif
