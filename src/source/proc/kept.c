/* SPDX-License-Identifier: MIT */
/* Blocks that are missing are read: for many objects at once those that they lie in, for
 * one object its page. */
#include "source/proc/kept.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"
#include "source/proc/blocks.h"
#include "source/proc/pages.h"

#define PAGE_BYTES  4096u
#define RUN_BYTES   (64u << 10)
#define ITEMS_BATCH 2048u
#define STRIP       64u /* items */
#define LINE_BYTES  64u /* of the processor's caches */
/* An object is at most as long as a block, so it lies in two. */
#define MISSING_MAX (ITEMS_BATCH * 2)

static uint64_t block_of(uint64_t address)
{
	return address & ~(uint64_t)(BLOCK_BYTES - 1);
}

/* Reads what one of them could not be read with. */
static void read_one_by_one(struct memory *mem, const struct memory_span *failed)
{
	struct memory_span spans[RUN_BYTES / BLOCK_BYTES];
	size_t nr = failed->bytes / BLOCK_BYTES;

	for (size_t i = 0; i < nr; i++)
		spans[i] = (struct memory_span){failed->address + i * BLOCK_BYTES,
						(uint8_t *)failed->out + i * BLOCK_BYTES,
						BLOCK_BYTES, false};
	if (nr > 1)
		memory_read_spans(mem, spans, nr);
	for (size_t i = 0; i < nr; i++)
		if (!spans[i].ok)
			blocks_fail(mem->kept, spans[i].address);
}

static void read_runs(struct memory *mem, struct memory_span *spans, size_t nr)
{
	memory_read_spans(mem, spans, nr);
	for (size_t i = 0; i < nr; i++)
		if (!spans[i].ok)
			read_one_by_one(mem, &spans[i]);
}

/* Reads blocks, in runs of those side by side. The addresses are sorted. There must be
 * room. */
static void fetch(struct memory *mem, const uint64_t *addresses, size_t nr)
{
	struct memory_span spans[MEMORY_SPANS_PER_CALL];
	size_t nr_spans = 0;

	for (size_t i = 0; i < nr; i++) {
		struct memory_span *last = nr_spans ? &spans[nr_spans - 1] : NULL;
		uint8_t *place;

		if (i > 0 && addresses[i] == addresses[i - 1])
			continue;
		place = blocks_add(mem->kept, addresses[i]);
		if (!place)
			break;
		if (last && last->address + last->bytes == addresses[i] &&
		    (uint8_t *)last->out + last->bytes == place &&
		    last->bytes < RUN_BYTES) {
			last->bytes += BLOCK_BYTES;
			continue;
		}
		if (nr_spans == MEMORY_SPANS_PER_CALL) {
			read_runs(mem, spans, nr_spans);
			nr_spans = 0;
		}
		spans[nr_spans++] =
			(struct memory_span){addresses[i], place, BLOCK_BYTES, false};
	}
	read_runs(mem, spans, nr_spans);
}

/* Reads the next part of what the last look has used. */
static void fetch_next(struct memory *mem)
{
	size_t nr;
	uint64_t *addresses = blocks_next(mem->kept, &nr);

	if (mem->pages)
		nr = pages_keep_present(mem->pages, &mem->process, addresses, nr);
	fetch(mem, addresses, nr);
}

static void make_room(struct memory *mem, size_t nr)
{
	if (blocks_room(mem->kept) >= nr)
		return;
	blocks_clear(mem->kept);
	fetch_next(mem);
}

void memory_keep(struct memory *mem, struct blocks *blocks)
{
	mem->kept = blocks;
	if (!blocks)
		return;
	blocks_begin(blocks);
	fetch_next(mem);
}

void memory_keep_end(struct memory *mem)
{
	mem->kept = NULL;
}

/* Reads the page of an address. Returns false if it cannot be read. */
static bool fill_page(struct memory *mem, uint64_t address)
{
	uint64_t page = address & ~(uint64_t)(PAGE_BYTES - 1);
	uint8_t bytes[PAGE_BYTES];

	make_room(mem, PAGE_BYTES / BLOCK_BYTES);
	if (memory_read_direct(mem, page, bytes, PAGE_BYTES) != PAGE_BYTES)
		return false;
	for (size_t at = 0; at < PAGE_BYTES; at += BLOCK_BYTES)
		memcpy(blocks_add(mem->kept, page + at), bytes + at, BLOCK_BYTES);
	return true;
}

