/* SPDX-License-Identifier: MIT */
/* See heap.h. The Go version only decides which layout is tried first: a layout is
 * accepted only if nearly all spans in use are valid in it. */
#include "source/go/proof/heap.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"
#include "source/go/proof/chunk.h"

#define RECORD_BYTES    GO_SPAN_RECORD_BYTES
#define SPAN_START      24u
#define SPAN_PAGES      32u
#define STATE_IN_USE    1u
#define ADDRESS_BITS    47
#define LIST_MAX        (1ull << 24) /* spans */
#define ARENAS_MAX      4096u        /* 256 GB of heap */
#define OBJECTS_MAX     (1ull << 31)
#define PAGES_PER_ARENA (1u << (GO_ARENA_SHIFT - GO_PAGE_SHIFT))
#define AT_ONCE         2048u
#define PROBED          512u
#define PROBED_AT_ONCE  64u
#define LIST_TRIES      4

/* Offsets in a span's record; the state follows the class. */
static const struct {
	unsigned last_minor, objects, objects_bytes, class, size, limit, specials;
} rows[] = {
	{20, 56, 8, 98, 104, 112, 128},
	{21, 56, 8, 106, 112, 120, 136},
	{27, 50, 2, 98, 104, 112, 128},
};
#define NR_ROWS (ARRAY_COUNT(rows))

static bool record_in_use(const uint8_t *record, unsigned row)
{
	return record[rows[row].class + 1] == STATE_IN_USE;
}

/* The fields of a span must be consistent. */
static bool parse_record(const uint8_t *record, unsigned row, struct go_heap_span *span)
{
	uint64_t pages = load_u64(record + SPAN_PAGES);
	uint64_t limit = load_u64(record + rows[row].limit), objects;
	uint16_t few;

	memcpy(&few, record + rows[row].objects, sizeof(few));
	objects =
		rows[row].objects_bytes == 2 ? few : load_u64(record + rows[row].objects);
	*span = (struct go_heap_span){.start = load_u64(record + SPAN_START),
				      .bytes = pages << GO_PAGE_SHIFT,
				      .size = load_u64(record + rows[row].size),
				      .specials = load_u64(record + rows[row].specials),
				      .nr_objects = (uint32_t)objects,
				      .noscan = record[rows[row].class] & 1};
	if (span->start == 0 || span->start & ((1u << GO_PAGE_SHIFT) - 1) ||
	    span->start >> ADDRESS_BITS || pages == 0 || pages >> 34 ||
	    (span->start + span->bytes) >> ADDRESS_BITS || objects == 0 ||
	    objects > span->bytes / 8 || span->size < 8 ||
	    span->size > span->bytes / objects || limit <= span->start ||
	    limit > span->start + span->bytes)
		return false;
	/* Go 1.22 keeps bits after the last object, but below the limit. */
	if (objects > 1 &&
	    (limit - span->start < objects * span->size ||
	     (limit - span->start) % span->size || span->bytes > UINT32_MAX / 2))
		return false;
	span->divide = objects > 1 ? UINT32_MAX / (uint32_t)span->size + 1 : 0;
	return true;
}

/* Reads the list twice because the runtime moves it when it grows. */
bool go_heap_list(const struct go_heap *heap, uint64_t *first, uint64_t *count)
{
	uint64_t words[3], again[3];

	for (int try = 0; try < LIST_TRIES; try++) {
		if (!memory_read(heap->mem, heap->list, words, sizeof(words)) ||
		    !memory_read(heap->mem, heap->list, again, sizeof(again)))
			return false;
		if (memcmp(words, again, sizeof(words)) == 0)
			break;
	}
	*first = words[0];
	*count = words[1];
	return words[0] && words[1] > 0 && words[1] <= words[2] && words[1] <= LIST_MAX;
}

struct probe {
	unsigned in_use[NR_ROWS], fit[NR_ROWS];
};

