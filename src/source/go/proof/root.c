/* SPDX-License-Identifier: MIT */
/*
 * See root.h. The runtime's span records are skipped: each contains the address of its
 * first object, which would then appear to be in use forever. Without C code, memory
 * outside of modules belongs to the runtime. It keeps there what the collector visited
 * last, as addresses of fields or, in buffers that its processors' records point to, of
 * objects. What it intends to keep are start addresses of objects: functions and
 * arguments of finalizers and cleanups.
 */
#include "source/go/proof/root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/order.h"
#include "base/text.h"
#include "source/proc/process.h"

#define MAPS_BYTES_MAX (64u << 20)
#define MAP_BYTES_MAX  (64ull << 30) /* larger ones are reservations, such as TSan's */
#define PIECE_BYTES    (1u << 20)
#define PAGE_BYTES     4096u
#define PAGES_AT_ONCE  4096u
#define RECORD_BYTES   136u /* the shortest span record of any version */
#define RED_ZONE       128u
#define SPECIALS_MAX   (4u << 20)
#define PAGE_IS_THERE  (3ull << 62) /* present or swapped out */

struct roots {
	struct go_mark *mark;
	const struct process *process;
	const struct go_module *module;
	bool cgo;
	bool bases;   /* in this mapping only start addresses of objects count */
	bool modules; /* only mappings of modules */
	int pagemap;  /* -1 if all pages count as present */
	uint64_t *sp; /* of the threads that wait in the kernel */
	size_t nr_sp;
	uint64_t first_sp; /* of the first thread if it is in a system call, or 0 */
	uint8_t *piece;
	uint64_t *pages;
};

static bool cancelled(const struct roots *roots)
{
	return __atomic_load_n(roots->mark->heap->cancel, __ATOMIC_RELAXED);
}

/* Returns the index of the first span record at or above this address. */
static size_t record_from(const struct go_heap *heap, uint64_t address)
{
	return order_count(heap->records, heap->nr_records, sizeof(*heap->records), 0,
			   address, 0);
}

static void mark_between_records(struct roots *roots, uint64_t address,
				 const uint8_t *bytes, size_t size)
{
	const struct go_heap *heap = roots->mark->heap;
	uint64_t at = address, end = address + size;
	size_t next = record_from(
		heap, address > RECORD_BYTES ? address - RECORD_BYTES + 8 : 0);

	while (at < end) {
		uint64_t stop = next < heap->nr_records ? heap->records[next] : end;
		uint64_t past = stop + RECORD_BYTES;

		if (stop > end)
			stop = end;
		if (stop > at && roots->bases)
			go_mark_bases(roots->mark, bytes + (at - address), stop - at);
		else if (stop > at)
			go_mark_words(roots->mark, bytes + (at - address), stop - at);
		if (next >= heap->nr_records || heap->records[next] >= end)
			break;
		if (past > at)
			at = past;
		next++;
	}
}

/* Leftovers in the collector's buffers and the allocator's current block are not
 * roots. */
static void blank_scratch(const struct roots *roots, uint64_t address, uint8_t *bytes,
			  size_t size)
{
	const struct go_mark *mark = roots->mark;

	for (size_t i = 0; i < mark->nr_scratch; i++) {
		uint64_t from = mark->scratch[i].address;
		uint64_t to = from + mark->scratch[i].bytes;

		if (from >= address + size || to <= address)
			continue;
		from = from > address ? from - address : 0;
		to = to < address + size ? to - address : size;
		memset(bytes + from, 0, (size_t)(to - from));
	}
}

/* Marks from pages that are present. A page that has vanished since is skipped. */
static void mark_pages(struct roots *roots, uint64_t start, uint64_t end)
{
	struct memory *mem = roots->mark->heap->mem;

	while (start < end && !cancelled(roots)) {
		size_t wanted =
			end - start < PIECE_BYTES ? (size_t)(end - start) : PIECE_BYTES;
		size_t got = memory_read_some(mem, start, roots->piece, wanted);

		blank_scratch(roots, start, roots->piece, got);
		mark_between_records(roots, start, roots->piece, got & ~(size_t)7);
		start += got == wanted ? got
				       : (got & ~(uint64_t)(PAGE_BYTES - 1)) + PAGE_BYTES;
	}
}

