/* SPDX-License-Identifier: MIT */
/* The state of core/group.h between two samples: entries by key and members by task. Only
 * the group_*.c files include it. */
#ifndef CORE_GROUP_PRIVATE_H
#define CORE_GROUP_PRIVATE_H

#include "base/intern.h"
#include "core/callers.h"
#include "core/group.h"
#include "core/presence.h"
#include "core/query.h"
#include "core/timer_trend.h"

#define GROUP_NONE    UINT32_MAX
#define MEMBER_GROUPS (GROUP_LABEL + GROUP_LABELS) /* stack, creator, state, labels */
#define RULES_MAX     32u

/* Interned pointers and numbers. Compared and hashed as bytes, since there is no
 * padding. */
struct group_key {
	const void *text[4];
	uint64_t number[2];
};

/* Tasks of a site that count from now on, and when they were first seen. */
struct arrived {
	int64_t time_ns;
	uint32_t size;
};

struct entry {
	/* In this sample. */
	uint32_t count, stuck, is_long, example;
	uint32_t word;   /* the oldest stuck task, or the oldest long one */
	int64_t word_ns; /* start of its wait */
	uint32_t came, left;
	struct trend_flow elders; /* only of a site */
	/* of a site: arrival of the latest task that arrived; 0 if none did */
	int64_t joined_ns;
	uint32_t sample;  /* last sample in which a task of it was seen */
	int64_t since_ns; /* start of the oldest wait */
	/* of the first task, with which the others are compared */
	const struct stack *stack, *created_by;
	const struct ancestry *ancestry;
	uint8_t state;
	bool mixed_stacks, mixed_creators, mixed_states;
	/* of a site: enum proof of its tasks, and how many have one */
	uint32_t proofs, proven;
	uint32_t leaks; /* 1 + index of its worst leak; 0 if none */
	struct arrived arrived[2];
	/* Over all samples. */
	struct group_key key;
	uint64_t hash, serial;
	uint64_t all_came, all_left;
	uint32_t first;
	struct trend_ring ring;
	struct trend *trend;        /* of a site; otherwise NULL */
	struct growth *growth;      /* of a site that has grown, or NULL */
	struct presence_stack seen; /* of a stack or a creator */
	struct callers_stack calls; /* of a stack */
};

struct entry_table {
	struct entry *list[GROUPS_MAX]; /* NULL if free */
	/* entries that have been used; some may be free again */
	uint32_t count;
	uint32_t nr_free;
	uint32_t index[GROUPS_MAX * 2]; /* open addressing; GROUP_NONE if free */
	/* tasks of this sample for which there was no room */
	uint32_t others;
	uint32_t swept; /* last sample in which room was made */
};

/* A task of the last sample, at the same position. */
struct member {
	uint64_t id, serial;
	const struct stack *stack, *created_by;
	const struct ancestry *ancestry;
	uint64_t labels;    /* hash of the first labels; 0 if there are none */
	int64_t joined_ns;  /* when it joined its site */
	int64_t pending_ns; /* since when it has been seen only at the pending site */
	uint32_t groups[MEMBER_GROUPS];
	uint32_t site, pending;
	uint32_t here; /* its site in this sample */
	uint32_t weight;
	const char *raw;           /* the word from which `said` was derived */
	uint8_t kind, state, said; /* said: enum proof derived from raw */
	bool survivor, elder, taken;
};

struct rules {
	struct query *list[RULES_MAX];
	size_t count;
};

#define GROUP_SAMPLES 256u

struct grouping {
	struct entry_table tables[GROUP_BY_COUNT];
	struct entry_table sites;
	struct member *before, *now;
	size_t nr_before, cap_before, cap_now;
	size_t at_before; /* expected position of the next task */
	uint32_t *index;  /* index of `before`; built if the order has changed */
	size_t index_capacity;
	bool indexed;
	struct intern *intern; /* texts of labels */
	bool renewed;          /* in this sample, so all labels are new to it */
	struct rules acknowledge, suppress; /* rules of the user */
	struct timer_trends *timers;        /* NULL if there is no memory */
	struct presence *presence;          /* likewise */
	struct callers *callers;            /* likewise */
	uint32_t nr_growths;                /* sites that have one */
	uint32_t nr_related;                /* leaks in the last sample */
	uint64_t seed, next_serial;
	uint32_t sample;
	int64_t first_ns, last_ns, least_ns;
	/* of the last sample, with its start time; if either differs, it is another
	 * target */
	pid_t pid;
	int64_t start_real_ns;
	int64_t survive_ns, elder_ns; /* minimum time at a site */
	/* Ring of the times of the last samples, used to look up the sample before one of
	 * them. */
	int64_t samples_ns[GROUP_SAMPLES];
};

void entry_table_init(struct entry_table *table);
void entry_table_release(struct entry_table *table);
/* Returns the entry of the key, which is created if there is room, or GROUP_NONE. */
uint32_t entry_find(struct grouping *grouping, struct entry_table *table,
		    const struct group_key *key, bool site);
void entry_begin_sample(struct entry_table *table);

int group_rules_take(struct rules *rules, const char *text, struct err *e);
void group_rules_free(struct rules *rules);
bool group_rules_match(struct rules *rules, const struct task *task, int64_t now_ns);

/* Drops verdicts on timers whose function a rule of the user matches as the name of a
 * task. timers may be NULL. */
void group_rules_forgive(struct grouping *grouping, struct timers *timers,
			 int64_t now_ns);

/* Returns the same task in the previous sample, or NULL. */
struct member *group_find_before(struct grouping *grouping, const struct task *task);

/* count tasks of the site that were first seen at time_ns have stayed; task is one of
 * them, or NULL. */
void group_growth_arrive(struct entry *site, int64_t time_ns, uint32_t count,
			 const struct task *task);
/* The member leaves the site, which has grown. */
void group_growth_leave(const struct grouping *grouping, struct entry *site,
			const struct member *member);
/* Takes what the entries of this sample say. */
void group_growth_update(struct grouping *grouping);
void group_growth_drop(struct grouping *grouping, struct entry *site);
/* Copies what is known of callers into the snapshot. */
void group_growth_publish(const struct grouping *grouping, struct snapshot *snapshot,
			  struct groups *groups);
/* Makes leaks that grow in step one. */
void group_growth_relate(struct grouping *grouping, const struct snapshot *snapshot,
			 const struct groups *groups);
/* Then fills in what ran when they grew, except for those of parts. */
void group_growth_suspect(struct grouping *grouping, const struct groups *groups);

/* Fills in snapshot->groups from what group.c has counted. */
void group_publish(struct grouping *grouping, struct snapshot *snapshot);
/* Describes leak->finding and its proofs in the arena. Sets limit, limit_ns and
 * evidence. */
void leak_explain(struct leak *leak, const struct groups *groups,
		  struct snapshot *snapshot);

#endif
