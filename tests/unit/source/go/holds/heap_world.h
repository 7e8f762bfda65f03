/* SPDX-License-Identifier: MIT */
/* A Go heap in the test's own memory, as the runtime of Go 1.26 manages it: spans of
 * objects of one size, their records, the list of records and the table of arenas. */
#ifndef TESTS_GO_HOLDS_HEAP_WORLD_H
#define TESTS_GO_HOLDS_HEAP_WORLD_H

#include "unit.h"

#include <sys/mman.h>

#include "own_memory.h"
#include "source/go/holds/holds.h"

#define WORLD_ARENA ((size_t)1 << GO_ARENA_SHIFT)
#define WORLD_PAGE  ((size_t)1 << GO_PAGE_SHIFT)
#define WORLD_SPANS 256u
#define WORLD_TASKS 64u
#define WORLD_STACK 64u /* words */

struct heap_world {
	uint8_t *reserved;
	uint8_t *arena; /* aligned */
	size_t used;    /* pages of it */
	uint8_t records[WORLD_SPANS][GO_SPAN_RECORD_BYTES];
	uint64_t addresses[WORLD_SPANS]; /* of the records */
	size_t nr_spans;
	uint64_t *pages; /* the runtime's record of the arena */
	struct world_globals {
		uint64_t list[3];
		uint64_t other[4];
		uint64_t arenas;
	} globals;
	uint64_t arena_record;
	struct world_kind { /* the span that new objects of a size are in */
		size_t size, left;
		bool noscan;
		uint8_t *next;
	} kinds[16];
	size_t nr_kinds;

	uint64_t gs[WORLD_TASKS][GO_G_BYTES_MAX / 8];
	uint64_t *stacks; /* WORLD_STACK of each */
	struct go_entry entries[WORLD_TASKS];
	uint64_t addresses_of_gs[WORLD_TASKS];
	struct go_kept kept[WORLD_TASKS];
	size_t nr_tasks;
	struct go_elf elf;
	struct go_module module;
	struct go_layout layout;
	struct memory mem;
	struct go_stacks stacks_table;
	struct intern *intern;
	struct stack_table *table;
	struct go_sampler sampler;
	struct go_queues queues;
	struct go_holds holds;
};

static inline void world_put(uint8_t *record, size_t at, uint64_t value, size_t bytes)
{
	memcpy(record + at, &value, bytes);
}

static inline uint8_t *world_span(struct heap_world *w, size_t size, size_t pages,
				  bool noscan)
{
	uint8_t *start = w->arena + w->used * WORLD_PAGE;
	uint8_t *record = w->records[w->nr_spans];
	uint64_t objects = pages * WORLD_PAGE / size;

	assert_true(w->nr_spans < WORLD_SPANS);
	memset(record, 0, GO_SPAN_RECORD_BYTES);
	world_put(record, 24, address_of(start), 8);
	world_put(record, 32, pages, 8);
	world_put(record, 50, objects, 2);
	record[98] = noscan;
	record[99] = 1; /* in use */
	world_put(record, 104, size, 8);
	world_put(record, 112, address_of(start) + objects * size, 8);
	for (size_t i = 0; i < pages; i++)
		w->pages[w->used + i] = address_of(record);
	w->addresses[w->nr_spans++] = address_of(record);
	w->used += pages;
	w->globals.list[1] = w->nr_spans;
	return start;
}

/* A new object, zeroed. */
static inline void *world_new(struct heap_world *w, size_t size, bool noscan)
{
	struct world_kind *kind = w->kinds;
	void *object;

	while (kind < w->kinds + w->nr_kinds &&
	       (kind->size != size || kind->noscan != noscan))
		kind++;
	if (kind == w->kinds + w->nr_kinds) {
		assert_true(w->nr_kinds < 16);
		*kind = (struct world_kind){.size = size, .noscan = noscan};
		w->nr_kinds++;
	}
	if (kind->left == 0) {
		size_t pages =
			size > WORLD_PAGE ? (size + WORLD_PAGE - 1) / WORLD_PAGE : 1;

		kind->next = world_span(w, size, pages, noscan);
		kind->left = pages * WORLD_PAGE / size;
	}
	object = kind->next;
	kind->next += size;
	kind->left--;
	return object;
}

/* The bytes of a string, in an object of the smallest size that has room. */
static inline uint64_t world_text(struct heap_world *w, const char *text)
{
	size_t size = 16, nr = strlen(text);

	while (size < nr)
		size *= 2;
	return address_of(memcpy(world_new(w, size, true), text, nr));
}

