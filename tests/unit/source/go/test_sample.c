/* SPDX-License-Identifier: MIT */
/* Which goroutines a sample reads again: those that have run, and those for whose object an
 * earlier sample had no time to search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "g_layout.h"
#include "source/go/sample.h"

#define GOROUTINES 25000u
#define SEARCHED   20000u /* by one sample */
#define WORDS      (G_BYTES / 8)

struct world {
	uint64_t slice[3];
	uint64_t addresses[GOROUTINES];
	uint64_t gs[GOROUTINES][WORDS];
	uint64_t stack[16];
	struct memory mem;
	struct go_layout layout;
	struct go_reasons reasons;
	struct go_module module;
	struct intern *intern;
	struct stack_table *table;
	struct go_stacks stacks;
	struct go_sampler sampler;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->slice[0] = (uintptr_t)w->addresses;
	w->slice[1] = w->slice[2] = GOROUTINES;
	w->layout.allgs.slice = (uintptr_t)w->slice;
	w->layout.turns = true;
	w->layout.g = g_layout;
	w->layout.g.ancestors = 288;
	w->layout.g.labels = 320;
	w->layout.g.timer = 328;
	w->layout.g.lockedm = 336;
	w->reasons.list[1] =
		(struct go_reason){"sync.Mutex.Lock", STATE_MUTEX, GO_OBJECT_LOCK};
	w->reasons.nr = 2;
	for (size_t i = 0; i < GOROUTINES; i++) {
		uint64_t *g = w->gs[i];

		w->addresses[i] = (uintptr_t)g;
		g[GO_G_STACK_LO / 8] = g[GO_G_SP / 8] = (uintptr_t)w->stack;
		g[GO_G_STACK_HI / 8] = (uintptr_t)w->stack + sizeof(w->stack);
		g[GO_G_PC / 8] = 0x1000; /* in no function */
		g[G_STATUS / 8] = GO_STATUS_WAITING;
		g[G_ID / 8] = i + 1;
		g[G_REASON / 8] = 1;
	}
	w->mem.process = process_named(getpid());
	w->intern = intern_new(1 << 20);
	w->table = stack_table_new(1000);
	assert_true(go_stacks_init(&w->stacks, &w->module, &w->mem, w->intern, w->table));
	assert_true(go_sampler_init(&w->sampler, &w->mem, &w->layout, &w->reasons,
				    &w->stacks));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	go_sampler_release(&w->sampler);
	go_stacks_release(&w->stacks);
	stack_table_free(w->table);
	intern_free(w->intern);
	free(w);
	return 0;
}

/* Returns how many goroutines were read again. */
static uint64_t look(struct world *w)
{
	uint64_t before = w->sampler.walked;

	assert_int_equal(go_sampler_run(&w->sampler, 1000000, NULL), 0);
	assert_int_equal(w->sampler.nr_entries, GOROUTINES);
	return w->sampler.walked - before;
}

static void assert_known(const struct world *w, size_t at)
{
	assert_int_equal(go_sampler_hash(&w->sampler, &w->sampler.entries[at]),
			 go_g_hash((const uint8_t *)w->gs[at], &w->layout.g));
}

static void test_again(void **state)
{
	struct world *w = *state;

	assert_int_equal(look(w), GOROUTINES);
	assert_known(w, 0);
	assert_known(w, GOROUTINES - 1);
	assert_int_equal(look(w), GOROUTINES - SEARCHED);
	assert_known(w, GOROUTINES - 1);
	assert_int_equal(look(w), 0);

	w->gs[17][GO_G_CONTEXT / 8]++;
	w->gs[GOROUTINES - 1][GO_G_CONTEXT / 8]++;
	assert_int_equal(look(w), 2);
	assert_known(w, 17);
	assert_int_equal(look(w), 0);

	go_sampler_doubt(&w->sampler);
	assert_int_equal(go_sampler_hash(&w->sampler, &w->sampler.entries[17]), 0);
	assert_int_equal(look(w), GOROUTINES);
}

/* What the collector writes is taken over without reading the goroutine again. */
static void test_since(void **state)
{
	struct world *w = *state;
	const struct go_entry *entry;

	look(w);
	look(w);
	entry = &w->sampler.entries[5];
	assert_int_equal(go_sampler_kept(&w->sampler, entry)->since_ns, 0);
	w->gs[5][G_SINCE / 8] = 777;
	assert_int_equal(look(w), 0);
	assert_int_equal(go_sampler_kept(&w->sampler, entry)->since_ns, 777);
	assert_true(entry->live);

	w->gs[5][G_STATUS / 8] = GO_STATUS_DEAD;
	assert_int_equal(look(w), 0);
	assert_false(entry->live);
	assert_int_equal(go_sampler_hash(&w->sampler, entry), 0);
	w->gs[5][G_STATUS / 8] = GO_STATUS_WAITING;
	assert_int_equal(look(w), 1);
	assert_known(w, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_since, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
