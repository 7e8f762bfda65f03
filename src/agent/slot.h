/* SPDX-License-Identifier: MIT */
/* Takes slots, publishes them as tasks and returns them to the pool.
 * Async-signal-safe. */
#ifndef AGENT_SLOT_H
#define AGENT_SLOT_H

#include "agent/state.h"

/* Returns a cleared slot with its serial, which is not visible yet, or NULL if none is
 * free. */
AGENT_HIDDEN struct wire_slot *agent_slot_take(void);
/* Check the next `batch` slots and return those whose threads have ended to the pool. */
AGENT_HIDDEN void agent_slot_reclaim(uint32_t batch);
/* Make the slot visible as a task. name may be NULL. */
AGENT_HIDDEN void agent_slot_show(struct wire_slot *slot, uint32_t kind, int32_t tid,
				  const char *name);
/* Withdraws the task and returns the slot to the pool. */
AGENT_HIDDEN void agent_slot_free(struct wire_slot *slot);

#endif