size_t kept_read(struct memory *mem, uint64_t address, void *out, size_t bytes)
{
	size_t done = 0;

	mem->spent++;
	while (done < bytes && !memory_is_spent(mem)) {
		uint64_t at = address + done, block = block_of(at);
		size_t inside = (size_t)(at - block), left = BLOCK_BYTES - inside;
		const uint8_t *found;

		if (at < address)
			break;
		found = blocks_find(mem->kept, block);
		if (!found && fill_page(mem, at))
			found = blocks_find(mem->kept, block);
		if (!found)
			break;
		if (left > bytes - done)
			left = bytes - done;
		memcpy((uint8_t *)out + done, found + inside, left);
		done += left;
	}
	return done;
}

/* Copies an object. found: the block that it begins in, or NULL. Returns false if it is not
 * kept as a whole; the blocks that it needs are then appended to `missing`. */
static bool copy_item(struct memory *mem, uint64_t address, const uint8_t *found,
		      uint8_t *out, size_t bytes, uint64_t *missing, size_t *nr_missing)
{
	uint64_t block = block_of(address);
	size_t inside = (size_t)(address - block);
	size_t first = bytes < BLOCK_BYTES - inside ? bytes : BLOCK_BYTES - inside;
	const uint8_t *more = found;

	if (found)
		memcpy(out, found + inside, first);
	else
		missing[(*nr_missing)++] = block;
	if (first == bytes)
		return found != NULL;
	block += BLOCK_BYTES;
	if (block == 0)
		return false;
	more = blocks_find(mem->kept, block);
	if (more)
		memcpy(out + first, more, bytes - first);
	else
		missing[(*nr_missing)++] = block;
	return found && more;
}

/* Copies what is kept of some items. They are far apart: that one is found does not wait for
 * another's bytes. */
static void copy_strip(struct memory *mem, struct memory_item *items, size_t nr,
		       uint8_t *out, size_t bytes, uint64_t *missing, size_t *nr_missing)
{
	const uint8_t *found[STRIP];

	for (size_t i = 0; i < nr; i++) {
		uint64_t block = block_of(items[i].address);

		found[i] = blocks_find(mem->kept, block);
		if (found[i])
			for (size_t at = 0; at < bytes; at += LINE_BYTES)
				__builtin_prefetch(found[i] + (items[i].address - block) +
						   at);
	}
	for (size_t i = 0; i < nr; i++)
		if (!items[i].ok)
			items[i].ok = copy_item(mem, items[i].address, found[i],
						out + (size_t)items[i].index * bytes,
						bytes, missing, nr_missing);
}

static void copy_batch(struct memory *mem, struct memory_item *items, size_t nr,
		       uint8_t *out, size_t bytes, uint64_t *missing, size_t *nr_missing)
{
	for (size_t at = 0; at < nr; at += STRIP)
		copy_strip(mem, items + at, nr - at < STRIP ? nr - at : STRIP, out, bytes,
			   missing, nr_missing);
}

static void gather_batch(struct memory *mem, struct memory_item *items, size_t nr,
			 uint8_t *out, size_t bytes)
{
	uint64_t missing[MISSING_MAX];
	size_t nr_missing = 0;

	make_room(mem, MISSING_MAX);
	for (size_t i = 0; i < nr; i++)
		items[i].ok = false;
	copy_batch(mem, items, nr, out, bytes, missing, &nr_missing);
	if (nr_missing == 0)
		return;
	qsort(missing, nr_missing, sizeof(missing[0]), order_u64);
	fetch(mem, missing, nr_missing);
	nr_missing = 0;
	copy_batch(mem, items, nr, out, bytes, missing, &nr_missing);
}

void kept_gather(struct memory *mem, struct memory_item *items, size_t nr_items,
		 uint8_t *out, size_t bytes)
{
	for (size_t at = 0; at < nr_items; at += ITEMS_BATCH)
		gather_batch(mem, items + at,
			     nr_items - at < ITEMS_BATCH ? nr_items - at : ITEMS_BATCH,
			     out, bytes);
}
