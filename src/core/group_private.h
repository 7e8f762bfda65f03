/* SPDX-License-Identifier: MIT */
/* The memory of core/group.h between two looks: entries by key, members by task. Nobody but
 * the group_*.c files includes it. */
#ifndef CORE_GROUP_PRIVATE_H
#define CORE_GROUP_PRIVATE_H

#include "base/intern.h"
#include "core/group.h"
#include "core/query.h"

#define GROUP_NONE    UINT32_MAX
#define MEMBER_GROUPS (GROUP_LABEL + GROUP_LABELS) /* stack, creator, state, labels */
#define RULES_MAX     32u

/* Interned pointers and numbers; compared and hashed as bytes: there is no padding. */
struct group_key {
	const void *text[4];
	uint64_t number[2];
};

struct entry {
	/* Of this look. */
	uint32_t count, stuck, is_long, example;
	uint32_t word;   /* the oldest one that is stuck, else long */
	int64_t word_ns; /* since when that waits */
	uint32_t came, left;
	struct trend_flow elders; /* of a site */
	int64_t joined_ns; /* a site: when the last of those came who have come; 0: none */
	uint32_t look;     /* the last one that something of it was seen in */
	int64_t since_ns;  /* of the oldest */
	const struct stack *stack, *created_by; /* of the first task; then compared */
	uint8_t state;
	bool mixed_stacks, mixed_creators, mixed_states;
	uint32_t proofs, proven; /* a site: enum proof of its tasks, and how many */
	uint32_t leaks;          /* 1 + index of its worst leak; 0: none */
	/* Of all looks. */
	struct group_key key;
	uint64_t hash, serial;
	uint64_t all_came, all_left;
	uint32_t first;
	struct trend_ring ring;
	struct trend *trend; /* of a site; else NULL */
};

struct entry_table {
	struct entry *list[GROUPS_MAX]; /* NULL: free */
	uint32_t count;                 /* that have been used; some may be free again */
	uint32_t nr_free;
	uint32_t index[GROUPS_MAX * 2]; /* open addressing; GROUP_NONE: free */
	uint32_t others;                /* tasks of this look that found no room */
	uint32_t swept;                 /* the last look that made room */
};

/* A task of the last look, in its order. */
struct member {
	uint64_t id, serial;
	const struct stack *stack, *created_by;
	uint64_t labels;    /* hash of the first ones; 0: none */
	int64_t joined_ns;  /* the site */
	int64_t pending_ns; /* seen there since, and nowhere else */
	uint32_t groups[MEMBER_GROUPS];
	uint32_t site, pending;
	uint32_t here; /* the site that this look says */
	uint32_t weight;
	const char *raw;           /* that `said` was read from */
	uint8_t kind, state, said; /* said: enum proof of raw */
	bool survivor, elder, taken;
};

struct rules {
	struct query *list[RULES_MAX];
	size_t count;
};

#define GROUP_LOOKS 256u

struct grouping {
	struct entry_table tables[GROUP_BY_COUNT];
	struct entry_table sites;
	struct member *before, *now;
	size_t nr_before, cap_before, cap_now;
	size_t at_before; /* where the next task is expected */
	uint32_t *index;  /* over before; built when the order has changed */
	size_t index_capacity;
	bool indexed;
	struct intern *intern; /* texts of labels */
	bool renewed;          /* in this look: everybody\'s labels are new to it */
	struct rules acknowledge, suppress; /* of the user */
	uint64_t seed, next_serial;
	uint32_t look;
	int64_t first_ns, last_ns, least_ns;
	pid_t pid; /* of the last look, and when it began: another one is another target */
	int64_t start_real_ns;
	int64_t survive_ns, elder_ns; /* in a site for so long */
	/* When the last looks were, in a ring: the look before one of them is what is asked. */
	int64_t looks_ns[GROUP_LOOKS];
};

void entry_table_init(struct entry_table *table);
void entry_table_release(struct entry_table *table);
/* The entry of the key, made if there is room, or GROUP_NONE. */
uint32_t entry_find(struct grouping *grouping, struct entry_table *table,
		    const struct group_key *key, bool site);
void entry_begin_look(struct entry_table *table);

int group_rules_take(struct rules *rules, const char *text, struct err *e);
void group_rules_free(struct rules *rules);
bool group_rules_match(struct rules *rules, const struct task *task, int64_t now_ns);

/* The same task in the look before, or NULL. */
struct member *group_find_before(struct grouping *grouping, const struct task *task);

/* From what group.c has counted to snapshot->groups. */
void group_publish(struct grouping *grouping, struct snapshot *snapshot);
/* Words for leak->finding and its proofs, in the arena; sets limit, limit_ns, evidence. */
void leak_explain(struct leak *leak, struct snapshot *snapshot);

#endif
