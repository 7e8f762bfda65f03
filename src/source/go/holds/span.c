/* SPDX-License-Identifier: MIT */
/* See span.h. Layouts: runtime/mheap.go of Go 1.16 to 1.27. Since 1.23 an arena's record
 * begins with the table of spans; before, a bitmap precedes it. */
#include "source/go/holds/span.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

#define ADDRESS_BITS 47
#define ARENA_OFFSET (1ull << (47 - GO_ARENA_SHIFT)) /* number of the arena at 0 */
#define ARENA_PAGES  (1u << (GO_ARENA_SHIFT - GO_PAGE_SHIFT))
#define PROBED       64u   /* spans of the list that are looked at */
#define PROBES       4u    /* of these, in use, that have to be in the table */
#define NEAR_BYTES   2048u /* between the list and the table's address */
#define PAGES_FIRST  1024u
#define PAGES_MAX    (1u << 20)
#define ARENAS_MAX   4096u
#define LOWEST       0x10000u

static const uint64_t insides[] = {0, 0x104000, 0x200000};

struct go_span_page {
	uint64_t page; /* number plus one; 0 if free */
	uint32_t span; /* index plus one; 0 if it is in none */
};

struct probe {
	uint64_t start;  /* of a span */
	uint64_t record; /* its address */
};

void go_spans_release(struct go_spans *spans)
{
	if (spans->mem)
		go_heap_release(&spans->heap);
	free(spans->pages);
	free(spans->list);
	free(spans->known_arenas);
	free(spans->items);
	free(spans->bytes);
	memset(spans, 0, sizeof(*spans));
}

static uint64_t arena_number(uint64_t address)
{
	return (address >> GO_ARENA_SHIFT) + ARENA_OFFSET;
}

static uint64_t arena_page(uint64_t address)
{
	return (address >> GO_PAGE_SHIFT) & (ARENA_PAGES - 1);
}

/* Gets some spans of the runtime's own list. */
static size_t read_probes(struct go_spans *spans, struct probe out[PROBES])
{
	uint64_t first, count, records[PROBED];
	uint8_t bytes[GO_SPAN_RECORD_BYTES];
	struct go_heap_span span;
	size_t nr = 0;

	if (!go_heap_list(&spans->heap, &first, &count))
		return 0;
	count = count < PROBED ? count : PROBED;
	if (!memory_read(spans->mem, first, records, count * 8))
		return 0;
	for (size_t i = 0; i < count && nr < PROBES; i++)
		if (memory_read(spans->mem, records[i], bytes, sizeof(bytes)) &&
		    go_heap_parse(&spans->heap, bytes, &span))
			out[nr++] = (struct probe){span.start, records[i]};
	return nr;
}

/* Returns whether the table at `arenas` leads to each of the spans. */
static bool table_fits(struct go_spans *spans, uint64_t arenas, uint64_t inside,
		       const struct probe *probes, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t arena, record;

		if (!memory_read(spans->mem, arenas + 8 * arena_number(probes[i].start),
				 &arena, 8) ||
		    arena == 0 || arena >> ADDRESS_BITS ||
		    !memory_read(spans->mem,
				 arena + inside + 8 * arena_page(probes[i].start),
				 &record, 8) ||
		    record != probes[i].record)
			return false;
	}
	return true;
}

static void find_table(struct go_spans *spans)
{
	struct probe probes[PROBES];
	size_t nr = read_probes(spans, probes);
	uint64_t words[NEAR_BYTES / 8];

	if (nr < 2 || !memory_read(spans->mem, spans->heap.list, words, sizeof(words)))
		return;
	for (size_t i = 3; i < ARRAY_COUNT(words); i++) {
		if (words[i] < LOWEST || words[i] & 7 || words[i] >> ADDRESS_BITS)
			continue;
		for (size_t k = 0; k < ARRAY_COUNT(insides); k++) {
			if (!table_fits(spans, words[i], insides[k], probes, nr))
				continue;
			spans->arenas = words[i];
			spans->inside = insides[k];
			return;
		}
	}
}

int go_spans_begin(struct go_spans *spans, const struct go_module *module,
		   struct memory *mem, struct err *e)
{
	static const int never = 0;
	int rc;

	if (!spans->mem || !spans->arenas) {
		go_spans_release(spans);
		spans->seed = hash_seed();
		spans->mem = mem;
		rc = go_heap_open(&spans->heap, module, mem, &never, e);
		if (rc)
			return rc;
		find_table(spans);
	}
	spans->nr_pages = spans->nr_list = spans->nr_known = 0;
	if (spans->pages)
		memset(spans->pages, 0, spans->cap_pages * sizeof(*spans->pages));
	if (!spans->arenas)
		return err_set(e, ERR_UNSUPPORTED,
			       "cannot tell what goroutines of process %d hold: its heap "
			       "(%s) does not look as expected",
			       (int)mem->process.pid, go_version_name(module));
	return 0;
}

