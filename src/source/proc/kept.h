/* SPDX-License-Identifier: MIT */
/* How memory.c reads a target, with and without what a look has kept. Private to this
 * folder. */
#ifndef SOURCE_PROC_KEPT_H
#define SOURCE_PROC_KEPT_H

#include "source/proc/memory.h"

#define MEMORY_SPANS_PER_CALL 1024u /* IOV_MAX */
#define KEPT_READ_MAX         4096u

/* As memory_read_some(). */
size_t memory_read_direct(struct memory *mem, uint64_t address, void *out, size_t bytes);
/* As memory_read_some() and memory_gather_read(), for memory with mem->kept. */
size_t kept_read(struct memory *mem, uint64_t address, void *out, size_t bytes);
void kept_gather(struct memory *mem, struct memory_item *items, size_t nr_items,
		 uint8_t *out, size_t bytes);

#endif
