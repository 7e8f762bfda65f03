/* SPDX-License-Identifier: MIT */
/*
 * Groups of tasks that have something in common, counted over all samples: the same
 * stack, the same creation site (and the same ancestors, where the runtime keeps them),
 * the same state or the same label. Also decides which of
 * them leak. That is judged for each site (creator, blocked at, class) and counts only
 * tasks that have stayed for a while. A task keeps its site while it runs, and changes it
 * only after it has been seen twice at another one, so that a loop of short waits does
 * not count as arrivals and departures.
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "base/err.h"
#include "core/callers.h"
#include "core/growth.h"
#include "core/snapshot.h"
#include "core/trend.h"

enum group_by { GROUP_STACK, GROUP_CREATOR, GROUP_STATE, GROUP_LABEL, GROUP_BY_COUNT };
const char *group_by_name(enum group_by by); /* "stack", "creator", "state", "label" */

/* Maximum per kind; the tasks of further groups are counted as "others". */
#define GROUPS_MAX   4096u
#define GROUP_LABELS 3u /* number of labels per task that are considered */
#define GROUP_SPARK  TREND_BUCKETS

struct group {
	enum group_by by;
	/* identifies the group in all snapshots of the session */
	uint64_t serial;
	const struct stack *stack;          /* of its oldest task, or NULL */
	const struct stack *created_by;     /* of its oldest task */
	const struct ancestry *ancestry;    /* of its oldest task, or NULL */
	enum task_state state;              /* of its oldest task */
	const char *label_key, *label_text; /* GROUP_LABEL */
	uint32_t example;                   /* index of its oldest task, if count > 0 */
	uint32_t count, stuck, is_long;
	/* index of the oldest stuck task, or of the oldest long one if none is stuck */
	uint32_t word;
	uint32_t first;   /* count in the first sample; 0 if the group appeared later */
	int64_t since_ns; /* start of the oldest wait; 0 if unknown */
	uint64_t came, left; /* while observed */
	double per_minute;
	bool acknowledged; /* excluded from leaks by a rule of the user */
	bool mixed_states, mixed_stacks, mixed_creators;
	enum verdict verdict; /* verdict of its worst site */
	double score;
	const struct leak *leak; /* the leak of that site, or NULL */
	/* Counts at equal steps of time up to now. */
	int64_t spark_begin_ns, spark_step_ns;
	uint32_t nr_spark;
	uint32_t spark[GROUP_SPARK];
};

/* Bits for what proves that a wait never ends, independent of the trend. */
enum proof {
	PROOF_DEADLOCK = 1u << 0,    /* TASK_DEADLOCK */
	PROOF_NIL_CHANNEL = 1u << 1, /* reported by Go's runtime */
	PROOF_RUNTIME = 1u << 2,     /* the runtime itself reports it as leaked */
	PROOF_UNREACHABLE = 1u << 3, /* TASK_UNREACHABLE */
};

/* A site with a verdict. */
struct leak {
	uint64_t serial;
	const struct stack *stack, *created_by;
	const struct ancestry *ancestry; /* of the example, or NULL */
	enum task_state state;
	uint32_t example, count, stuck;
	bool mixed_creators; /* its tasks do not agree in their creators or ancestors */
	/* enum proof of its tasks; number of tasks that have one */
	uint32_t proofs, proven;
	int64_t since_ns;
	struct trend_finding finding;
	/* The leak that this one is a part of, by its serial, because they grow in step;
	 * 0 if it is told by itself. Parts are not counted as leaks. */
	uint64_t lead;
	uint32_t nr_parts;               /* that have this one as their lead */
	struct growth_relation relation; /* of a part to its lead */
	struct suspects suspects;        /* what ran when it grew */
	int64_t limit_ns;     /* time until a limit is reached; -1 if none is in sight */
	const char *limit;    /* "4,096 threads" */
	const char *evidence; /* sentences, each with a full stop; in the arena */
	int64_t spark_begin_ns, spark_step_ns;
	uint32_t nr_spark;
	uint32_t spark[GROUP_SPARK];
	/* Times of the finding.nr_steps steps; 0 if unknown. */
	int64_t steps_ns[TREND_JUMPS + 1];
};

