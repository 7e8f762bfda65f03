/* SPDX-License-Identifier: MIT */
/*
 * A region whose writer is hostile, read as a client reads it: everything that
 * wire_check() accepts must be readable to its last byte. Input: counts, then patches of
 * the header, then bytes that fill the region; or, if the first byte is odd, the region
 * itself.
 */
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

#include "wire/wire.h"

#define REGION_MAX (1u << 18)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Reads every byte. */
static void touch(const void *bytes, size_t length)
{
	require(!__asan_region_is_poisoned((void *)(uintptr_t)bytes, length));
}

static void read_labels(const struct wire_labels *live)
{
	struct wire_labels copy;
	size_t used, at = 0;

	if (!wire_read(&copy, live, sizeof(copy)))
		return;
	used = copy.used < WIRE_LABEL_BYTES ? copy.used : WIRE_LABEL_BYTES;
	while (at < used) {
		size_t length = strnlen(copy.text + at, used - at);

		touch(copy.text + at, length);
		at += length + 1;
	}
}

static void read_slot(const uint8_t *region, const struct wire_header *header,
		      uint32_t index)
{
	const uint8_t *live =
		region + header->slots_offset + (uint64_t)index * header->slot_bytes;
	struct wire_creator creator;
	struct wire_slot slot;

	if (!wire_read(&slot, live, sizeof(slot)))
		return;
	touch(slot.name, strnlen(slot.name, sizeof(slot.name)));
	touch(slot.what, strnlen(slot.what, sizeof(slot.what)));
	if (slot.flags & WIRE_SLOT_LABELS)
		read_labels((const struct wire_labels *)(region + header->labels_offset +
							 (uint64_t)index *
								 header->labels_bytes));
	if (!(slot.flags & WIRE_SLOT_CREATOR) || index >= header->nr_creators)
		return;
	memcpy(&creator,
	       region + header->creators_offset + (uint64_t)index * header->creator_bytes,
	       sizeof(creator));
	touch(creator.stack, creator.stack_bytes < WIRE_CREATOR_STACK_BYTES
				     ? creator.stack_bytes
				     : WIRE_CREATOR_STACK_BYTES);
}

static void read_region(const uint8_t *region, size_t bytes)
{
	struct wire_header header;
	uint32_t slots, chans;

	if (bytes < sizeof(header)) {
		memset(&header, 0, sizeof(header));
		memcpy(&header, region, bytes);
		require(wire_check(&header, bytes) != NULL);
		return;
	}
	memcpy(&header, region, sizeof(header));
	if (wire_check(&header, bytes))
		return;
	require(header.region_bytes <= bytes);
	require(header.slots_offset >= sizeof(header));
	slots = header.nr_slots_used < header.nr_slots ? header.nr_slots_used
						       : header.nr_slots;
	chans = header.nr_chans_used < header.nr_chans ? header.nr_chans_used
						       : header.nr_chans;
	for (uint32_t i = 0; i < slots; i++)
		read_slot(region, &header, i);
	for (uint32_t i = 0; i < chans; i++)
		touch(region + header.chans_offset + (uint64_t)i * header.chan_bytes,
		      header.chan_bytes);
	/* The areas exist, whichever of them are in use. */
	touch(region + header.slots_offset, (size_t)header.nr_slots * header.slot_bytes);
	touch(region + header.creators_offset,
	      (size_t)header.nr_creators * header.creator_bytes);
	touch(region + header.labels_offset,
	      (size_t)header.nr_labels * header.labels_bytes);
	touch(region + header.chans_offset, (size_t)header.nr_chans * header.chan_bytes);
}

/* A header that is right except for the patches: place, size and bytes. */
static size_t patch_header(struct wire_header *header, const uint8_t *bytes, size_t size)
{
	uint8_t *raw = (uint8_t *)header;
	size_t used = 4;

	wire_layout(header, bytes[1] % 64, bytes[2] % 4, bytes[3] % 64);
	header->nr_slots_used = header->nr_slots;
	header->nr_chans_used = header->nr_chans;
	for (int patches = bytes[0] / 2 % 8; patches > 0 && used + 2 <= size; patches--) {
		size_t at = bytes[used], length = 1 + bytes[used + 1] % 8;

		used += 2;
		if (length > size - used || at + length > sizeof(*header))
			break;
		memcpy(raw + at, bytes + used, length);
		used += length;
	}
	return used;
}

/* The bytes, repeated, behind the header. */
static void fill(uint8_t *region, size_t length, const uint8_t *bytes, size_t size)
{
	size_t at = sizeof(struct wire_header), filled;

	if (size == 0 || length <= at)
		return;
	filled = size < length - at ? size : length - at;
	memcpy(region + at, bytes, filled);
	while (filled < length - at) {
		size_t more =
			filled < length - at - filled ? filled : length - at - filled;

		memcpy(region + at + filled, region + at, more);
		filled += more;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct wire_header header;
	size_t used = 0, length;
	uint64_t good_bytes;
	uint8_t *region;

	if (size < 4)
		return 0;
	if (bytes[0] & 1) {
		length = size - 1;
		region = aligned_alloc(64, (length + 63) / 64 * 64 + 64);
		if (!region)
			return 0;
		memcpy(region, bytes + 1, length);
		read_region(region, length);
		free(region);
		return 0;
	}
	wire_layout(&header, bytes[1] % 64, bytes[2] % 4, bytes[3] % 64);
	good_bytes = header.region_bytes;
	used = patch_header(&header, bytes, size);
	/* The real size is the kernel's; in some runs the region has shrunk. */
	length = (size_t)(good_bytes < REGION_MAX ? good_bytes : REGION_MAX);
	if (bytes[0] & 0x80)
		length /= 2;
	region = aligned_alloc(64, (length + 63) / 64 * 64);
	if (!region)
		return 0;
	memset(region, 0, length);
	fill(region, length, bytes + used, size - used);
	if (length >= sizeof(header))
		memcpy(region, &header, sizeof(header));
	read_region(region, length);
	free(region);
	return 0;
}
