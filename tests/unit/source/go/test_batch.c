/* SPDX-License-Identifier: MIT */
/* Stacks that share a page are read at once, and what cannot be read takes no other stack
 * with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "g_layout.h"
#include "source/go/batch.h"

#define GOROUTINES 8u
#define PAGE       4096u
#define PAGES      8u

struct fixture {
	uint64_t gs[GOROUTINES][G_BYTES / 8];
	uint8_t *stacks;
	struct go_batch batch;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->stacks = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(f->stacks, MAP_FAILED);
	for (size_t i = 0; i < (size_t)PAGES * PAGE; i++)
		f->stacks[i] = (uint8_t)(i * 7 + i / 256);
	assert_true(go_batch_init(&f->batch));
	f->batch.process = process_named(getpid());
	f->batch.layout = g_layout;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	go_batch_release(&f->batch);
	munmap(f->stacks, (size_t)PAGES * PAGE);
	free(f);
	return 0;
}

/* Adds a goroutine that is parked with this part of the memory in use. */
static void park(struct fixture *f, size_t from, size_t to)
{
	uint64_t *g = f->gs[f->batch.nr];

	g[GO_G_STACK_LO / 8] = (uintptr_t)f->stacks;
	g[GO_G_STACK_HI / 8] = (uintptr_t)f->stacks + to;
	g[GO_G_SP / 8] = (uintptr_t)f->stacks + from;
	g[g_layout.status / 8] = GO_STATUS_WAITING;
	g[g_layout.goid / 8] = f->batch.nr + 1;
	f->batch.asked[f->batch.nr++] = (struct go_asked){(uintptr_t)g, 0};
}

static const uint8_t *out_of(const struct fixture *f, size_t at)
{
	return f->batch.spans[at].out;
}

/* It has been read, and is what is in its memory. */
static void assert_read(const struct fixture *f, size_t at, size_t from, size_t to)
{
	assert_true(f->batch.spans[at].ok);
	assert_int_equal(f->batch.spans[at].bytes, to - from);
	assert_memory_equal(out_of(f, at), f->stacks + from, to - from);
}

static void test_one_page(void **state)
{
	struct fixture *f = *state;

	park(f, 1504, 2048);
	park(f, 3600, 4096);
	park(f, PAGE + 1600, PAGE + 2048);
	park(f, PAGE + 4000, 2 * PAGE);
	go_batch_fetch(&f->batch);
	assert_int_equal(f->batch.nr_pending, 4);
	assert_read(f, 0, 1504, 2048);
	assert_read(f, 1, 3600, 4096);
	assert_read(f, 2, PAGE + 1600, PAGE + 2048);
	assert_read(f, 3, PAGE + 4000, 2 * PAGE);
	assert_int_equal(out_of(f, 1) - out_of(f, 0), 3600 - 1504);
	assert_int_equal(out_of(f, 3) - out_of(f, 2), 4000 - 1600);
	/* Another page is another piece, and nothing between them is read. */
	assert_int_equal(out_of(f, 2) - out_of(f, 1), 4096 - 3600);
}

/* The order is theirs, and so is the page; hostile bounds may overlap. */
static void test_apart(void **state)
{
	struct fixture *f = *state;

	park(f, 3600, 4096);
	park(f, 1504, 2048);
	park(f, 2 * PAGE, 3 * PAGE + 8);
	park(f, 3 * PAGE + 16, 3 * PAGE + 32);
	park(f, 3 * PAGE + 16, 3 * PAGE + 24);
	park(f, 4 * PAGE, 6 * PAGE);
	go_batch_fetch(&f->batch);
	assert_int_equal(f->batch.nr_pending, 6);
	assert_read(f, 0, 3600, 4096);
	assert_read(f, 1, 1504, 2048);
	/* Of a long one only the beginning is read in advance. */
	assert_read(f, 2, 2 * PAGE, 2 * PAGE + GO_STACK_BYTES);
	assert_read(f, 3, 3 * PAGE + 16, 3 * PAGE + 32);
	assert_read(f, 4, 3 * PAGE + 16, 3 * PAGE + 24);
	assert_read(f, 5, 4 * PAGE, 4 * PAGE + GO_STACK_BYTES);
}

static void test_unreadable(void **state)
{
	struct fixture *f = *state;

	park(f, 1504, 2048);
	park(f, 3600, PAGE);
	park(f, PAGE + 1600, PAGE + 2048);
	park(f, PAGE + 3600, 2 * PAGE);
	park(f, 2 * PAGE + 1600, 2 * PAGE + 2048);
	assert_int_equal(mprotect(f->stacks + PAGE, PAGE, PROT_NONE), 0);
	go_batch_fetch(&f->batch);
	assert_int_equal(f->batch.nr_pending, 5);
	assert_read(f, 0, 1504, 2048);
	assert_read(f, 1, 3600, PAGE);
	assert_false(f->batch.spans[2].ok);
	assert_false(f->batch.spans[3].ok);
	assert_read(f, 4, 2 * PAGE + 1600, 2 * PAGE + 2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
