/* SPDX-License-Identifier: MIT */
/* The objects that a task waits for, in a form in which those of two tasks compare. */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include "core/snapshot.h"

#define OBJECTS_MAX 8u

/* Stores addresses, or for a descriptor its number + 1, which differ between processes if
 * the target is several. A recording has those of a select in its text, so they are taken
 * from there. Returns how many. */
size_t objects_of(const struct task *task, uint64_t out[OBJECTS_MAX]);

#endif
