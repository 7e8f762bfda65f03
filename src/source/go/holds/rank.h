/* SPDX-License-Identifier: MIT */
/* Puts what a goroutine holds in order, most telling first, and publishes it. */
#ifndef SOURCE_GO_HOLDS_RANK_H
#define SOURCE_GO_HOLDS_RANK_H

#include "source/go/holds/look.h"

/* Fills in the texts that were read, drops what says nothing and what is there twice. */
void go_rank_texts(struct go_reach *reach);
/* Sorts by how much it says, cuts the list, and wants the copies again that it depends
 * on. */
void go_rank_sort(struct go_reach *reach);
/* Drops what has changed since it was read, and stores the rest in the snapshot. Returns
 * NULL if there is no memory. */
struct holds *go_rank_publish(struct go_reach *reach, struct snapshot *out);

/* way.c: writes how the stack leads to it. */
void go_way_write(const struct go_reach *reach, const struct go_found *found,
		  struct buf *out);

#endif