static struct go_span_page *page_slot(struct go_span_page *pages, size_t capacity,
				      uint64_t seed, uint64_t page)
{
	size_t at = hash_mix(page, seed) & (capacity - 1);

	while (pages[at].page && pages[at].page != page + 1)
		at = (at + 1) & (capacity - 1);
	return &pages[at];
}

static bool grow_pages(struct go_spans *spans)
{
	size_t capacity = spans->cap_pages ? spans->cap_pages * 2 : PAGES_FIRST;
	struct go_span_page *pages =
		capacity > PAGES_MAX ? NULL : calloc(capacity, sizeof(*pages));

	if (!pages)
		return false;
	for (size_t i = 0; i < spans->cap_pages; i++)
		if (spans->pages[i].page)
			*page_slot(pages, capacity, spans->seed,
				   spans->pages[i].page - 1) = spans->pages[i];
	free(spans->pages);
	spans->pages = pages;
	spans->cap_pages = capacity;
	return true;
}

/* Returns the address of the record of an arena, or 0. */
static uint64_t arena_of(struct go_spans *spans, uint64_t number)
{
	uint64_t record = 0;

	for (size_t i = 0; i < spans->nr_known; i++)
		if (spans->known_arenas[i].number == number)
			return spans->known_arenas[i].record;
	if (!array_reserve_most(&spans->known_arenas, &spans->cap_known,
				spans->nr_known + 1, ARENAS_MAX))
		return 0;
	if (!memory_read(spans->mem, spans->arenas + 8 * number, &record, 8) ||
	    record & 7 || record >> ADDRESS_BITS)
		record = 0;
	spans->known_arenas[spans->nr_known++] = (struct go_span_arena){number, record};
	return record;
}

/* Lists the pages of these addresses that are not known yet as items. */
static size_t list_pages(struct go_spans *spans, const uint64_t *addresses, size_t nr)
{
	size_t wanted = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t page = addresses[i] >> GO_PAGE_SHIFT, arena;
		struct go_span_page *slot;

		if (addresses[i] < LOWEST || addresses[i] >> ADDRESS_BITS)
			continue;
		if (spans->nr_pages * 2 >= spans->cap_pages && !grow_pages(spans))
			break;
		slot = page_slot(spans->pages, spans->cap_pages, spans->seed, page);
		if (slot->page)
			continue;
		*slot = (struct go_span_page){page + 1, 0};
		spans->nr_pages++;
		arena = arena_of(spans, arena_number(addresses[i]));
		if (!arena)
			continue;
		spans->items[wanted].address =
			arena + spans->inside + 8 * arena_page(addresses[i]);
		spans->items[wanted].index = (uint32_t)i;
		wanted++;
	}
	return wanted;
}

/* Adds the spans whose records were read. */
static bool take_records(struct go_spans *spans, const uint64_t *addresses, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &spans->items[i];
		uint64_t address = addresses[item->index];
		struct go_heap_span span;

		if (!item->ok ||
		    !go_heap_parse(&spans->heap,
				   spans->bytes +
					   (size_t)item->index * GO_SPAN_RECORD_BYTES,
				   &span) ||
		    address < span.start || address - span.start >= span.bytes)
			continue;
		if (!array_reserve_most(&spans->list, &spans->cap_list,
					spans->nr_list + 1, PAGES_MAX))
			return false;
		spans->list[spans->nr_list++] = span;
		page_slot(spans->pages, spans->cap_pages, spans->seed,
			  address >> GO_PAGE_SHIFT)
			->span = (uint32_t)spans->nr_list;
	}
	return true;
}

bool go_spans_read(struct go_spans *spans, const uint64_t *addresses, size_t nr)
{
	size_t wanted, records = 0;

	if (!array_reserve(&spans->items, &spans->cap_items, nr) ||
	    !array_reserve(&spans->bytes, &spans->cap_bytes, nr * GO_SPAN_RECORD_BYTES))
		return false;
	wanted = list_pages(spans, addresses, nr);
	memory_gather_read(spans->mem, &spans->heap.gather, spans->items, wanted,
			   spans->bytes, 8);
	for (size_t i = 0; i < wanted; i++) {
		struct memory_item item = spans->items[i];
		uint64_t record = load_u64(spans->bytes + (size_t)item.index * 8);

		if (!item.ok || record < LOWEST || record & 7 || record >> ADDRESS_BITS)
			continue;
		item.address = record;
		spans->items[records++] = item;
	}
	memory_gather_read(spans->mem, &spans->heap.gather, spans->items, records,
			   spans->bytes, GO_SPAN_RECORD_BYTES);
	return take_records(spans, addresses, records);
}

const struct go_heap_span *go_spans_get(const struct go_spans *spans, uint64_t address)
{
	const struct go_span_page *slot;

	if (!spans->pages || address >> ADDRESS_BITS)
		return NULL;
	slot = page_slot(spans->pages, spans->cap_pages, spans->seed,
			 address >> GO_PAGE_SHIFT);
	return slot->page && slot->span ? &spans->list[slot->span - 1] : NULL;
}

bool go_spans_are_heap(struct go_spans *spans, uint64_t address)
{
	return !(address >> ADDRESS_BITS) && arena_of(spans, arena_number(address)) != 0;
}
