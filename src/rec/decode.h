/* SPDX-License-Identifier: MIT */
/* Converts the fields of a sample into those of a snapshot. A field of the wrong type is
 * treated as absent. */
#ifndef REC_DECODE_H
#define REC_DECODE_H

#include <jansson.h>

#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"

#define REC_STACKS_MAX  65536u
#define REC_OTHERS_MAX  4096u /* threads of other processes */
#define REC_MEMBERS_MAX 4096u

struct rec_tables {
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack **by_number; /* numbers are those of the stream */
	size_t nr_numbers;              /* at most REC_STACKS_MAX */
};

/* Takes an array of frames. Returns NULL if it is not one. */
const struct stack *rec_decode_stack(const struct rec_tables *tables, json_t *frames);
void rec_decode_resources(json_t *object, struct resources *out);
/* Returns timers in the snapshot's arena, NULL if the object is NULL. */
const struct timers *rec_decode_timers(const struct rec_tables *tables, json_t *object,
				       struct snapshot *out);
/* Takes an array such as ["agent", "native"]. Returns an interned text, "" for none. */
const char *rec_decode_sources(const struct rec_tables *tables, json_t *array);
/* Returns what a task holds, in the snapshot's arena; NULL if it is not an object. */
const struct holds *rec_decode_holds(json_t *object, struct snapshot *out);
/* Decodes the target, resources, errors and times. */
void rec_decode_head(const struct rec_tables *tables, json_t *head, struct snapshot *out);
/* Adds the task to the snapshot. */
int rec_decode_task(const struct rec_tables *tables, const char *id, json_t *fields,
		    struct snapshot *out);
/* Takes the processes of a target that is several, an object by pid, or NULL; of more than
 * REC_MEMBERS_MAX, some are left out. Their tasks must have been decoded. */
int rec_decode_members(const struct rec_tables *tables, json_t *object,
		       struct snapshot *out);
/* Takes an array of other processes and their threads. */
int rec_decode_others(const struct rec_tables *tables, json_t *array,
		      struct snapshot *out);
/* Takes a dump's deadlocks, which are arrays of ids, and marks their tasks. */
void rec_decode_cycles(json_t *cycles, struct snapshot *out);
int64_t rec_decode_number(json_t *object, const char *key, int64_t otherwise);
/* Returns a process id, or 0. */
pid_t rec_decode_pid(json_t *object, const char *key);
/* Never negative, so that the difference of two times cannot overflow. */
int64_t rec_decode_time(json_t *object, const char *key);

#endif
