/* SPDX-License-Identifier: MIT */
/*
 * A look that is remembered, to be compared with later ones: what is new, gone or changed
 * among the tasks, and which groups have grown or shrunk. A mark keeps no snapshot, but a
 * short record of each task. Stacks are the session's and outlive it.
 */
#ifndef CORE_MARK_H
#define CORE_MARK_H

#include "base/err.h"
#include "core/group.h"
#include "core/snapshot.h"

#define MARKS_MAX       9u
#define MARKS_TASKS_MAX 1000000u /* of all marks together: about 80 MB */

enum change {
	CHANGE_NONE,
	CHANGE_NEW,
	CHANGE_GONE,
	CHANGE_MOVED, /* a task: another state, stack or object */
	CHANGE_GROWN, /* a group */
	CHANGE_SHRUNK,
};
const char *change_name(enum change change); /* "", "new", "gone" … */

/* A task as it was. */
struct mark_task {
	uint64_t id, serial, object;
	int64_t since_ns;
	const struct stack *stack, *created_by;
	pid_t tid;
	uint32_t name; /* in mark->names */
	uint32_t flags;
	uint8_t kind, state;
};

/* What a group is, in any snapshot of the session: interned pointers, numbers, hashes. */
struct group_identity {
	const void *text[2];
	uint64_t number[2];
};

struct mark_group {
	struct group_identity identity;
	struct group group; /* as it was; leak and task of then are not there */
};

struct mark {
	unsigned number; /* 0: the first look */
	int64_t mono_ns, real_ns;
	struct mark_task *tasks;
	size_t nr_tasks;
	char *names;
	uint64_t seed;
	uint32_t *index; /* over tasks */
	size_t index_capacity;
	struct mark_group *groups[GROUP_BY_COUNT];
	size_t nr_groups[GROUP_BY_COUNT];
	struct arena labels; /* texts of groups */
};

struct marks {
	struct mark *list[MARKS_MAX]; /* oldest first */
	size_t count;
	size_t chosen; /* the one that is compared with */
	unsigned next_number;
	int64_t settled_ns; /* until then the first waits for the stacks; 0: it has them */
};

void marks_clear(struct marks *marks);
/*
 * Remember the first look; to be called with every one. While stacks are still missing, for
 * three seconds at most, the next look takes its place: a group that has grown because the
 * stacks of its tasks came has not grown. Where it fails it is not tried again.
 */
void marks_start(struct marks *marks, const struct snapshot *snapshot);
/*
 * Remember this look; it is the chosen one from then on. The oldest but the first are
 * dropped where there are too many, or too many tasks in them. ERR_NOMEM, or ERR_USAGE: this
 * look alone has too many tasks.
 */
int marks_add(struct marks *marks, const struct snapshot *snapshot, struct err *e);
const struct mark *marks_chosen(const struct marks *marks); /* NULL: there is none */
void marks_choose_next(struct marks *marks);

/* The tasks that differ from a mark. */
struct mark_changes {
	/* New and changed ones of now, then the gone ones as they were: with TASK_NEW,
	 * TASK_GONE or TASK_MOVED. Its texts are those of the look that was compared. */
	struct snapshot *snapshot;
	const struct mark_task **before; /* of each; NULL: new; arena */
	size_t nr_new, nr_gone, nr_moved;
};
/* Returns 0 or ERR_NOMEM. Linear in tasks. changes->snapshot has one reference. */
int mark_compare(const struct mark *mark, const struct snapshot *now,
		 struct mark_changes *changes, struct err *e);
/* A snapshot of one task that is gone, with texts of its own; NULL: no memory. */
struct snapshot *mark_gone(const struct mark *mark, const struct mark_task *task,
			   const struct snapshot *now);

/* A group beside what it was. */
struct group_change {
	const struct group *group; /* of now; of then if it is gone */
	enum change change;
	int64_t difference;
};
struct group_identity group_identify(const struct group *group);
bool group_identity_same(const struct group_identity *a, const struct group_identity *b);
/* The group as it was at the mark, or NULL. */
const struct group *mark_group(const struct mark *mark, enum group_by by,
			       const struct group_identity *identity);
/* Groups of now and those that are gone; mark NULL: no change. out: room for twice
 * GROUPS_MAX. Returns how many. */
size_t mark_compare_groups(const struct mark *mark, const struct groups *groups,
			   enum group_by by, struct group_change *out);

#endif
