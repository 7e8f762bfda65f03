/* SPDX-License-Identifier: MIT */
/*
 * A mark is a sample that later ones are compared with: which tasks are new, gone or
 * changed, and which groups have grown or shrunk. It does not keep the snapshot, but a
 * short record of each task. Stacks belong to the session and outlive it.
 */
#ifndef CORE_MARK_H
#define CORE_MARK_H

#include "base/err.h"
#include "core/group.h"
#include "core/snapshot.h"

#define MARKS_MAX       9u
#define MARKS_TASKS_MAX 1000000u /* total of all marks: about 80 MB */

enum change {
	CHANGE_NONE,
	CHANGE_NEW,
	CHANGE_GONE,
	CHANGE_MOVED, /* a task with another state, stack or object */
	CHANGE_GROWN, /* a group */
	CHANGE_SHRUNK,
};

/* A task at the time of the mark. */
struct mark_task {
	uint64_t id, serial, object;
	int64_t since_ns;
	const struct stack *stack, *created_by;
	const struct ancestry *ancestry;
	pid_t tid;
	uint32_t name; /* in mark->names */
	uint32_t flags;
	uint8_t kind, state;
};

/* Identifies a group in any snapshot of the session: interned pointers, numbers and
 * hashes. */
struct group_identity {
	const void *text[2];
	uint64_t number[2];
};

struct mark_group {
	struct group_identity identity;
	struct group group; /* at the time of the mark; without the leak and the task */
};

struct mark {
	unsigned number; /* 0 for the first sample */
	int64_t mono_ns, real_ns;
	struct go_heap_point heap;
	struct mark_task *tasks;
	size_t nr_tasks;
	char *names;
	uint64_t seed;
	uint32_t *index; /* index of tasks */
	size_t index_capacity;
	struct mark_group *groups[GROUP_BY_COUNT];
	size_t nr_groups[GROUP_BY_COUNT];
	struct arena labels;         /* texts of groups, and the timers */
	const struct timers *timers; /* or NULL */
};

struct marks {
	struct mark *list[MARKS_MAX]; /* oldest first */
	size_t count;
	size_t chosen; /* the mark to compare with */
	unsigned next_number;
	/* until then the first mark waits for stacks; 0 if it has them */
	int64_t settled_ns;
};

void marks_clear(struct marks *marks);
/*
 * Keep the first sample. Call this for every sample. While stacks are still missing, but
 * for at most three seconds, the next sample replaces it: otherwise a group would seem to
 * grow just because the stacks of its tasks have been read. If this fails, it is not
 * tried again.
 */
void marks_start(struct marks *marks, const struct snapshot *snapshot);
/*
 * Keep this sample and choose it for comparison. If there are too many marks, or too many
 * tasks in them, the oldest ones except the first are dropped. Returns ERR_NOMEM, or
 * ERR_USAGE if this sample alone has too many tasks.
 */
int marks_add(struct marks *marks, const struct snapshot *snapshot, struct err *e);
const struct mark *marks_chosen(const struct marks *marks); /* NULL if there is none */
void marks_choose_next(struct marks *marks);

/* The tasks that differ from a mark. */
struct mark_changes {
	/* New and changed tasks of the current snapshot, then the gone ones in their
	 * earlier state, flagged TASK_NEW, TASK_GONE or TASK_MOVED. Its texts belong to
	 * the snapshot that was compared. */
	struct snapshot *snapshot;
	/* the earlier state of each task; NULL if new; in the arena */
	const struct mark_task **before;
	size_t nr_new, nr_gone, nr_moved;
};
/* Returns 0 or ERR_NOMEM. Linear in the number of tasks. changes->snapshot has one
 * reference. */
int mark_compare(const struct mark *mark, const struct snapshot *now,
		 struct mark_changes *changes, struct err *e);
/* Returns a snapshot of one task that is gone, with its own texts, or NULL if there is no
 * memory. */
struct snapshot *mark_gone(const struct mark *mark, const struct mark_task *task,
			   const struct snapshot *now);

/* A group and how it differs from the mark. */
struct group_change {
	/* the current group, or the earlier one if it is gone */
	const struct group *group;
	enum change change;
	int64_t difference;
};
struct group_identity group_identify(const struct group *group);
/* Returns the group of a snapshot that has tasks, or NULL. groups may be NULL. */
const struct group *groups_find(const struct groups *groups, enum group_by by,
				const struct group_identity *identity);
bool group_identity_same(const struct group_identity *a, const struct group_identity *b);
/* Returns the group as it was at the mark, or NULL. */
const struct group *mark_group(const struct mark *mark, enum group_by by,
			       const struct group_identity *identity);
/* Lists the current groups and those that are gone. If mark is NULL, none has changed.
 * `out` must have room for twice GROUPS_MAX. Returns the number of groups. */
size_t mark_compare_groups(const struct mark *mark, const struct groups *groups,
			   enum group_by by, struct group_change *out);

#endif
