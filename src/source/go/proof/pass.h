/* SPDX-License-Identifier: MIT */
/*
 * One pass of a proof: it determines which goroutines may be leaked, what they wait on,
 * and whose stacks count. A goroutine becomes live when something that it waits on is
 * reached, and so does everything that it can reach. Nothing can wake the goroutines that
 * remain at the end.
 */
#ifndef SOURCE_GO_PROOF_PASS_H
#define SOURCE_GO_PROOF_PASS_H

#include "source/go/proof/mark.h"
#include "source/go/proof/prove.h"
#include "source/go/proof/runner.h"

/* Maps the sudog of a condition variable to its list of waiters. */
struct go_cond {
	uint64_t sudog; /* 0 if free */
	uint64_t list;
};

/* What a row waits on. */
#define GO_WAIT_OBJECTS_MAX 1024u
struct go_wait_objects {
	uint64_t sudogs[GO_WAIT_OBJECTS_MAX];
	uint64_t objects[GO_WAIT_OBJECTS_MAX];
	size_t nr;
};

struct go_pass {
	struct go_prove *prove; /* provides rows, layout and cancel */
	struct memory mem;
	struct go_heap heap;
	struct go_mark mark;
	struct go_crowd *crowd;
	struct go_wait_objects *objects;
	bool *alive;         /* by row; stays true in later passes */
	bool *changed;       /* by row: it has run since the proof began */
	uint64_t *addresses; /* of all g's of this pass */
	uint64_t *hashes;    /* by g: when its stack was read; 0 if it was not */
	size_t nr, cap_addresses, cap_hashes;
	struct go_waiter { /* lists of rows that wait on one object */
		uint32_t row;
		uint32_t next;
	} * waiters;
	size_t nr_waiters, cap_waiters;
	struct go_cond *conds;
	size_t nr_conds, cap_conds;
	size_t cond_steps;
	uint8_t *stack;            /* a piece of a stack */
	size_t in_heap;            /* number of g's in the heap */
	bool busy;                 /* a live goroutine ran in this pass */
	struct go_runners runners; /* goroutines that ran when last read */
	int64_t deadline_ns;
	unsigned number, of; /* for the progress display */
};

int go_pass_init(struct go_pass *pass, struct go_prove *prove, struct err *e);
void go_pass_release(struct go_pass *pass);
/* Afterwards, `alive` is true for goroutines that are live or were in an earlier pass. */
int go_pass_run(struct go_pass *pass, struct err *e);
/* Marks the remaining goroutines that have run since as changed. */
void go_pass_drop_changed(struct go_pass *pass);

/* pass_stack.c: marks from a live goroutine's own memory, its g and its stack. *hash is
 * set to the hash of the g at that time. Returns false if the goroutine changes too fast
 * to be read. */
bool go_pass_mark_g(struct go_pass *pass, uint64_t address, uint64_t *hash);
/* Returns the number of bytes of the stack of a parked goroutine, from its stack pointer on.
 * Returns 0 if go_pass_mark_g() has to read it. */
size_t go_pass_parked(const struct go_pass *pass, const uint8_t *g);
/* The same as go_pass_mark_g() for copies of a parked goroutine's whole g and of that part of
 * its stack. Returns false if go_pass_mark_g() has to read it. */
bool go_pass_mark_parked(struct go_pass *pass, const uint8_t *g, size_t g_bytes,
			 const uint8_t *stack);

/* pass_wait.c: what a row waits on, and through which sudogs. */
/* Returns whether the address can be that of a sudog. */
bool go_pass_is_sudog(const struct go_pass *pass, uint64_t address);
/* Stores what the row waits on in pass->objects. sudog: a copy of the first one that its g
 * names, or NULL. Returns false if unknown or if there are too many. */
#define GO_SUDOG_BYTES 104u
bool go_pass_find(struct go_pass *pass, const struct go_wait_row *row, const uint8_t *g,
		  const uint8_t *sudog);

#endif
