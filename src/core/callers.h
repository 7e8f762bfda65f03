/* SPDX-License-Identifier: MIT */
/*
 * Who calls the functions that create tasks of growing groups. Such a function often
 * belongs to a library and runs for a moment in a task of its own. So whenever it is seen
 * on a stack, the nearest function of the program's own code that called it is remembered,
 * or else what created that task, whose callers are then of interest too. The methods of
 * one Go type stand for each other: one that creates a connection is hardly ever seen,
 * while those of its pool that wait for it are. Bounded.
 */
#ifndef CORE_CALLERS_H
#define CORE_CALLERS_H

#include "core/snapshot.h"

#define CALLERS_MAX        512u
#define CALLERS_MAKERS_MAX 128u
#define CALLERS_DEEP       4u /* creators of creators */
#define CALLERS_STACK      3u /* callers on one stack that are remembered */
#define CALLERS_TYPE_MAX   160u

/* What was seen in samples up to now. */
struct caller {
	const char *maker;         /* interned: the function that was called, … */
	bool of_type;              /* … or a method of the same type */
	bool creates;              /* frame created the task, and did not call it */
	const struct frame *frame; /* of the program's own, or what created the task */
	uint32_t samples;          /* in which this was seen */
};

/* What a stack has of these; kept by the caller with the stack, zeroed at first. */
struct callers_stack {
	uint32_t generation;
	uint16_t count;
	uint16_t list[CALLERS_STACK];
};

struct callers;

struct callers *callers_new(void); /* NULL if memory is exhausted */
void callers_free(struct callers *callers);
void callers_reset(struct callers *callers);
/* From now on, follow who calls the innermost function of the stack that is not a
 * runtime's. */
void callers_want(struct callers *callers, const struct stack *created_by);
void callers_begin(struct callers *callers);
/* The stack occurs in this sample, in tasks of which one was created by the other. */
void callers_add(struct callers *callers, struct callers_stack *seen,
		 const struct stack *stack, const struct stack *created_by);
/* Returns what is remembered, of any maker. */
const struct caller *callers_list(const struct callers *callers, size_t *count);

/* Writes "net/http.(*Transport)" for a method of that type; "" if it is not a method. */
const char *callers_type(const char *function, char out[CALLERS_TYPE_MAX]);
/* Returns the nearest frame of the program's own code outside of this one, or NULL. */
const struct frame *callers_own(const struct stack *stack, size_t from);

#endif
