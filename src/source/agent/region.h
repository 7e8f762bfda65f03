/* SPDX-License-Identifier: MIT */
/*
 * The client's view of the region that an agent publishes. It is mapped only if its size
 * is sealed, so that no access can fault; otherwise it is copied in every poll. All
 * counts are limited to what the checked header allows.
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
	int fd;             /* the memfd, or -1 */
	uint64_t remote;    /* address in the process if there is no fd */
	const uint8_t *map; /* NULL if not mapped */
	uint64_t bytes;
	/* Passed wire_check(); region_refresh() updates its live counts. */
	struct wire_header layout;
	uint32_t nr_slots; /* in use now */
	uint32_t nr_chans;
	struct wire_slot *slots; /* copies, if it is not mapped */
	struct wire_chan *chans;
	size_t cap_slots, cap_chans;
};

/*
 * Finds the agent of a process by its socket, its descriptors or its memory. quick skips
 * the socket, which may have to wait. Returns ERR_NOTFOUND if there is no agent,
 * ERR_UNSUPPORTED if its version is different.
 */
int region_attach(struct region *region, struct kernel *kernel, bool quick,
		  struct err *e);
/* Uses a descriptor as the region of the process, if it is one. On success, region owns
 * fd. */
int region_adopt(struct region *region, struct kernel *kernel, int fd, struct err *e);
/* Uses memory of the process as its region, if it is one. */
int region_adopt_memory(struct region *region, struct kernel *kernel, uint64_t address,
			uint64_t bytes, struct err *e);
void region_release(struct region *region);

/* Reads the live counts, and copies the slots and channels if they are not mapped. */
int region_refresh(struct region *region, struct err *e);
/* Returns a slot below nr_slots, of which only sequence number and flags may be used. */
static inline const struct wire_slot *region_slot(const struct region *region, uint32_t i)
{
	if (region->map)
		return (const struct wire_slot *)(region->map +
						  region->layout.slots_offset) +
		       i;
	return &region->slots[i];
}
/* Copies a slot below nr_slots. Returns false if it kept changing. */
bool region_read_slot(struct region *region, uint32_t i, struct wire_slot *out);
/* Copies how often a slot's task has waited in each state, if it is still that task. */
bool region_read_counts(const struct region *region, uint32_t i, uint64_t serial,
			uint32_t out[WIRE_WAIT_STATES]);
bool region_read_labels(struct region *region, uint32_t i, struct wire_labels *out);
/* Returns the sequence number of a label record if that is cheap, otherwise a number that
 * is different each time. */
uint32_t region_labels_seq(const struct region *region, uint32_t i);
bool region_read_creator(struct region *region, uint32_t i, struct wire_creator *out);
/* Copies a channel record below nr_chans, whose fields may not be consistent. */
void region_read_chan(const struct region *region, uint32_t i, struct wire_chan *out);

#endif
