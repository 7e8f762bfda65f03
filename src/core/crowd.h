/* SPDX-License-Identifier: MIT */
/*
 * How many tasks wait together: at the same place for the same object, or with the same
 * stack; and whether their number grows while it is watched. Linear in the tasks of a look;
 * what is kept between looks is bounded.
 */
#ifndef CORE_CROWD_H
#define CORE_CROWD_H

#include "core/snapshot.h"

struct crowds;

struct crowd {
	uint32_t count; /* that wait now, itself included */
	uint32_t began; /* of several, those that have waited since they began */
	bool grows;
};

struct crowds *crowds_new(void);
void crowds_free(struct crowds *crowds);
void crowds_reset(struct crowds *crowds);
/* Count the blocked tasks of a look: begin, put each, end. Without memory no task is in a
 * crowd. */
void crowds_begin(struct crowds *crowds, size_t nr_tasks);
/* tasks: all of the look. */
void crowds_put(struct crowds *crowds, size_t index, const struct task *tasks);
void crowds_end(struct crowds *crowds, int64_t now_ns);
/* Of the task with this index in the snapshot that was counted last. */
struct crowd crowd_of_object(const struct crowds *crowds, size_t index);
struct crowd crowd_of_stack(const struct crowds *crowds, size_t index);
/* The most that have waited at this task's place for its object at a time; 0: never two. */
uint32_t crowd_before(const struct crowds *crowds, const struct task *task);
/* A thread that came here as soon as it had begun. */
bool crowd_since_it_began(const struct task *task);
/* What a task waits for, as one number; several objects count as a set. 0: not known. */
uint64_t crowd_object(const struct task *task);

#endif