/* Skips pages that were never touched: reading them would allocate them. */
static void mark_range(struct roots *roots, uint64_t start, uint64_t end)
{
	uint64_t from = start;

	if (roots->pagemap < 0) {
		mark_pages(roots, start, end);
		return;
	}
	for (uint64_t at = start; at < end && !cancelled(roots);) {
		size_t nr = (end - at + PAGE_BYTES - 1) / PAGE_BYTES;
		ssize_t got;

		nr = nr < PAGES_AT_ONCE ? nr : PAGES_AT_ONCE;
		got = pread(roots->pagemap, roots->pages, nr * 8,
			    (off_t)(at / PAGE_BYTES * 8));
		if (got < (ssize_t)(nr * 8)) {
			mark_pages(roots, from, end);
			return;
		}
		for (size_t i = 0; i < nr; i++, at += PAGE_BYTES) {
			if (roots->pages[i] & PAGE_IS_THERE)
				continue;
			if (from < at)
				mark_pages(roots, from, at);
			from = at + PAGE_BYTES;
		}
	}
	if (from < end)
		mark_pages(roots, from, end);
}

/* Skips the Go heap, which is followed but is not a root. */
static void mark_outside_heap(struct roots *roots, uint64_t start, uint64_t end)
{
	const uint64_t arena_bytes = 1ull << GO_ARENA_SHIFT;
	const struct go_heap *heap = roots->mark->heap;
	uint64_t from = start;

	for (uint64_t at = start; at < end;) {
		uint64_t next = (at & ~(arena_bytes - 1)) + arena_bytes;

		if (heap->arenas[at >> GO_ARENA_SHIFT]) {
			if (from < at)
				mark_range(roots, from, at);
			from = next;
		}
		at = next;
	}
	if (from < end)
		mark_range(roots, from, end);
}

/* If exactly one thread's stack pointer is in the mapping, the memory below it is
 * unused. */
static uint64_t above_stack_pointer(const struct roots *roots, uint64_t start,
				    uint64_t end)
{
	uint64_t from = start;
	size_t inside = 0;

	for (size_t i = 0; i < roots->nr_sp; i++) {
		if (roots->sp[i] <= start + RED_ZONE || roots->sp[i] >= end)
			continue;
		inside++;
		from = (roots->sp[i] - RED_ZONE) & ~7ull;
	}
	return inside == 1 ? from : start;
}

/* Without C code, the first thread's own stack belongs to its scheduler. As with other
 * threads (see runner.h), it counts only if the scheduler has a processor and the stack
 * may be in use: the stack pointer is in it, or a signal is being handled. */
static bool is_unused_stack(const struct roots *roots, const struct proc_map *map)
{
	const struct go_mark *mark = roots->mark;

	if (roots->cgo || map->path_bytes != strlen("[stack]") ||
	    memcmp(map->path, "[stack]", map->path_bytes) != 0 || roots->first_sp == 0)
		return false;
	if (!go_mark_has_processor(mark, 0))
		return true;
	if (roots->first_sp >= map->start && roots->first_sp < map->end)
		return false;
	for (size_t i = 0; i < mark->nr_stacks; i++)
		if (mark->stacks[i].signals && roots->first_sp >= mark->stacks[i].low &&
		    roots->first_sp < mark->stacks[i].high)
			return false;
	return true;
}

static bool in_module(const struct roots *roots, const struct proc_map *map)
{
	for (size_t i = 0; i < 3; i++)
		if (map->start < roots->module->data[i].end &&
		    roots->module->data[i].start < map->end)
			return true;
	return false;
}

static void mark_map(struct roots *roots, const struct proc_map *map)
{
	/* rw?p: shared memory and read-only file contents hold no addresses of this
	 * process. */
	if (!map->readable || !map->writable || !map->private || map->end <= map->start ||
	    map->end >> 47 || map->end - map->start > MAP_BYTES_MAX)
		return;
	if (roots->modules && !in_module(roots, map))
		return;
	if (is_unused_stack(roots, map))
		return;
	roots->bases = !roots->cgo && !in_module(roots, map) &&
		       (map->path_bytes == 0 || text_starts_with(map->path, "[anon"));
	mark_outside_heap(roots, above_stack_pointer(roots, map->start, map->end),
			  map->end);
}

