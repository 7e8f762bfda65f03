/* SPDX-License-Identifier: MIT */
/*
 * Tasks that have something in common, counted from look to look: the same stack, the same
 * place of creation, the same state, the same label. And which of them leak: judged for
 * each site (creator, blocked at, class) over those that have stayed a while. A task keeps
 * its site while it runs, and changes it only when it is seen twice at another one, so that
 * a loop of short waits neither comes nor goes.
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "base/err.h"
#include "core/snapshot.h"
#include "core/trend.h"

enum group_by { GROUP_STACK, GROUP_CREATOR, GROUP_STATE, GROUP_LABEL, GROUP_BY_COUNT };
const char *group_by_name(enum group_by by); /* "stack", "creator", "state", "label" */

#define GROUPS_MAX   4096u /* of each kind; tasks of the rest are "others" */
#define GROUP_LABELS 3u    /* labels of a task that count */
#define GROUP_SPARK  TREND_BUCKETS

struct group {
	enum group_by by;
	uint64_t serial;           /* the same group in another snapshot of the session */
	const struct stack *stack; /* of its oldest task; or NULL */
	const struct stack *created_by;     /* the same */
	enum task_state state;              /* the same */
	const char *label_key, *label_text; /* GROUP_LABEL */
	uint32_t example;                   /* index of its oldest task; count 0: none */
	uint32_t count, stuck, is_long;
	uint32_t word;  /* index of the oldest that is stuck, else long; count 0: none */
	uint32_t first; /* count when it was first seen; 0 unless that was at once */
	int64_t since_ns;    /* of the oldest wait; 0: not known */
	uint64_t came, left; /* while watched */
	double per_minute;
	bool acknowledged; /* by a rule of the user: never a leak */
	bool mixed_states, mixed_stacks, mixed_creators;
	enum verdict verdict; /* of the worst of its sites */
	double score;
	const struct leak *leak; /* that site, or NULL */
	/* Counts in equal steps of time up to now. */
	int64_t spark_begin_ns, spark_step_ns;
	uint32_t nr_spark;
	uint32_t spark[GROUP_SPARK];
};

/* What proves that a wait never ends, whatever the trend: bits. */
enum proof {
	PROOF_DEADLOCK = 1u << 0,    /* TASK_DEADLOCK */
	PROOF_NIL_CHANNEL = 1u << 1, /* in the words of Go's runtime */
	PROOF_RUNTIME = 1u << 2,     /* the runtime itself calls it leaked */
	PROOF_UNREACHABLE = 1u << 3, /* TASK_UNREACHABLE */
};

/* A site with a verdict. */
struct leak {
	uint64_t serial;
	const struct stack *stack, *created_by;
	enum task_state state;
	uint32_t example, count, stuck;
	uint32_t proofs, proven; /* enum proof of its tasks, and how many have one */
	int64_t since_ns;
	struct trend_finding finding;
	int64_t limit_ns;     /* until a limit is reached; -1: none is in sight */
	const char *limit;    /* "4,096 threads" */
	const char *evidence; /* sentences, each ends with a dot; arena */
	int64_t spark_begin_ns, spark_step_ns;
	uint32_t nr_spark;
	uint32_t spark[GROUP_SPARK];
	/* When each of finding.nr_steps came; 0: not known. */
	int64_t steps_ns[TREND_JUMPS + 1];
};

struct groups {
	struct group *list[GROUP_BY_COUNT]; /* no order; arena */
	size_t count[GROUP_BY_COUNT];
	uint32_t others[GROUP_BY_COUNT]; /* tasks of groups that there was no room for */
	struct leak *leaks;              /* proof first, then by score and count */
	size_t nr_leaks;
	struct leak *known; /* those that a rule of the user acknowledges; no order */
	size_t nr_known;
	size_t nr_judged;             /* sites */
	int64_t watched_ns, least_ns; /* growth is judged from least_ns on */
};

struct grouping;

/* acknowledge: filters, one a line; tasks that one matches leak as is known, and raise no
 * alarm. NULL: none. Returns NULL with a sentence where memory is out or a filter is wrong. */
struct grouping *grouping_new(const char *acknowledge, struct err *e);
/* Filters of tasks that are not even judged. Returns 0 or ERR_USAGE. */
int grouping_suppress(struct grouping *grouping, const char *filters, struct err *e);
void grouping_free(struct grouping *grouping);
void grouping_reset(struct grouping *grouping); /* another target */
/* How long must be watched before growth is a leak. */
void grouping_set_least(struct grouping *grouping, int64_t least_ns);
/*
 * Group and judge a snapshot that is complete but for snapshot->groups, which is set. Looks
 * come in the order of time; one that is older starts over. Without memory there are no
 * groups. Memory: bounded by GROUPS_MAX and the tasks of two looks.
 */
void grouping_update(struct grouping *grouping, struct snapshot *snapshot);

/* NULL: there is none. */
const struct leak *leak_by_serial(const struct groups *groups, uint64_t serial);
/* Other filters from the next look on; 0, or an error that leaves all as it is. */
int grouping_set_acknowledge(struct grouping *grouping, const char *acknowledge,
			     struct err *e);
/* Whether a rule of the user, of either kind, matches; first begin with a snapshot. */
void grouping_begin_acknowledging(struct grouping *grouping,
				  const struct snapshot *snapshot);
bool grouping_acknowledges(struct grouping *grouping, const struct task *task,
			   int64_t now_ns);
bool leak_has(const struct leak *leak, const struct task *task);
/* Whether the task belongs to it. */
bool group_has(const struct group *group, const struct task *task);
/* A filter that shows the tasks of it (as good as a filter can say it). */
void group_filter(const struct group *group, const struct snapshot *snapshot, char *out,
		  size_t size);
/* The same to be kept: without lines, which change with every build. */
void group_rule(const struct group *group, const struct snapshot *snapshot, char *out,
		size_t size);
/* Another snapshot's groups in the arena of this one, with the same tasks. */
void groups_copy(struct snapshot *snapshot, const struct snapshot *from);

#endif
