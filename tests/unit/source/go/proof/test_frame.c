/* SPDX-License-Identifier: MIT */
/* Which words of a parked goroutine's stack are alive, by tables as the Go linker writes
 * them. */
#include "unit.h"

#include <unistd.h>

#include "go_tables.h"
#include "source/go/proof/frame.h"

#define HEAP      0xc000000000ull
#define OBJECT    64u
#define NR_WORDS  24u
#define INNER     0u
#define OUTER     1u
#define TOP       2u
#define PREEMPTED 3u

/* Maps as in read-only data: how many, words, then the bits of each. */
static const struct {
	uint32_t nr, words;
	uint8_t bits[8];
} inner_locals = {2, 2, {0x2, 0x1}}, outer_locals = {1, 3, {0x1}}, no_maps = {1, 0, {0}},
  one_arg = {1, 1, {0x1}};

static const struct {
	uint64_t nr;
	int32_t offset;
	uint32_t bytes, pointers, data;
} objects = {1, -16, 16, 16, 0};

static struct tables tables;
static struct go_module module;
static struct go_frames frames;
static struct go_heap heap;
static struct go_heap_span span;
static struct go_mark mark;
static struct memory mem;
static bool alive[1];
static int never;
static uint64_t words[NR_WORDS];

static uint64_t address_of(const void *object)
{
	return (uint64_t)(uintptr_t)object;
}

/* maps: of arguments, locals, variables; offsets from `inner_locals`, 32 bits each. */
static void add_func(size_t i, const char *name, uint8_t flags, int32_t bytes,
		     const void *const maps[3], uint32_t args)
{
	const struct step sp[] = {{bytes, TABLES_FUNC}}, line[] = {{1, TABLES_FUNC}};
	/* The map is the second one behind byte 0x40. */
	const struct step which[] = {{0, 0x40}, {1, TABLES_FUNC}};
	const struct step none[] = {{-1, TABLES_FUNC}};
	const struct func_spec spec = {name, "a.go", 0, flags, sp, line, none};
	uint8_t *at = (uint8_t *)tables.func_words + tables.nr_func_bytes;

	tables_func(&tables, i, &spec);
	tables_u32(at + 8, args);
	if (i == INNER)
		tables_u32(at + 44 + 4, tables_values(&tables, which));
	for (size_t k = 0; k < 3; k++)
		if (maps[k])
			tables_u32(at + 56 + 4 * k,
				   (uint32_t)(address_of(maps[k]) - module.gofunc));
}

static void begin(void)
{
	const void *const inner[] = {&one_arg, &inner_locals, NULL};
	const void *const outer[] = {NULL, &outer_locals, &objects};
	const void *const top[] = {NULL, &no_maps, NULL};

	memset(&module, 0, sizeof(module));
	/* Offsets are counted from here, as the linker does it. */
	module.gofunc = address_of(&inner_locals);
	for (const void *const *list = (const void *const[]){&outer_locals, &no_maps,
							     &one_arg, &objects, NULL};
	     *list; list++)
		if (address_of(*list) < module.gofunc)
			module.gofunc = address_of(*list);
	module.gofunc -= 8;
	tables_begin(&tables, GO_ERA_120);
	add_func(INNER, "main.inner", 0, 32, inner, 8);
	add_func(OUTER, "main.outer", 0, 40, outer, 0);
	add_func(TOP, "main.top", GO_FUNC_TOP, 8, top, 0);
	add_func(PREEMPTED, "runtime.asyncPreempt", 0, 8, top, 0);
	tables_end(&tables, 4);
	module.table = tables.table;
	module.minor = 26;
	assert_true(go_frames_init(&frames, &module));

	mem = (struct memory){.process = process_named(getpid())};
	span = (struct go_heap_span){.start = HEAP,
				     .bytes = 8192,
				     .size = OBJECT,
				     .nr_objects = 128,
				     .divide = UINT32_MAX / OBJECT + 1,
				     .noscan = true};
	memset(&heap, 0, sizeof(heap));
	heap.mem = &mem;
	heap.cancel = &never;
	heap.spans = &span;
	heap.nr_spans = 1;
	heap.nr_objects = 128;
	heap.low = HEAP;
	heap.extent = 8192;
	heap.arenas = calloc((size_t)1 << 21, sizeof(*heap.arenas));
	heap.arenas[HEAP >> GO_ARENA_SHIFT] = 1;
	heap.pages = calloc((size_t)1 << (GO_ARENA_SHIFT - GO_PAGE_SHIFT),
			    sizeof(*heap.pages));
	heap.pages[0] = 1;
	assert_true(go_mark_begin(&mark, &heap, alive));
}

