/* SPDX-License-Identifier: MIT */
/*
 * The region that an agent publishes, as the client reads it. Mapped only where its size
 * is sealed, so that no access can fault; else copied in every poll. Every count is
 * clamped to what the checked header allows.
 */
#ifndef SOURCE_AGENT_REGION_H
#define SOURCE_AGENT_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include "source/kernel/kernel.h"
#include "wire/wire.h"

enum region_way { REGION_SOCKET, REGION_FD, REGION_MEMORY };

struct region {
	struct kernel *kernel;
	enum region_way way;
	int fd;             /* of the memfd, or -1 */
	uint64_t remote;    /* where the process maps it, without fd */
	const uint8_t *map; /* NULL: not mapped */
	uint64_t bytes;
	struct wire_header layout; /* passed wire_check(); its live counts are those of
				      region_refresh() */
	uint32_t nr_slots;         /* used now */
	uint32_t nr_chans;
	struct wire_slot *slots; /* copies, where it is not mapped */
	struct wire_chan *chans;
	size_t cap_slots, cap_chans;
};

/*
 * Find the agent of a process: by its socket, by its descriptors, by its memory.
 * quick: not by the socket, which may have to wait.
 * ERR_NOTFOUND: there is none. ERR_UNSUPPORTED: of another version.
 */
int region_attach(struct region *region, struct kernel *kernel, bool quick,
		  struct err *e);
/* Take a descriptor as the region of the process, if it is one; region owns fd then. */
int region_adopt(struct region *region, struct kernel *kernel, int fd, struct err *e);
/* The same for where the process maps it. */
int region_adopt_memory(struct region *region, struct kernel *kernel, uint64_t address,
			uint64_t bytes, struct err *e);
void region_release(struct region *region);

/* Read the live counts, and the slots and channels where they are not mapped. */
int region_refresh(struct region *region, struct err *e);
/* Sequence number and flags of a slot below nr_slots. */
static inline const struct wire_slot *region_slot(const struct region *region, uint32_t i)
{
	if (region->map)
		return (const struct wire_slot *)(region->map +
						  region->layout.slots_offset) +
		       i;
	return &region->slots[i];
}
/* A whole copy of a slot below nr_slots; false: it kept changing. */
bool region_read_slot(struct region *region, uint32_t i, struct wire_slot *out);
bool region_read_labels(struct region *region, uint32_t i, struct wire_labels *out);
/* Sequence number of a label record, where that is cheap; else a number that changes. */
uint32_t region_labels_seq(const struct region *region, uint32_t i);
bool region_read_creator(struct region *region, uint32_t i, struct wire_creator *out);
/* A channel record below nr_chans, field by field. */
void region_read_chan(const struct region *region, uint32_t i, struct wire_chan *out);

#endif
