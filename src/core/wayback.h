/* SPDX-License-Identifier: MIT */
/*
 * The way back from a group to the program's own code: what created its tasks, what calls
 * that now and did in earlier samples, which other tasks wait for the same objects, and
 * how its members divide by their ancestors. Only what was seen, with numbers. Found when
 * somebody asks, from one snapshot and what its groups remember.
 */
#ifndef CORE_WAYBACK_H
#define CORE_WAYBACK_H

#include "core/callers.h"
#include "core/group.h"

#define WAYBACK_STEPS  5u
#define WAYBACK_CALLS  5u
#define WAYBACK_SHARED 3u
#define WAYBACK_CHAINS 5u
#define WAYBACK_TEXT   1800u

struct way_call {
	const struct frame *frame;
	uint32_t tasks;   /* now */
	uint32_t samples; /* in which it was seen, of all; 0 if that is not known */
};

/* One function that creates tasks, and who calls it. */
struct way_step {
	const struct frame *maker;
	/* calls are those of other methods of its type, because itself was not seen */
	bool of_type;
	struct way_call calls[WAYBACK_CALLS]; /* most often now, then in samples */
	uint32_t nr_calls, more_calls;
	/* what created the tasks in which it was seen, if nothing called it there; its
	 * frame is NULL otherwise */
	struct way_call created;
};

/* Tasks at one place, or members with one ancestor. */
struct way_place {
	const struct frame *frame;
	uint32_t tasks;
};

struct wayback {
	/* what created the members, then what created the tasks that ran that, and so
	 * on; the last one has calls, or is the program's own */
	struct way_step steps[WAYBACK_STEPS];
	uint32_t nr_steps;
	bool followed; /* calls were looked for in earlier samples too */
	/* other tasks that wait for an object that a member waits for */
	struct way_place shared[WAYBACK_SHARED];
	uint32_t nr_shared;
	/* the nearest own function among the ancestors of the members */
	struct way_place chains[WAYBACK_CHAINS];
	uint32_t nr_chains, more_chains; /* more: members of further ones */
};

/* The group or the leak that is asked about; the other is NULL. */
struct wayback_of {
	const struct group *group;
	const struct leak *leak;
};

void wayback_find(const struct snapshot *snapshot, struct wayback_of of,
		  struct wayback *out);
/* Each writes sentences about it, or "" if there is nothing to say. */
const char *wayback_made(const struct wayback *way, char out[WAYBACK_TEXT]);
const char *wayback_shares(const struct wayback *way, char out[WAYBACK_TEXT]);
const char *wayback_chains(const struct wayback *way, char out[WAYBACK_TEXT]);

#endif