struct groups {
	struct group *list[GROUP_BY_COUNT]; /* unordered; in the arena */
	size_t count[GROUP_BY_COUNT];
	uint32_t others[GROUP_BY_COUNT]; /* tasks of groups for which there was no room */
	/* proofs first, then by score and count; the parts of a leak follow it */
	struct leak *leaks;
	size_t nr_leaks;
	struct leak *known; /* leaks that a rule of the user acknowledges; unordered */
	size_t nr_known;
	/* who was seen to call what creates tasks of groups that grew; in the arena */
	const struct caller *callers;
	size_t nr_callers;
	size_t nr_judged;             /* number of sites */
	int64_t watched_ns, least_ns; /* growth is judged from least_ns on */
};

struct grouping;

/* acknowledge: filters, one per line. Leaks of tasks that match one are listed as known
 * and raise no alarm. NULL for none. Returns NULL and sets e if memory is exhausted or a
 * filter is not valid. */
struct grouping *grouping_new(const char *acknowledge, struct err *e);
/* Sets filters of tasks that are not judged at all. Returns 0 or ERR_USAGE. */
int grouping_suppress(struct grouping *grouping, const char *filters, struct err *e);
void grouping_free(struct grouping *grouping);
void grouping_reset(struct grouping *grouping); /* for another target */
/* Sets the minimum time of observation before growth is reported as a leak. */
void grouping_set_least(struct grouping *grouping, int64_t least_ns);
/*
 * Group and judge a snapshot that is complete except for snapshot->groups, which is set.
 * Snapshots must be in chronological order; an older one starts over. If memory is
 * exhausted, there are no groups. Memory use is limited by GROUPS_MAX and the tasks of
 * two samples.
 */
void grouping_update(struct grouping *grouping, struct snapshot *snapshot);

/* Sets other filters from the next sample on. Returns 0, or an error that leaves
 * everything unchanged. */
int grouping_set_acknowledge(struct grouping *grouping, const char *acknowledge,
			     struct err *e);
/* Returns whether a rule of the user, of either kind, matches the task. Call begin first
 * for each snapshot. */
void grouping_begin_acknowledging(struct grouping *grouping,
				  const struct snapshot *snapshot);
bool grouping_acknowledges(struct grouping *grouping, const struct task *task,
			   int64_t now_ns);
/* Returns whether a leak is nothing but the tasks of deadlocks, which are counted and shown
 * as such, by graph_cycles(): it does not grow. */
bool leak_is_deadlock(const struct leak *leak);
/* Returns the number of leaks with this verdict or a worse one; one that has parts counts
 * once. Without deadlocks, and without those of timers, which timers_leaks() counts. */
size_t groups_leaks(const struct groups *groups, enum verdict least);
bool leak_has(const struct leak *leak, const struct task *task);
/* Returns whether the task belongs to the group. */
bool group_has(const struct group *group, const struct task *task);
/* Writes a filter that shows the tasks of the group, as precisely as a filter can. */
void group_filter(const struct group *group, const struct snapshot *snapshot, char *out,
		  size_t size);
/* Like group_filter(), but for permanent use: without lines, because they change with
 * every build. */
void group_rule(const struct group *group, const struct snapshot *snapshot, char *out,
		size_t size);
/* Describes a trend in sentences, in the arena. Never NULL. */
const char *finding_explain(const struct trend_finding *finding,
			    struct snapshot *snapshot);
/* Copies another snapshot's groups into this one's arena. Both must have the same
 * tasks. */
void groups_copy(struct snapshot *snapshot, const struct snapshot *from);

#endif
