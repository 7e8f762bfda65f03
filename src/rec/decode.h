/* SPDX-License-Identifier: MIT */
/* Fields of a sample as a snapshot has them. Wrong types count as absent. */
#ifndef REC_DECODE_H
#define REC_DECODE_H

#include <jansson.h>

#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"

#define REC_STACKS_MAX 65536u
#define REC_OTHERS_MAX 4096u /* threads of other processes */

struct rec_tables {
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack **by_number; /* of the stream */
	size_t nr_numbers;              /* at most REC_STACKS_MAX */
};

/* An array of frames; NULL: not one. */
const struct stack *rec_decode_stack(const struct rec_tables *tables, json_t *frames);
void rec_decode_resources(json_t *object, struct resources *out);
/* Target, resources, errors, times. */
void rec_decode_head(const struct rec_tables *tables, json_t *head, struct snapshot *out);
/* Adds the task to the snapshot. */
int rec_decode_task(const struct rec_tables *tables, const char *id, json_t *fields,
		    struct snapshot *out);
/* Other processes and their threads: an array. */
int rec_decode_processes(const struct rec_tables *tables, json_t *array,
			 struct snapshot *out);
/* A dump's deadlocks, arrays of ids: marks the tasks. */
void rec_decode_cycles(json_t *cycles, struct snapshot *out);
int64_t rec_decode_number(json_t *object, const char *key, int64_t otherwise);

#endif
