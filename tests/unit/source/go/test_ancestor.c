/* SPDX-License-Identifier: MIT */
/* Reads ancestors from this process's own memory: a goroutine and lists that the test has
 * made, also false ones. */
#include "unit.h"

#include <unistd.h>

#include "go_tables.h"
#include "source/go/sample.h"

enum func { LEAF, DIAL, RUN, MAIN, EXIT, FUNCS };

#define GENERATIONS 40u
#define PCS         4u

static const struct step small[] = {{8, TABLES_FUNC}};
static const struct step none[] = {{0, TABLES_FUNC}};
static const struct step lines[] = {{10, 0x20}, {11, 0x30}, {12, TABLES_FUNC}};

/* What the runtime keeps; it is in one piece so that the test can change any word. */
struct kept {
	uint64_t slice[3];
	uint64_t infos[GENERATIONS][5];
	uint64_t pcs[GENERATIONS][PCS];
};

struct fixture {
	struct tables t;
	struct go_module module;
	struct go_layout layout;
	struct memory mem;
	struct intern *intern;
	struct stack_table *table;
	struct go_stacks stacks;
	struct go_sampler sampler;
	struct go_pending pending;
	struct go_entry entry; /* the only one of the sampler */
	uint64_t address;
	uint64_t g[GO_G_BYTES_MAX / 8];
	struct kept kept;
};

static uint64_t pc_of(enum func func, unsigned offset)
{
	return TABLES_TEXT + (uint64_t)func * TABLES_FUNC + offset;
}

static int setup(void **state)
{
	static const struct func_spec specs[FUNCS] = {
		[LEAF] = {"main.leaf", "leaf.go", 0, 0, small, lines, NULL},
		[DIAL] = {"main.dial", "dial.go", 0, 0, small, lines, NULL},
		[RUN] = {"main.run", "run.go", 0, 0, small, lines, NULL},
		[MAIN] = {"main.main", "main.go", 0, 0, small, lines, NULL},
		[EXIT] = {"runtime.goexit", "asm.s", 0, GO_FUNC_TOP, none, lines, NULL},
	};
	struct fixture *f = calloc(1, sizeof(*f));

	tables_begin(&f->t, GO_ERA_120);
	for (size_t i = 0; i < FUNCS; i++)
		tables_func(&f->t, i, &specs[i]);
	tables_end(&f->t, FUNCS);
	f->module.table = f->t.table;
	f->mem.process = process_named(getpid());
	f->intern = intern_new(1 << 20);
	f->table = stack_table_new(100000);
	assert_true(go_stacks_init(&f->stacks, &f->module, &f->mem, f->intern, f->table));
	go_stacks_begin(&f->stacks);
	f->layout.g = (struct go_g_layout){.status = 144,
					   .goid = 152,
					   .parent = 280,
					   .gopc = 288,
					   .ancestors = 296,
					   .startpc = 304,
					   .bytes = 368};
	assert_true(go_sampler_init(&f->sampler, &f->mem, &f->layout, NULL, &f->stacks));
	f->sampler.pending = &f->pending;
	f->sampler.nr_pending = 1;
	f->sampler.entries = &f->entry;
	f->sampler.addresses = &f->address;
	f->address = (uintptr_t)f->g;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	go_entry_release(&f->entry);
	f->sampler.entries = NULL;
	f->sampler.addresses = NULL;
	go_sampler_release(&f->sampler);
	go_stacks_release(&f->stacks);
	stack_table_free(f->table);
	intern_free(f->intern);
	free(f);
	return 0;
}

/* Goroutine 100, which 99 has created in main.dial, which 98 has created in main.run, and
 * so on; each stack is that function, main.main and runtime.goexit. */
static void make(struct fixture *f, size_t nr)
{
	uint64_t gopc = pc_of(DIAL, 0x28);

	memset(f->g, 0, sizeof(f->g));
	f->g[144 / 8] = GO_STATUS_WAITING;
	f->g[152 / 8] = 100;
	f->g[280 / 8] = 99;
	f->g[288 / 8] = gopc;
	f->g[296 / 8] = (uintptr_t)f->kept.slice;
	f->kept.slice[0] = (uintptr_t)f->kept.infos;
	f->kept.slice[1] = f->kept.slice[2] = nr;
	for (size_t i = 0; i < GENERATIONS; i++) {
		f->kept.pcs[i][0] = gopc;
		f->kept.pcs[i][1] = pc_of(MAIN, 0x31);
		f->kept.pcs[i][2] = pc_of(EXIT, 1);
		f->kept.infos[i][0] = (uintptr_t)f->kept.pcs[i];
		f->kept.infos[i][1] = f->kept.infos[i][2] = 3;
		f->kept.infos[i][3] = 99 - i;
		gopc = pc_of(RUN, 0x28);
		f->kept.infos[i][4] = gopc;
	}
}