static void end(void)
{
	go_mark_release(&mark);
	go_frames_release(&frames);
	free(heap.arenas);
	free(heap.pages);
}

static uint64_t object(unsigned i)
{
	return HEAP + i * OBJECT;
}

/* The objects that were reached, a bit each. */
static uint64_t reached(uint64_t pc, uint64_t defers)
{
	struct go_parked parked = {.pc = pc,
				   .sp = address_of(words),
				   .low = address_of(words) - 4096,
				   .high = address_of(words + NR_WORDS),
				   .bytes = (const uint8_t *)words,
				   .defers = defers};

	mark.bits[0].marked = 0;
	assert_true(go_frames_mark(&frames, &mark, &parked));
	return mark.bits[0].marked;
}

static uint64_t pc_in(size_t func, uint32_t offset)
{
	return TABLES_TEXT + func * TABLES_FUNC + offset;
}

/* Words 0 to 3 and the return address belong to inner, 5 to 10 to outer, 11 to 12 to top. */
static void fill(void)
{
	for (unsigned i = 0; i < NR_WORDS; i++)
		words[i] = object(i);
	words[4] = pc_in(OUTER, 0x80);
	words[10] = pc_in(TOP, 0x80);
	words[12] = 0;
}

static void test_live(void **state)
{
	(void)state;
	begin();
	fill();
	/* Second map: the first local; the argument; the first local of outer. */
	assert_int_equal(reached(pc_in(INNER, 0x80), 0), 1u << 1 | 1u << 5 | 1u << 6);
	/* The first map, as the call is before byte 0x40. */
	assert_int_equal(reached(pc_in(INNER, 0x40), 0), 1u << 2 | 1u << 5 | 1u << 6);
	end();
}

static void test_variable(void **state)
{
	(void)state;
	begin();
	fill();
	words[6] = address_of(&words[8]); /* into the variable of words 7 and 8 */
	assert_int_equal(reached(pc_in(INNER, 0x80), 0),
			 1u << 1 | 1u << 5 | 1u << 7 | 1u << 8);
	words[6] = address_of(&words[9]); /* behind it */
	assert_int_equal(reached(pc_in(INNER, 0x80), 0), 1u << 1 | 1u << 5);
	end();
}

/* A signal interrupted outer: all of its frame counts, as registers lie there too. */
static void test_preempted(void **state)
{
	(void)state;
	begin();
	fill();
	words[1] = pc_in(OUTER, 0x80);
	words[7] = pc_in(TOP, 0x80);
	words[9] = 0;
	assert_int_equal(reached(pc_in(PREEMPTED, 0x20), 0) & 0x7f,
			 1u << 0 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 6);
	end();
}

/* Code that is not known, tables that cannot be found, frames that lead nowhere. */
static void test_unknown(void **state)
{
	(void)state;
	begin();
	fill();
	assert_int_equal(reached(0x123456, 0) & 0xffff,
			 0xffff & ~(1u << 4 | 1u << 10 | 1u << 12));
	words[4] = 0x123456;
	assert_int_equal(reached(pc_in(INNER, 0x80), 0) & 0x3ff,
			 1u << 1 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 9);
	end();
	begin();
	frames.modules[0].gofunc = 0;
	fill();
	assert_int_equal(reached(pc_in(INNER, 0x80), 0) & 0xf, 0xf);
	frames.modules[0].gofunc = 0x1000; /* cannot be read: as if it were all alive */
	end();
	begin();
	frames.modules[0].gofunc = 0x1000;
	fill();
	assert_int_equal(reached(pc_in(INNER, 0x80), 0) & 0x7, 0x7);
	end();
}

/* A defer's record on the stack is alive, and the next one that it leads to. */
static void test_defers(void **state)
{
	(void)state;
	begin();
	fill();
	for (unsigned i = 13; i < NR_WORDS; i++)
		words[i] = 0;
	words[13 + 3] = object(40); /* fn */
	words[13 + 4] = 0;          /* link */
	assert_int_equal(reached(pc_in(INNER, 0x80), address_of(&words[13])),
			 1u << 1 | 1u << 5 | 1u << 6 | 1ull << 40);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),      cmocka_unit_test(test_variable),
		cmocka_unit_test(test_preempted), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_defers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