/* Counts which of these spans are in use, and in which layouts they are valid. */
static bool probe_records(struct go_heap *heap, const uint64_t *addresses, size_t nr,
			  struct probe *probe)
{
	struct memory_item items[PROBED_AT_ONCE];
	uint8_t records[PROBED_AT_ONCE][RECORD_BYTES];
	struct go_heap_span span;

	for (size_t i = 0; i < nr; i++) {
		if (addresses[i] == 0 || addresses[i] & 7 || addresses[i] >> ADDRESS_BITS)
			return false;
		items[i] = (struct memory_item){addresses[i], (uint32_t)i, false};
	}
	memory_gather_read(heap->mem, &heap->gather, items, nr, records[0], RECORD_BYTES);
	for (size_t i = 0; i < nr; i++) {
		const uint8_t *record = records[items[i].index];

		if (!items[i].ok ||
		    load_u64(record + SPAN_START) & ((1u << GO_PAGE_SHIFT) - 1))
			return false;
		for (unsigned row = 0; row < NR_ROWS; row++) {
			if (!record_in_use(record, row))
				continue;
			probe->in_use[row]++;
			probe->fit[row] += parse_record(record, row, &span);
		}
	}
	return true;
}

/* Looks for a layout in which nearly all of the first spans are valid. */
static bool probe_list(struct go_heap *heap, uint64_t first, uint64_t count,
		       unsigned minor)
{
	uint64_t addresses[PROBED];
	struct probe probe = {{0}, {0}};
	unsigned hint = 0;

	count = count < PROBED ? count : PROBED;
	if (!memory_read(heap->mem, first, addresses, count * 8))
		return false;
	/* Most candidates are refused by their first record. */
	for (size_t i = 0, nr = 1; i < count; i += nr) {
		nr = i == 0 ? 1 : PROBED_AT_ONCE;
		nr = nr < count - i ? nr : (size_t)(count - i);
		if (!probe_records(heap, addresses + i, nr, &probe))
			return false;
	}
	while (hint + 1 < NR_ROWS && minor > rows[hint].last_minor)
		hint++;
	for (unsigned i = 0; i < NR_ROWS; i++) {
		unsigned row = (hint + i) % NR_ROWS;

		/* At least three, to exclude a chance hit; a span may change while it is
		 * read. */
		if (probe.in_use[row] < 3 || probe.fit[row] * 20 < probe.in_use[row] * 19)
			continue;
		heap->row = row;
		return true;
	}
	return false;
}

bool go_heap_parse(const struct go_heap *heap, const uint8_t record[GO_SPAN_RECORD_BYTES],
		   struct go_heap_span *span)
{
	return record_in_use(record, heap->row) && parse_record(record, heap->row, span);
}

struct list_search {
	struct go_heap *heap;
	unsigned minor;
	uint64_t found;
};

static bool visit_lists(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct list_search *search = ctx;

	for (size_t i = (0 - address) & 7; i + 24 <= size; i += 8) {
		uint64_t first = load_u64(bytes + i), count = load_u64(bytes + i + 8);
		uint64_t room = load_u64(bytes + i + 16);

		if (first == 0 || first & 7 || first >> ADDRESS_BITS || count < 3 ||
		    count > room || room > LIST_MAX ||
		    !probe_list(search->heap, first, count, search->minor))
			continue;
		search->found = address + i;
		return true;
	}
	return false;
}

int go_heap_open(struct go_heap *heap, const struct go_module *module, struct memory *mem,
		 const int *cancel, struct err *e)
{
	struct list_search search = {heap, module->minor, 0};
	static const uint8_t order[] = {2, 0, 1}; /* bss and noptrbss are most likely */

	memset(heap, 0, sizeof(*heap));
	heap->mem = mem;
	heap->cancel = cancel;
	if (!memory_gather_init(&heap->gather))
		return err_set(e, ERR_NOMEM, "there is no memory for a proof of leaks");
	for (size_t i = 0; i < 3 && !search.found; i++) {
		const struct go_range *range = &module->data[order[i]];

		memory_scan(mem, range->start, range->end, 16, visit_lists, &search);
	}
	heap->list = search.found;
	if (!heap->list)
		return err_set(
			e, ERR_UNSUPPORTED,
			"cannot prove leaks: the heap of process %d (%s) does not look "
			"as expected; groups and trends still show what grows",
			(int)mem->process.pid, go_version_name(module));
	return 0;
}

