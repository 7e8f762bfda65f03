/* SPDX-License-Identifier: MIT */
/* Goroutines that two threads read are the same, and come in the same order, as if one had
 * read them; also if the second one is always too late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "g_layout.h"
#include "source/go/fetch.h"

#define GOROUTINES 20000u
#define STACK      256u

struct fixture {
	uint8_t *gs;
	uint8_t *stacks;
	struct go_fetch *fetch;
	uint64_t hashes[GOROUTINES];
	uint64_t sum; /* of what has been read */
};

static void put(struct fixture *f, size_t at, unsigned offset, uint64_t word)
{
	memcpy(f->gs + at * G_BYTES + offset, &word, sizeof(word));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->gs = calloc(GOROUTINES, G_BYTES);
	f->stacks = calloc(GOROUTINES, STACK);
	f->fetch = go_fetch_new();
	assert_non_null(f->fetch);
	for (size_t i = 0; i < GOROUTINES; i++) {
		uint64_t stack = (uintptr_t)f->stacks + i * STACK;

		put(f, i, GO_G_STACK_LO, stack);
		put(f, i, GO_G_STACK_HI, stack + STACK);
		put(f, i, GO_G_SP, stack + i % 16 * 8);
		put(f, i, GO_G_PC, 0x400000 + i);
		put(f, i, G_ID, i % 100 == 7 ? 0 : i + 1);
		put(f, i, G_STATUS,
		    i % 50 == 3 ? GO_STATUS_DEAD : (uint64_t)GO_STATUS_WAITING);
		put(f, i, 168, i * 10);
		memset(f->stacks + i * STACK, (int)i, STACK);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	go_fetch_free(f->fetch);
	free(f->gs);
	free(f->stacks);
	free(f);
	return 0;
}

static void ask(struct fixture *f, struct go_batch *batch, size_t at)
{
	batch->process = process_named(getpid());
	batch->layout = g_layout;
	batch->now_ns = 1000000;
	batch->at = at;
	batch->nr = GOROUTINES - at < GO_BATCH ? GOROUTINES - at : GO_BATCH;
	for (size_t i = 0; i < batch->nr; i++)
		batch->asked[i] = (struct go_asked){(uintptr_t)f->gs + (at + i) * G_BYTES,
						    f->hashes[at + i]};
}

/* Returns the number of goroutines that have changed. */
static size_t check(struct fixture *f, const struct go_batch *batch)
{
	for (size_t i = 0; i < batch->nr; i++) {
		size_t at = batch->at + i;
		bool ended = at % 100 == 7 || at % 50 == 3;
		const struct go_answer *answer = &batch->answers[i];

		assert_int_equal(answer->fetched, ended           ? GO_FETCH_ENDED
						  : f->hashes[at] ? GO_FETCH_SAME
								  : GO_FETCH_CHANGED);
		if (!ended)
			assert_int_equal(answer->since_ns, at * 10);
		f->sum = f->sum * 31 + (uint64_t)answer->since_ns;
	}
	for (size_t i = 0; i < batch->nr_pending; i++) {
		const struct go_pending *pending = &batch->pending[i];
		size_t at = batch->at + pending->at;
		const uint8_t *stack = batch->spans[i].out;

		assert_true(pending->same && !pending->ended);
		assert_int_equal(pending->stop.pc, 0x400000 + at);
		assert_true(batch->spans[i].ok);
		assert_int_equal(batch->spans[i].bytes, STACK - at % 16 * 8);
		assert_int_equal(stack[0], at & 0xff);
		assert_memory_equal(batch->again + i * G_BYTES, f->gs + at * G_BYTES,
				    G_BYTES);
		f->hashes[at] = pending->hash;
		f->sum = f->sum * 31 + pending->hash;
	}
	return batch->nr_pending;
}

static size_t look(struct fixture *f, bool wide)
{
	size_t at = 0, next = 0, changed = 0;
	struct go_batch *batch;

	f->sum = 0;
	go_fetch_begin(f->fetch, wide);
	do {
		while (at < GOROUTINES && (batch = go_fetch_room(f->fetch))) {
			ask(f, batch, at);
			go_fetch_add(f->fetch);
			at += GO_BATCH;
		}
		batch = go_fetch_next(f->fetch);
		if (!batch)
			break;
		assert_int_equal(batch->at, next);
		next += GO_BATCH;
		changed += check(f, batch);
		go_fetch_done(f->fetch);
	} while (true);
	assert_true(next >= GOROUTINES);
	return changed;
}

static void test_same(void **state)
{
	struct fixture *f = *state;
	size_t changed = look(f, false);
	uint64_t sum = f->sum, same;

	assert_int_equal(changed, GOROUTINES / 100 * 97);
	assert_int_equal(look(f, false), 0);
	same = f->sum;
	for (unsigned round = 0; round < 20; round++) {
		memset(f->hashes, 0, sizeof(f->hashes));
		assert_int_equal(look(f, round % 3 != 2), changed);
		assert_int_equal(f->sum, sum);
		assert_int_equal(look(f, round % 3 != 1), 0);
		assert_int_equal(f->sum, same);
	}
}

/* What the second thread has in hand is read again at once; it gives its batch up later. */
static void test_late(void **state)
{
	struct fixture *f = *state;
	size_t changed = look(f, false);
	uint64_t sum = f->sum;

	go_fetch_set_patience(f->fetch, 0);
	for (unsigned round = 0; round < 20; round++) {
		memset(f->hashes, 0, sizeof(f->hashes));
		assert_int_equal(look(f, true), changed);
		assert_int_equal(f->sum, sum);
	}
}

/* With two processors the second thread takes part, sooner or later. */
static void test_helps(void **state)
{
	struct fixture *f = *state;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	for (unsigned round = 0; round < 1000 && !go_fetch_is_helped(f->fetch); round++) {
		memset(f->hashes, 0, sizeof(f->hashes));
		look(f, true);
	}
	assert_true(go_fetch_is_helped(f->fetch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_helps, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