/* Two words of an object: the header of a string. */
static inline void world_string(struct heap_world *w, void *object, size_t at,
				const char *text)
{
	uint64_t header[2] = {world_text(w, text), strlen(text)};

	memcpy((uint8_t *)object + at, header, sizeof(header));
}

static inline void world_point(void *object, size_t at, const void *to)
{
	uint64_t word = address_of(to);

	memcpy((uint8_t *)object + at, &word, sizeof(word));
}

/* A parked goroutine. Returns the words of its stack, from the stack pointer on. */
static inline uint64_t *world_task(struct heap_world *w, const struct stack *stack)
{
	size_t i = w->nr_tasks++;
	uint64_t *words = w->stacks + i * WORLD_STACK, *g = w->gs[i];
	const struct go_g_layout *layout = &w->layout.g;

	assert_true(i < WORLD_TASKS);
	g[GO_G_STACK_LO / 8] = address_of(words);
	g[GO_G_STACK_HI / 8] = address_of(words + WORLD_STACK);
	g[GO_G_SP / 8] = address_of(words + WORLD_STACK / 2);
	g[GO_G_PC / 8] = 0x1000; /* in no function, so that all words count */
	g[layout->status / 8] = GO_STATUS_WAITING;
	g[layout->goid / 8] = i + 1;
	w->entries[i] = (struct go_entry){
		.goid = i + 1, .stack = stack, .status = GO_STATUS_WAITING, .live = true};
	w->addresses_of_gs[i] = address_of(g);
	w->kept[i].hash = go_g_hash((uint8_t *)g, layout);
	w->sampler.nr_entries = w->nr_tasks;
	return words + WORLD_STACK / 2;
}

/* Asks what all goroutines hold. */
static inline struct snapshot *world_look(struct heap_world *w)
{
	struct snapshot *out = snapshot_new();
	struct holds_wish wishes[WORLD_TASKS];

	for (size_t i = 0; i < w->nr_tasks; i++) {
		struct task *task = snapshot_add(out);

		task->kind = TASK_GOROUTINE;
		task->id = i + 1;
		wishes[i] = holds_wish_of(task);
	}
	go_holds_read(&w->holds, wishes, w->nr_tasks, out);
	return out;
}

static inline int world_setup(void **state)
{
	struct heap_world *w = calloc(1, sizeof(*w));

	w->reserved = mmap(NULL, 2 * WORLD_ARENA, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(w->reserved != MAP_FAILED);
	w->arena = w->reserved + (WORLD_ARENA - address_of(w->reserved) % WORLD_ARENA);
	w->pages = calloc(WORLD_ARENA / WORLD_PAGE, sizeof(*w->pages));
	w->stacks = calloc(WORLD_TASKS * WORLD_STACK, sizeof(*w->stacks));
	w->arena_record = address_of(w->pages);
	/* Only one word of the table is ever read. */
	w->globals.arenas = address_of(&w->arena_record) -
			    8 * ((address_of(w->arena) >> GO_ARENA_SHIFT) +
				 (1ull << (47 - GO_ARENA_SHIFT)));
	w->globals.list[0] = address_of(w->addresses);
	w->globals.list[2] = WORLD_SPANS;
	w->module.minor = 26;
	w->module.data[2] =
		(struct go_range){address_of(&w->globals), address_of(&w->globals + 1)};
	w->layout.g = (struct go_g_layout){.syscallsp = 112,
					   .status = 144,
					   .goid = 152,
					   .waitsince = 168,
					   .waitreason = 176,
					   .bytes = 368};
	w->layout.chan_recvq = 64;
	w->mem = self();
	w->intern = intern_new(1 << 20);
	w->table = stack_table_new(1000);
	assert_true(go_stacks_init(&w->stacks_table, &w->module, &w->mem, w->intern,
				   w->table));
	w->sampler.mem = &w->mem;
	w->sampler.layout = &w->layout;
	w->sampler.stacks = &w->stacks_table;
	w->sampler.entries = w->entries;
	w->sampler.addresses = w->addresses_of_gs;
	w->sampler.kept = w->kept;
	assert_true(go_queues_init(&w->queues));
	go_holds_init(&w->holds, &w->mem, &w->elf, &w->module, &w->sampler, &w->queues);
	for (size_t size = 24; size <= 48; size += 8)
		world_span(w, size, 1, false);
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	struct heap_world *w = *state;

	go_holds_release(&w->holds);
	go_queues_release(&w->queues);
	go_stacks_release(&w->stacks_table);
	stack_table_free(w->table);
	intern_free(w->intern);
	munmap(w->reserved, 2 * WORLD_ARENA);
	free(w->pages);
	free(w->stacks);
	free(w);
	return 0;
}

#endif
