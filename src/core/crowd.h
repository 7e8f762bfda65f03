/* SPDX-License-Identifier: MIT */
/*
 * Counts the tasks that wait together, either at the same place for the same object or
 * with the same stack, and determines whether their number grows. Linear in the number of
 * tasks of a sample; the state between samples is bounded.
 */
#ifndef CORE_CROWD_H
#define CORE_CROWD_H

#include "core/snapshot.h"

struct crowds;

struct crowd {
	uint32_t count; /* tasks that wait now, including this one */
	/* if there are several, those that have waited since they began */
	uint32_t began;
	bool grows;
};

struct crowds *crowds_new(void);
void crowds_free(struct crowds *crowds);
void crowds_reset(struct crowds *crowds);
/* Count the blocked tasks of a sample: call begin, then put for each task, then end. If
 * memory is exhausted, no task is in a crowd. */
void crowds_begin(struct crowds *crowds, size_t nr_tasks);
/* tasks: the array with all tasks of the sample. */
void crowds_put(struct crowds *crowds, size_t index, const struct task *tasks);
void crowds_end(struct crowds *crowds, const struct task *tasks, int64_t now_ns);
/* Return the crowd of the task with this index in the last snapshot that was counted. */
struct crowd crowd_of_object(const struct crowds *crowds, size_t index);
struct crowd crowd_of_stack(const struct crowds *crowds, size_t index);
/* Returns the maximum number of tasks that have waited at this task's place for its
 * object at the same time, or 0 if there were never two. */
uint32_t crowd_before(const struct crowds *crowds, size_t index);
/* Has the processor bring what the functions above need for this task. */
void crowd_bring(const struct crowds *crowds, size_t index);
/* Returns whether the thread came here as soon as it had begun. */
bool crowd_since_it_began(const struct task *task);

#endif
