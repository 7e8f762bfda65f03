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
	uint32_t count; /* that wait now; 0: the task is in no crowd */
	bool grows;
};

struct crowds *crowds_new(void);
void crowds_free(struct crowds *crowds);
void crowds_reset(struct crowds *crowds);
/* Count the blocked tasks of a look. Without memory nobody is in a crowd. */
void crowds_count(struct crowds *crowds, const struct snapshot *snapshot);
/* Of the task with this index in the snapshot that was counted last. */
struct crowd crowd_of_object(const struct crowds *crowds, size_t index);
struct crowd crowd_of_stack(const struct crowds *crowds, size_t index);
/* What a task waits for, as one number; several objects count as a set. 0: not known. */
uint64_t crowd_object(const struct task *task);

#endif
