/* SPDX-License-Identifier: MIT */
/*
 * One pass of a proof: who may be leaked, what they wait on, whose stacks count. A goroutine
 * becomes alive when something that it waits on is reached, and then all that it can reach;
 * who remains at the end nobody can wake.
 */
#ifndef SOURCE_GO_PROOF_PASS_H
#define SOURCE_GO_PROOF_PASS_H

#include "source/go/proof/mark.h"
#include "source/go/proof/prove.h"
#include "source/go/proof/runner.h"

/* The list of waiters that a sudog of a condition is in. */
struct go_cond {
	uint64_t sudog; /* 0: free */
	uint64_t list;
};

struct go_pass {
	struct go_prove *prove; /* its rows, layout and cancel */
	struct memory mem;
	struct go_heap heap;
	struct go_mark mark;
	struct memory_gather gather;
	bool *alive;         /* by row; once alive stays so in the passes to come */
	bool *changed;       /* by row: it has run since the proof began */
	uint64_t *addresses; /* of all g's of this pass */
	uint64_t *hashes;    /* by g: as it was when its stack was read; 0: it was not */
	size_t nr, cap;
	struct go_waiter { /* lists of rows that wait on one object */
		uint32_t row;
		uint32_t next;
	} * waiters;
	size_t nr_waiters, cap_waiters;
	struct go_cond *conds;
	size_t nr_conds, cap_conds;
	size_t cond_steps;
	uint8_t *copies; /* of a chunk of g's */
	struct memory_item *items;
	uint8_t *stack;            /* a piece of one */
	size_t in_heap;            /* of the g's */
	bool busy;                 /* somebody alive ran in this pass */
	struct go_runners runners; /* who ran when it was read last */
	int64_t deadline_ns;
	unsigned number, of; /* for the progress */
};

int go_pass_init(struct go_pass *pass, struct go_prove *prove, struct err *e);
void go_pass_release(struct go_pass *pass);
/* After it, `alive` says who is, or was in an earlier pass. */
int go_pass_run(struct go_pass *pass, struct err *e);
/* Marks as changed who among the rest has run since. */
void go_pass_check(struct go_pass *pass);

/* pass_stack.c: a living goroutine's own memory, its g and its stack. *hash becomes that
 * of the g then. False: it changes too fast to be read. */
bool go_pass_mark_g(struct go_pass *pass, uint64_t address, uint64_t *hash);

/* pass_wait.c: what a row waits on, and by which sudogs. */
#define GO_WAIT_OBJECTS_MAX 1024u
struct go_wait_objects {
	uint64_t sudogs[GO_WAIT_OBJECTS_MAX];
	uint64_t objects[GO_WAIT_OBJECTS_MAX];
	size_t nr;
};
/* False: not known, or too many. */
bool go_pass_find(struct go_pass *pass, const struct go_wait_row *row, const uint8_t *g,
		  struct go_wait_objects *out);

#endif
