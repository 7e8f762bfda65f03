/* SPDX-License-Identifier: MIT */
/* Slots: taken, shown as a task, and given back. Async-signal-safe. */
#ifndef AGENT_SLOT_H
#define AGENT_SLOT_H

#include "agent/state.h"

/* A cleared slot that nobody sees yet, with its serial; NULL: none left. */
AGENT_HIDDEN struct wire_slot *agent_slot_take(void);
/* Look at the next `batch` slots, and give back those whose threads are gone. */
AGENT_HIDDEN void agent_slot_reclaim(uint32_t batch);
/* Show it: from now on it is a task. name may be NULL. */
AGENT_HIDDEN void agent_slot_show(struct wire_slot *slot, uint32_t kind, int32_t tid,
				  const char *name);
AGENT_HIDDEN void agent_slot_give(struct wire_slot *slot);

#endif
