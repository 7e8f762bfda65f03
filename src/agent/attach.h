/* SPDX-License-Identifier: MIT */
/* The calling thread's own slot. Async-signal-safe. */
#ifndef AGENT_ATTACH_H
#define AGENT_ATTACH_H

#include "agent/state.h"

/* Slow path of every publication: returns the calling thread's slot, and creates it if
 * possible. */
AGENT_HIDDEN struct wire_slot *agent_attach(void);
/* Assign to the calling thread, whose id is tid, a slot that agent_slot_take()
 * returned. */
AGENT_HIDDEN void agent_attach_slot(struct wire_slot *slot, int32_t tid);
AGENT_HIDDEN void agent_detach(void);

#endif