static int mark_maps(struct roots *roots, struct err *e)
{
	struct process_maps maps;
	struct proc_map map;
	size_t at = 0;
	int rc = process_maps_read(&maps, roots->process, MAPS_BYTES_MAX, e);

	while (rc == 0 && !cancelled(roots) && process_maps_next(&maps, &at, &map))
		mark_map(roots, &map);
	process_maps_release(&maps);
	return rc;
}

static void read_stack_pointers(struct roots *roots)
{
	struct proc_call call;
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t nr = process_threads(roots->process, &tids, &capacity);

	roots->sp = nr > 0 ? calloc((size_t)nr, sizeof(*roots->sp)) : NULL;
	for (ssize_t i = 0; roots->sp && i < nr; i++) {
		if (process_thread_call(roots->process, tids[i], &call) != 0 ||
		    call.running || !call.sp)
			continue;
		roots->sp[roots->nr_sp++] = call.sp;
		if (tids[i] == roots->process->pid && call.nr >= 0)
			roots->first_sp = call.sp;
	}
	free(tids);
}

/* Kinds of special records, by the last minor version that uses these numbers. */
static const struct {
	unsigned last_minor, kind, finalizer, weak;
} special_rows[] = {{22, 10, 1, 0}, {23, 10, 1, 2}, {24, 16, 1, 2}, {27, 16, 2, 3}};

/*
 * A finalizer receives its object, so what the object points to is live. Through a weak
 * pointer, an object that a leaked goroutine still holds can become live again.
 */
static bool mark_special(struct go_mark *mark, const struct go_heap_span *span,
			 const uint8_t *record, unsigned minor)
{
	size_t row = 0, last = ARRAY_COUNT(special_rows) - 1;
	uint64_t offset = load_u64(record + 8);
	unsigned kind;

	while (row < last && minor > special_rows[row].last_minor)
		row++;
	if (minor == 0) /* the kind is never 0, and the offset is usually small */
		row = record[10] ? 0 : last;
	kind = record[special_rows[row].kind];
	if (special_rows[row].kind == 10)
		offset &= 0xffff;
	if (offset >= span->bytes || kind == 0 || kind > 32)
		return false;
	if (minor == 0 || kind == special_rows[row].weak)
		go_mark_address(mark, span->start + offset);
	if (minor == 0 || kind == special_rows[row].finalizer) {
		uint64_t index = go_heap_index(span, span->start + offset);

		if (index < span->nr_objects)
			go_mark_contents(mark, go_heap_base(span, index));
	}
	return true;
}

static int mark_specials(struct roots *roots, unsigned minor, struct err *e)
{
	struct go_heap *heap = roots->mark->heap;
	uint64_t left = SPECIALS_MAX;
	uint8_t record[24];

	for (size_t i = 0; i < heap->nr_spans && !cancelled(roots); i++) {
		const struct go_heap_span *span = &heap->spans[i];
		uint64_t at = span->specials;

		for (size_t k = 0; at && k <= span->bytes; k++) {
			if (left-- == 0)
				return err_set(e, ERR_UNSUPPORTED,
					       "cannot prove leaks: there are more than "
					       "four million finalizers");
			/* The finalizer may just have run; then its object is on a
			 * stack. */
			if (!memory_read(heap->mem, at, record, sizeof(record)) ||
			    !mark_special(roots->mark, span, record, minor))
				break;
			at = load_u64(record);
		}
	}
	return 0;
}

int go_roots_mark(struct go_mark *mark, const struct process *process,
		  const struct go_module *module, bool cgo, bool modules_only,
		  struct err *e)
{
	struct roots roots = {.mark = mark,
			      .process = process,
			      .module = module,
			      .cgo = cgo,
			      .modules = modules_only};
	int rc;

	roots.pagemap = process_pagemap_open(process);
	roots.piece = malloc(PIECE_BYTES);
	roots.pages = malloc(PAGES_AT_ONCE * sizeof(*roots.pages));
	rc = roots.piece && roots.pages
		     ? 0
		     : err_set(e, ERR_NOMEM, "there is no memory for a proof of leaks");
	if (rc == 0) {
		read_stack_pointers(&roots);
		rc = mark_maps(&roots, e);
	}
	if (rc == 0)
		rc = mark_specials(&roots, module->minor, e);
	if (rc == 0 && cancelled(&roots))
		rc = err_set(e, ERR_GONE, "cancelled");
	if (roots.pagemap >= 0)
		close(roots.pagemap);
	free(roots.sp);
	free(roots.piece);
	free(roots.pages);
	return rc;
}