void go_heap_release(struct go_heap *heap)
{
	free(heap->spans);
	free(heap->records);
	free(heap->arenas);
	free(heap->pages);
	go_chunks_free(heap->chunks);
	memory_gather_release(&heap->gather);
	memset(heap, 0, sizeof(*heap));
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "there is no memory for a proof of leaks");
}

/* Reads the addresses of all span records. */
static int read_records(struct go_heap *heap, struct err *e)
{
	uint64_t first, count;

	for (int try = 0; try < LIST_TRIES; try++) {
		if (!go_heap_list(heap, &first, &count))
			continue;
		if (!array_reserve(&heap->records, &heap->cap_records, count))
			return no_memory(e);
		if (!memory_read(heap->mem, first, heap->records, count * 8))
			continue;
		heap->nr_records = count;
		qsort(heap->records, count, sizeof(*heap->records), order_u64);
		return 0;
	}
	return err_set(e, ERR_FORMAT, "cannot read the list of the heap's spans");
}

static bool add_arena(struct go_heap *heap, uint64_t number)
{
	if (heap->arenas[number])
		return true;
	if (!array_reserve_most(&heap->pages, &heap->cap_pages,
				(heap->nr_arenas + 1) * PAGES_PER_ARENA,
				ARENAS_MAX * PAGES_PER_ARENA))
		return false;
	memset(&heap->pages[heap->nr_arenas * PAGES_PER_ARENA], 0,
	       PAGES_PER_ARENA * sizeof(*heap->pages));
	heap->arenas[number] = (uint32_t)++heap->nr_arenas;
	return true;
}

static bool map_span(struct go_heap *heap, const struct go_heap_span *span,
		     uint32_t number)
{
	for (uint64_t at = span->start; at < span->start + span->bytes;) {
		uint64_t arena = at >> GO_ARENA_SHIFT;
		uint64_t end = (arena + 1) << GO_ARENA_SHIFT;

		if (end > span->start + span->bytes)
			end = span->start + span->bytes;
		if (!add_arena(heap, arena))
			return false;
		for (; at < end; at += 1u << GO_PAGE_SHIFT)
			heap->pages[(uint64_t)(heap->arenas[arena] - 1) *
					    PAGES_PER_ARENA +
				    ((at >> GO_PAGE_SHIFT) & (PAGES_PER_ARENA - 1))] =
				number + 1;
	}
	return true;
}

static int add_span(struct go_heap *heap, const struct go_heap_span *from, struct err *e)
{
	struct go_heap_span *span;

	if (!array_reserve(&heap->spans, &heap->cap_spans, heap->nr_spans + 1))
		return no_memory(e);
	span = &heap->spans[heap->nr_spans];
	*span = *from;
	span->first = (uint32_t)heap->nr_objects;
	heap->nr_objects += ((uint64_t)span->nr_objects + GO_HEAP_OBJECTS - 1) /
			    GO_HEAP_OBJECTS * GO_HEAP_OBJECTS;
	if (!span->noscan)
		heap->scan_bytes += span->bytes;
	if (heap->nr_objects > OBJECTS_MAX ||
	    !map_span(heap, span, (uint32_t)heap->nr_spans))
		return err_set(e, ERR_UNSUPPORTED,
			       "cannot prove leaks: the heap is too large (more than 256 "
			       "GB or two billion objects)");
	heap->nr_spans++;
	return 0;
}

/* Returns true if the span is in the table and unchanged. Updates its specials. */
static bool is_known(struct go_heap *heap, const struct go_heap_span *span)
{
	const struct go_heap_span *known = go_heap_span_of(heap, span->start);

	if (!known || known->start != span->start || known->bytes != span->bytes ||
	    known->size != span->size || known->nr_objects != span->nr_objects ||
	    known->noscan != span->noscan)
		return false;
	heap->spans[known - heap->spans].specials = span->specials;
	return true;
}

