/* SPDX-License-Identifier: MIT */
/*
 * How far out threads with the same start function have been seen to wait. A thread that
 * waits as far out as any of them, while others were seen well inside, is in the loop
 * that all of their work comes from, no matter how many functions that loop consists of.
 */
#ifndef CORE_OUTER_H
#define CORE_OUTER_H

#include "core/snapshot.h"

struct outers;

struct outers *outers_new(void);
void outers_free(struct outers *outers);
void outers_reset(struct outers *outers);
/* Call this once per sample for each task. Bounded: start functions for which there is no
 * room are ignored. */
void outers_put(struct outers *outers, const struct task *task);
bool outer_is_loop(const struct outers *outers, const struct task *task);

#endif