static const struct ancestry *ancestry_of(const struct fixture *f)
{
	return go_entry_more(&f->entry)->ancestry;
}

static size_t read_all(struct fixture *f)
{
	go_entry_release(&f->entry);
	f->entry = (struct go_entry){
		.live = true, .searched = true, .goid = 100, .parent = 99};
	go_entry_forget_ancestors(&f->entry, (uintptr_t)f->kept.slice);
	f->sampler.samples++;
	go_ancestors_find(&f->sampler, &f->entry);
	return ancestry_of(f) ? ancestry_of(f)->nr : 0;
}

static void test_generations(void **state)
{
	struct fixture *f = *state;
	const struct stack *stack;

	make(f, 2);
	/* Of the third one, only the go statement is known. */
	assert_int_equal(read_all(f), 3);
	assert_int_equal(go_entry_more(&f->entry)->ancestor_ids[0], 99);
	assert_int_equal(go_entry_more(&f->entry)->ancestor_ids[1], 98);
	assert_int_equal(go_entry_more(&f->entry)->ancestor_ids[2], 0);
	assert_ptr_equal(f->entry.created_by, ancestry_of(f)->stacks[0]);
	stack = ancestry_of(f)->stacks[0];
	assert_int_equal(stack->nr_frames, 2);
	assert_false(stack->truncated);
	assert_string_equal(stack->frames[0].function, "main.dial");
	assert_int_equal(stack->frames[0].line, 11);
	assert_string_equal(stack->frames[1].function, "main.main");
	assert_string_equal(ancestry_of(f)->stacks[1]->frames[0].function, "main.run");
	assert_int_equal(ancestry_of(f)->stacks[2]->nr_frames, 1);
	/* Nothing has created the first goroutine. */
	f->kept.infos[1][3] = 1;
	assert_int_equal(read_all(f), 2);
	make(f, GENERATIONS);
	assert_int_equal(read_all(f), SNAPSHOT_ANCESTORS_MAX);
	/* A list that is as long as the runtime keeps has no end. */
	make(f, 1);
	f->kept.infos[0][1] = 2;
	assert_int_equal(read_all(f), 2);
	assert_true(ancestry_of(f)->stacks[0]->truncated);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;

	make(f, 2);
	f->kept.pcs[0][0] = pc_of(LEAF, 0x28); /* not where it was created */
	assert_int_equal(read_all(f), 0);
	make(f, 2);
	f->kept.infos[0][3] = 97; /* not by its creator */
	assert_int_equal(read_all(f), 0);
	make(f, 2);
	f->g[152 / 8] = 101; /* another goroutine by now */
	assert_int_equal(read_all(f), 0);
	make(f, 2);
	f->g[296 / 8] += 8; /* another list by now */
	assert_int_equal(read_all(f), 0);
	make(f, 2);
	f->g[144 / 8] = GO_STATUS_DEAD;
	assert_int_equal(read_all(f), 0);
	make(f, 2);
	f->kept.slice[2] = 1;
	assert_int_equal(read_all(f), 0);
	make(f, 2);
	f->kept.slice[0] = 8;
	assert_int_equal(read_all(f), 0);
	make(f, 2);
	f->kept.infos[0][0] = 8;
	assert_int_equal(read_all(f), 0);
	assert_null(f->entry.created_by);
	/* What is false further out cuts the list there. */
	make(f, 5);
	f->kept.infos[2][0] += 4;
	assert_int_equal(read_all(f), 2);
	make(f, 5);
	f->kept.infos[2][4] = 12345;
	assert_int_equal(read_all(f), 3);
	assert_int_equal(go_entry_more(&f->entry)->ancestor_ids[2], 97);
}

/* Any words at all: nothing is read beyond the limits, and what is kept is whole. */
static void test_hostile(void **state)
{
	struct fixture *f = *state;
	uint64_t *words = (uint64_t *)&f->kept, dice = 1;
	size_t nr = sizeof(f->kept) / 8, kept = 0;

	for (int round = 0; round < 20000; round++) {
		size_t found;

		make(f, 1 + round % GENERATIONS);
		for (int i = 0; i < 1 + round % 6; i++) {
			static const uint64_t values[] = {0,
							  1,
							  7,
							  1u << 16,
							  (1u << 16) + 1,
							  1ull << 53,
							  UINT64_MAX,
							  0x8000000000000000ull};
			uint64_t *word;

			dice = dice * 6364136223846793005ull + 1442695040888963407ull;
			word = &words[(dice >> 33) % nr];
			*word = dice & 1u << 20 ? values[dice >> 40 & 7]
						: (uintptr_t)&words[(dice >> 30) % nr];
		}
		found = read_all(f);
		assert_true(found <= SNAPSHOT_ANCESTORS_MAX);
		for (size_t i = 0; i < found; i++)
			assert_non_null(ancestry_of(f)->stacks[i]);
		kept += found > 0;
	}
	assert_true(kept > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_generations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
