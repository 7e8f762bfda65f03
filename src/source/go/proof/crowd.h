/* SPDX-License-Identifier: MIT */
/*
 * Reads many goroutines of a pass in few calls: their g's, the sudogs that they wait
 * through, and the stacks of those that are marked from. What changed while it was read
 * is read again, goroutine by goroutine.
 */
#ifndef SOURCE_GO_PROOF_CROWD_H
#define SOURCE_GO_PROOF_CROWD_H

#include "source/go/proof/pass.h"

struct go_crowd;

struct go_crowd *go_crowd_new(void);
void go_crowd_free(struct go_crowd *crowd);

/* What was read of a goroutine. */
struct go_copies {
	const uint8_t *g;     /* NULL if it cannot be read */
	const uint8_t *sudog; /* the first one that it waits through, or NULL */
};
/* Returns true if the goroutine's memory, its g and its stack, is to be marked from. */
typedef bool (*go_visit)(struct go_pass *pass, uint32_t i,
			 const struct go_copies *copies);

/* Reads and visits all goroutines. sudogs: also reads those of goroutines that may be
 * leaked. Returns 0, or ERR_GONE if cancelled. */
int go_crowd_visit_all(struct go_pass *pass, bool sudogs, go_visit visit, struct err *e);
/* The same for these. */
#define GO_CROWD 512u /* goroutines that are read at once */
void go_crowd_visit(struct go_pass *pass, const uint32_t *rows, size_t nr, bool sudogs,
		    go_visit visit);

#endif
