/* SPDX-License-Identifier: MIT */
/* What the tasks of a group hold in common, and what differs between them. */
#ifndef CORE_HOLDS_GROUP_H
#define CORE_HOLDS_GROUP_H

#include "core/group.h"
#include "core/holds.h"

#define HOLDS_SHARED_MAX    40u
#define HOLDS_DIFFERING_MAX 12u
/* Of the tasks outside a group, this many are compared with it, and of each stack only a
 * few: those that belong to the members would else outweigh all others. */
#define HOLDS_OUTSIDE_MAX   64u
#define HOLDS_OUTSIDE_STACK 2u

/* Something that most members hold. */
struct holds_shared {
	const struct held *held; /* of the first member that holds it */
	const char *text;        /* its value, or what all values begin with */
	bool prefix;             /* it is what `values` different texts begin with */
	bool remote;             /* it is the far end of connections */
	uint8_t worth;           /* how much it says to a person, from 0 to 30 */
	uint32_t values;
	uint32_t members; /* that hold it */
	uint32_t outside; /* tasks outside the group that hold it too */
};

/* Something that most members hold with different values. */
struct holds_differing {
	const struct held *held; /* an example */
	uint32_t values, members;
};

struct holds_group {
	uint32_t members, outsiders; /* whose holds are known */
	bool cut;                    /* there were too many things to compare them all */
	/* Most telling first: what nearly all members hold, and few tasks outside. */
	const struct holds_shared *shared;
	size_t nr_shared;
	const struct holds_differing *differing;
	size_t nr_differing;
};

/*
 * Compares the holds of members with each other and with those of tasks outside. Pointers
 * that are NULL are left out. The result is in the arena and points into the members.
 * Returns NULL if no member has holds, or if out of memory. 1,000 members with 200 things
 * each take less than a second.
 */
const struct holds_group *holds_group_find(const struct holds *const *members,
					   size_t nr_members,
					   const struct holds *const *outside,
					   size_t nr_outside, struct arena *arena);
/* The tasks that are compared: those of a group, or those of a leak. */
struct holds_who {
	const struct group *group;
	const struct leak *leak; /* if group is NULL */
};

bool holds_who_has(struct holds_who who, const struct task *task);
/* The same for tasks of a snapshot. */
const struct holds_group *holds_group_of(const struct snapshot *snapshot,
					 struct holds_who who, struct arena *arena);
#define HOLDS_ASK_MAX (HOLDS_TASKS_MAX + HOLDS_OUTSIDE_MAX)
/* Stores the goroutines to ask: members, oldest waits first, and then some
 * outside of the group. Returns their number. *members is the number of the first kind,
 * *all the number of goroutines that belong to the group. */
size_t holds_group_ask(const struct snapshot *snapshot, struct holds_who who,
		       struct holds_wish out[HOLDS_ASK_MAX], size_t *members,
		       size_t *all);

/* Stores some goroutines outside: `outside` has a value for each task of the
 * snapshot. Returns their number. */
size_t holds_ask_outside(const struct snapshot *snapshot, const bool *outside,
			 struct holds_wish out[HOLDS_OUTSIDE_MAX]);

#define HOLDS_GROUPS_MAX 20u

struct holds_of_group {
	const struct group *group;
	const struct holds_group *holds;
};

/* Stores the groups of equal stacks that have at least two tasks with holds, one of them
 * shown, the largest first: `shown` has nr_shown indexes of tasks. Returns their number.
 * Groups of which tasks were read only for comparison are left out in this way. */
size_t holds_of_groups(const struct snapshot *snapshot, const uint32_t *shown,
		       size_t nr_shown, struct holds_of_group out[HOLDS_GROUPS_MAX],
		       struct arena *arena);

#define HOLDS_SENTENCE       5u /* things that a sentence names */
#define HOLDS_GROUP_TEXT_MAX 700
/* Formats "all 822: host registry.example:443, path /v2/… (412 different); 790 of 822: …",
 * with at most `most` things; "" if the members have nothing in common. */
const char *holds_group_text(const struct holds_group *group, size_t most, bool ascii,
			     char out[HOLDS_GROUP_TEXT_MAX]);
#define HOLDS_READ_MAX 48
/* Formats " (1000 of 1506 were read)", or "" if all tasks of the group were. */
const char *holds_group_read(const struct holds_group *group, uint32_t tasks,
			     char out[HOLDS_READ_MAX]);
/* Formats "host registry.example:443", "path /v2/… (412 different)". */
const char *holds_shared_text(const struct holds_shared *shared, bool ascii,
			      char out[HELD_LINE_MAX + 64]);
/* Formats "822 different ids, such as 6f1e". */
const char *holds_differing_text(const struct holds_differing *differing, bool ascii,
				 char out[HELD_LINE_MAX + 64]);

#endif
