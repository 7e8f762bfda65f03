/* SPDX-License-Identifier: MIT */
/* Lays out and validates the region. Shared by the agent and the client; needs only
 * libc. */
#include "wire/wire.h"

#include <string.h>

#define WIRE_PAGE  4096u
#define WIRE_TRIES 16

static uint64_t wire_align(uint64_t offset)
{
	return (offset + WIRE_PAGE - 1) & ~(uint64_t)(WIRE_PAGE - 1);
}

void wire_layout(struct wire_header *header, uint32_t nr_slots, uint32_t nr_creators,
		 uint32_t nr_chans)
{
	uint64_t end = wire_align(sizeof(*header));

	memset(header, 0, sizeof(*header));
	header->magic = WIRE_MAGIC;
	header->version = WIRE_VERSION;
	header->header_bytes = sizeof(*header);

	header->slot_bytes = sizeof(struct wire_slot);
	header->nr_slots = nr_slots;
	header->slots_offset = end;
	end = wire_align(end + (uint64_t)nr_slots * sizeof(struct wire_slot));

	header->creator_bytes = sizeof(struct wire_creator);
	header->nr_creators = nr_creators;
	header->creators_offset = end;
	end = wire_align(end + (uint64_t)nr_creators * sizeof(struct wire_creator));

	header->labels_bytes = sizeof(struct wire_labels);
	header->nr_labels = nr_slots;
	header->labels_offset = end;
	end = wire_align(end + (uint64_t)nr_slots * sizeof(struct wire_labels));

	header->chan_bytes = sizeof(struct wire_chan);
	header->nr_chans = nr_chans;
	header->chans_offset = end;
	end = wire_align(end + (uint64_t)nr_chans * sizeof(struct wire_chan));

	header->region_bytes = end;
}

struct wire_area {
	uint64_t offset;
	uint32_t count, count_max;
	uint32_t bytes, bytes_wanted;
	const char *problem;
};

const char *wire_check(const struct wire_header *header, uint64_t region_bytes)
{
	const struct wire_area areas[] = {
		{header->slots_offset, header->nr_slots, WIRE_SLOTS_MAX,
		 header->slot_bytes, sizeof(struct wire_slot),
		 "the slot area is outside the region"},
		{header->creators_offset, header->nr_creators, WIRE_CREATORS_MAX,
		 header->creator_bytes, sizeof(struct wire_creator),
		 "the creator area is outside the region"},
		{header->labels_offset, header->nr_labels, WIRE_SLOTS_MAX,
		 header->labels_bytes, sizeof(struct wire_labels),
		 "the label area is outside the region"},
		{header->chans_offset, header->nr_chans, WIRE_CHANS_MAX,
		 header->chan_bytes, sizeof(struct wire_chan),
		 "the channel area is outside the region"},
	};
	uint64_t end = sizeof(*header);

	if (region_bytes < sizeof(*header))
		return "the region is smaller than its header";
	if (header->magic != WIRE_MAGIC)
		return "the region does not start with the agent's magic number";
	if (header->version != WIRE_VERSION)
		return "the agent uses another protocol version";
	if (header->header_bytes != sizeof(*header) ||
	    header->region_bytes > region_bytes)
		return "the header describes more than the region contains";
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		const struct wire_area *area = &areas[i];

		if (area->bytes != area->bytes_wanted || area->count > area->count_max ||
		    area->offset % WIRE_PAGE != 0 || area->offset < end ||
		    area->offset > header->region_bytes ||
		    (uint64_t)area->count * area->bytes >
			    header->region_bytes - area->offset)
			return area->problem;
		end = area->offset + (uint64_t)area->count * area->bytes;
	}
	if (header->nr_creators > header->nr_slots ||
	    header->nr_labels != header->nr_slots)
		return "the areas do not match each other";
	return NULL;
}

int wire_read(void *copy, const void *live, size_t bytes)
{
	const uint32_t *seq = live;

	for (int i = 0; i < WIRE_TRIES; i++) {
		uint32_t before = __atomic_load_n(seq, __ATOMIC_ACQUIRE);

		if (before & 1)
			continue;
		memcpy(copy, live, bytes);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(seq, __ATOMIC_RELAXED) == before)
			return 1;
	}
	return 0;
}
