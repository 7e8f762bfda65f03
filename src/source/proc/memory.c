/* SPDX-License-Identifier: MIT */
/* Objects that lie close together are read in one piece. */
#include "source/proc/memory.h"

#include <stdlib.h>

#include "source/proc/kept.h"

#define BOUNCE_BYTES (1u << 20)
#define RUN_BYTES    (64u << 10)
#define GAP_BYTES    512u
#define SCAN_BYTES   (1u << 20)

size_t memory_read_some(struct memory *mem, uint64_t address, void *out, size_t bytes)
{
	return mem->kept && bytes <= KEPT_READ_MAX
		       ? kept_read(mem, address, out, bytes)
		       : memory_read_direct(mem, address, out, bytes);
}

bool memory_read(struct memory *mem, uint64_t address, void *out, size_t bytes)
{
	return memory_read_some(mem, address, out, bytes) == bytes;
}

bool memory_gather_init(struct memory_gather *gather)
{
	gather->bounce = malloc(BOUNCE_BYTES);
	gather->spans = malloc(MEMORY_SPANS_PER_CALL * sizeof(*gather->spans));
	return gather->bounce && gather->spans;
}

void memory_gather_release(struct memory_gather *gather)
{
	free(gather->bounce);
	free(gather->spans);
	memset(gather, 0, sizeof(*gather));
}

static int compare_items(const void *a, const void *b)
{
	const struct memory_item *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

/* Returns the end of the run of ascending items that begins at `at`. */
static size_t run_end(const struct memory_item *items, size_t nr_items, size_t at)
{
	while (++at < nr_items && items[at - 1].address <= items[at].address)
		;
	return at;
}

/* Merges each run with the next one. Returns how many there were. */
static size_t merge_runs(const struct memory_item *items, size_t nr_items,
			 struct memory_item *out)
{
	size_t runs = 0;

	for (size_t at = 0; at < nr_items;) {
		size_t left = at, right = run_end(items, nr_items, at), middle = right;
		size_t end = right < nr_items ? run_end(items, nr_items, right) : right;

		runs += middle < end ? 2 : 1;
		for (; at < end; at++)
			out[at] = right == end || (left < middle &&
						   items[left].address <=
							   items[right].address)
					  ? items[left++]
					  : items[right++];
	}
	return runs;
}

/* What a runtime has allocated one after the other consists of few runs. */
static void sort_items(struct memory_item *items, size_t nr_items)
{
	struct memory_item *from = items, *to, *spare;

	if (nr_items == 0 || run_end(items, nr_items, 0) == nr_items)
		return;
	to = spare = malloc(nr_items * sizeof(*spare));
	if (!spare) {
		qsort(items, nr_items, sizeof(*items), compare_items);
		return;
	}
	while (merge_runs(from, nr_items, to) > 2) {
		struct memory_item *merged = to;

		to = from;
		from = merged;
	}
	if (to != items)
		memcpy(items, to, nr_items * sizeof(*items));
	free(spare);
}

/* Hands out the items that lie in the spans of `gather`. */
static void scatter(struct memory *mem, struct memory_gather *gather, size_t nr_spans,
		    struct memory_item *items, size_t nr_items, size_t bytes,
		    memory_take take, void *ctx)
{
	uint8_t single[MEMORY_ITEM_MAX];
	size_t at = 0;

	memory_read_spans(mem, gather->spans, nr_spans);
	for (size_t s = 0; s < nr_spans; s++) {
		const struct memory_span *span = &gather->spans[s];

		for (; at < nr_items; at++) {
			uint64_t inside = items[at].address - span->address;
			const uint8_t *found;

			if (inside + bytes > span->bytes)
				break;
			found = (const uint8_t *)span->out + inside;
			items[at].ok = span->ok;
			if (!span->ok && span->bytes > bytes) {
				/* a neighbour may be unreadable */
				found = single;
				items[at].ok = memory_read(mem, items[at].address, single,
							   bytes);
			}
			if (items[at].ok)
				take(ctx, &items[at], found);
		}
	}
}

void memory_gather_visit(struct memory *mem, struct memory_gather *gather,
			 struct memory_item *items, size_t nr_items, size_t bytes,
			 memory_take take, void *ctx)
{
	size_t first = 0, nr_spans = 0, used = 0;

	mem->spent += nr_items * bytes / MEMORY_UNIT_BYTES;
	sort_items(items, nr_items);
	for (size_t i = 0; i < nr_items;) {
		uint64_t start = items[i].address, end = start + bytes;
		size_t next = i + 1;

		if (end < start) { /* beyond the address space; addresses are sorted */
			for (size_t k = i; k < nr_items; k++)
				items[k].ok = false;
			nr_items = i;
			break;
		}
		while (next < nr_items && items[next].address <= end + GAP_BYTES &&
		       items[next].address + bytes > start &&
		       items[next].address + bytes - start <= RUN_BYTES) {
			if (items[next].address + bytes > end)
				end = items[next].address + bytes;
			next++;
		}
		if (nr_spans == MEMORY_SPANS_PER_CALL ||
		    used + (end - start) > BOUNCE_BYTES) {
			scatter(mem, gather, nr_spans, items + first, i - first, bytes,
				take, ctx);
			first = i;
			nr_spans = used = 0;
		}
		gather->spans[nr_spans++] = (struct memory_span){
			start, gather->bounce + used, end - start, false};
		used += end - start;
		i = next;
	}
	scatter(mem, gather, nr_spans, items + first, nr_items - first, bytes, take, ctx);
}

struct copies {
	uint8_t *out;
	size_t bytes;
};

static void take_copy(void *ctx, const struct memory_item *item, const uint8_t *bytes)
{
	const struct copies *copies = ctx;

	memcpy(copies->out + item->index * copies->bytes, bytes, copies->bytes);
}

void memory_gather_read(struct memory *mem, struct memory_gather *gather,
			struct memory_item *items, size_t nr_items, uint8_t *out,
			size_t bytes)
{
	struct copies copies = {out, bytes};

	if (!mem->kept) {
		memory_gather_visit(mem, gather, items, nr_items, bytes, take_copy,
				    &copies);
		return;
	}
	mem->spent += nr_items * bytes / MEMORY_UNIT_BYTES;
	kept_gather(mem, items, nr_items, out, bytes);
}

bool memory_scan(struct memory *mem, uint64_t start, uint64_t end, size_t overlap,
		 memory_visit visit, void *ctx)
{
	uint8_t *piece = malloc(SCAN_BYTES);
	bool found = false;

	while (piece && !found && start < end && !memory_is_spent(mem)) {
		size_t wanted =
			end - start < SCAN_BYTES ? (size_t)(end - start) : SCAN_BYTES;
		size_t got = memory_read_direct(mem, start, piece, wanted);

		if (got > 0)
			found = visit(ctx, start, piece, got);
		else
			got = wanted < 4096 ? wanted : 4096;
		if (got == wanted && wanted < SCAN_BYTES)
			break;
		start += got > overlap ? got - overlap : got;
	}
	free(piece);
	return found;
}
