/* SPDX-License-Identifier: MIT */
/* The steps of a walk; shared by the files of this folder. */
#ifndef SOURCE_GO_HOLDS_WALK_H
#define SOURCE_GO_HOLDS_WALK_H

#include "source/go/holds/look.h"

/* --- reach.c --- */

/* Adds a lead for the next step, unless the word cannot be an address. */
void go_reach_lead(struct go_reach *reach, const struct go_lead *lead);
/* Adds something at this object, still empty; -1: the stack. NULL at a limit. */
struct go_found *go_reach_find(struct go_reach *reach, int32_t object);
/* Adds a string that is read later; false if there can be none of this length. */
bool go_reach_text(struct go_reach *reach, const struct go_lead *lead);
/* The index of an object; -1 for NULL. */
int32_t go_reach_index(const struct go_reach *reach, const struct go_reached *object);
/* The frame that contains an address of the stack, or NULL. */
const struct go_reach_frame *go_reach_frame_of(const struct go_reach *reach,
					       uint64_t address);

/* --- walk.c --- */

/* Walks from the leads of the stacks to the last step. */
void go_reach_walk(struct go_look *look);
void go_reach_release(struct go_reach *reach);

#define GO_CHAN_BYTES_MIN 96u

#endif