/* Adds the spans of one batch of records. Invalid records were probably being
 * modified. */
static int take_records(struct go_heap *heap, struct memory_item *items, size_t nr,
			const uint8_t *records, size_t *wrong, struct err *e)
{
	for (size_t i = 0; i < nr; i++) {
		const uint8_t *record = records + (size_t)items[i].index * RECORD_BYTES;
		struct go_heap_span span;
		int rc;

		if (!items[i].ok)
			return err_set(e, ERR_FORMAT, "cannot read the heap's spans");
		if (!record_in_use(record, heap->row))
			continue;
		if (!parse_record(record, heap->row, &span)) {
			++*wrong;
			continue;
		}
		rc = is_known(heap, &span) ? 0 : add_span(heap, &span, e);
		if (rc)
			return rc;
	}
	return 0;
}

static void set_bounds(struct go_heap *heap)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < heap->nr_spans; i++) {
		const struct go_heap_span *span = &heap->spans[i];

		if (span->start < low)
			low = span->start;
		if (span->start + span->bytes > high)
			high = span->start + span->bytes;
	}
	heap->low = low;
	heap->extent = high > low ? high - low : 0;
}

static int read_spans(struct go_heap *heap, struct err *e)
{
	struct memory_item *items = malloc(AT_ONCE * sizeof(*items));
	uint8_t *records = malloc((size_t)AT_ONCE * RECORD_BYTES);
	bool memory = items && records;
	size_t wrong = 0;
	int rc = memory ? 0 : no_memory(e);

	for (size_t at = 0; memory && at < heap->nr_records && rc == 0; at += AT_ONCE) {
		size_t nr =
			heap->nr_records - at < AT_ONCE ? heap->nr_records - at : AT_ONCE;

		for (size_t i = 0; i < nr; i++)
			items[i] = (struct memory_item){heap->records[at + i],
							(uint32_t)i, false};
		memory_gather_read(heap->mem, &heap->gather, items, nr, records,
				   RECORD_BYTES);
		rc = take_records(heap, items, nr, records, &wrong, e);
		if (__atomic_load_n(heap->cancel, __ATOMIC_RELAXED))
			rc = rc ? rc : err_set(e, ERR_GONE, "cancelled");
	}
	free(items);
	free(records);
	if (rc == 0 && (heap->nr_spans == 0 || wrong * 20 > heap->nr_spans))
		rc = err_set(e, ERR_FORMAT, "the heap's spans are invalid");
	return rc;
}

int go_heap_read(struct go_heap *heap, struct err *e)
{
	size_t arenas = (size_t)1 << (ADDRESS_BITS - GO_ARENA_SHIFT);
	int rc;

	if (!heap->arenas)
		heap->arenas = calloc(arenas, sizeof(*heap->arenas));
	if (!heap->arenas)
		return no_memory(e);
	rc = read_records(heap, e);
	if (rc == 0)
		rc = read_spans(heap, e);
	if (rc)
		return rc;
	set_bounds(heap);
	if (!heap->chunks)
		heap->chunks = go_chunks_new();
	return heap->chunks && go_chunks_begin(heap->chunks, heap->nr_arenas)
		       ? 0
		       : no_memory(e);
}

const uint8_t *go_heap_at(struct go_heap *heap, uint64_t address, size_t *bytes)
{
	uint32_t arena =
		address >> ADDRESS_BITS ? 0 : heap->arenas[address >> GO_ARENA_SHIFT];

	return arena ? go_chunks_at(heap->chunks, heap->mem, arena - 1, address, bytes)
		     : NULL;
}

bool go_heap_copy(struct go_heap *heap, uint64_t address, void *out, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		size_t piece = bytes - done;
		const uint8_t *at = go_heap_at(heap, address + done, &piece);

		if (!at)
			return false;
		memcpy((uint8_t *)out + done, at, piece);
		done += piece;
	}
	return true;
}
