/* SPDX-License-Identifier: MIT */
/*
 * How far out threads that began with the same function have been seen to wait. Who waits
 * as far out as any of them, while others were seen well inside, is in the loop that all of
 * their work comes from, however many functions that loop is made of.
 */
#ifndef CORE_OUTER_H
#define CORE_OUTER_H

#include "core/snapshot.h"

struct outers;

struct outers *outers_new(void);
void outers_free(struct outers *outers);
void outers_reset(struct outers *outers);
/* Once per look for each task. Bounded: what there is no room for is not known. */
void outers_put(struct outers *outers, const struct task *task);
bool outer_is_loop(const struct outers *outers, const struct task *task);

#endif
