/* SPDX-License-Identifier: MIT */
/* Sentences that say what groups hold in common, as they were read while this target is
 * watched. */
#ifndef TUI_TOLD_H
#define TUI_TOLD_H

#include "core/holds_group.h"
#include "tui/state.h"

/* Replaces the sentence of the group. */
void told_add(struct tui *t, enum group_by by, const struct group_identity *identity,
	      const struct holds_group *holds, int64_t mono_ns);
/* Returns the sentence, or NULL if none was read. */
const struct told *told_find(const struct tui *t, enum group_by by,
			     const struct group_identity *identity);
/* Forgets all: another target is watched. */
void told_clear(struct tui *t);

#endif
