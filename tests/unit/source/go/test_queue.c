/* SPDX-License-Identifier: MIT */
/* Waiters of channels and locks: counted from what has moved since the last sample, they
 * are the same as if they were all counted, and what was not read again is still true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "source/go/queue.h"

#define GOROUTINES 300u
#define OBJECTS    40u
#define ROUNDS     200u
#define RECVQ      64u

/* As runtime.hchan up to both queues, or a mutex, whose state is the first word. */
struct object {
	uint64_t words[12];
};

struct fixture {
	struct memory mem;
	struct go_layout layout;
	struct go_sampler sampler;
	struct go_queues queues;
	struct object objects[OBJECTS];
};

static const struct go_reason receive = {"chan receive", STATE_CHAN_RECV, GO_OBJECT_CHAN};
static const struct go_reason send = {"chan send", STATE_CHAN_SEND, GO_OBJECT_CHAN};
static const struct go_reason choose = {"select", STATE_SELECT, GO_OBJECT_SELECT};
static const struct go_reason lock = {"sync.Mutex.Lock", STATE_MUTEX, GO_OBJECT_LOCK};

static uint64_t address_of(const struct fixture *f, size_t object)
{
	return (uintptr_t)&f->objects[object];
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->mem.process = process_named(getpid());
	f->layout.chan_recvq = RECVQ;
	f->layout.g.bytes = 368;
	assert_true(go_sampler_init(&f->sampler, &f->mem, &f->layout, NULL, NULL));
	assert_true(go_queues_init(&f->queues));
	f->sampler.entries = calloc(GOROUTINES, sizeof(*f->sampler.entries));
	f->sampler.nr_entries = GOROUTINES;
	for (size_t i = 0; i < OBJECTS; i++)
		f->objects[i].words[1] = i % 3; /* capacity */
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	go_queues_release(&f->queues);
	go_sampler_release(&f->sampler);
	free(f);
	return 0;
}

/* As the sampler does for a goroutine that it reads again. */
static void begin_wait(struct fixture *f, size_t at, const struct go_reason *reason,
		       size_t object)
{
	struct go_entry *entry = &f->sampler.entries[at];

	go_sampler_leave(&f->sampler, entry);
	entry->live = reason != NULL;
	entry->reason = reason;
	entry->object = 0;
	if (reason) {
		entry->state = reason->state;
		entry->object = address_of(f, object) + (reason == &lock ? 4 : 0);
	}
	if (reason == &choose) {
		for (size_t i = 1; i <= object % 7 + 1; i++)
			go_entry_add_chan(
				entry, address_of(f, (object + 3 * i) % (OBJECTS / 2)));
	}
	go_sampler_came(&f->sampler, entry);
}

static uint32_t waiters(const struct go_queue *queue)
{
	return queue->senders + queue->receivers + queue->others;
}

static void assert_all_counted(struct fixture *f)
{
	uint32_t counts[OBJECTS][3] = {{0}};

	for (size_t i = 0; i < GOROUTINES; i++) {
		const struct go_entry *entry = &f->sampler.entries[i];
		const struct go_chans *chans = go_entry_more(entry)->chans;
		size_t nr = !entry->live ? 0 : chans ? chans->nr : 1;

		for (size_t k = 0; k < nr; k++) {
			uint64_t address =
				chans ? chans->list[k] : go_queue_address(entry);
			size_t object =
				(address - address_of(f, 0)) / sizeof(struct object);

			counts[object][entry->reason == &send      ? 0
				       : entry->reason == &receive ? 1
								   : 2]++;
			if (k == 0)
				assert_int_equal(f->queues.list[entry->queue].address,
						 address);
		}
	}
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct go_queue *queue =
			go_queues_get(&f->queues, address_of(f, i));

		assert_int_equal(queue->senders, counts[i][0]);
		assert_int_equal(queue->receivers, counts[i][1]);
		assert_int_equal(queue->others, counts[i][2]);
		if (waiters(queue) == 0) {
			assert_int_equal(queue->address, 0);
			continue;
		}
		assert_true(queue->known);
		if (i < OBJECTS / 2)
			assert_int_equal(queue->capacity, f->objects[i].words[1]);
		else
			assert_int_equal(queue->held, f->objects[i].words[0] & 1);
	}
}

/* Channels are the first half of the objects, mutexes the others. */
static void test_moves(void **state)
{
	const struct go_reason *reasons[] = {&receive, &send, &choose, &lock, NULL};
	struct fixture *f = *state;
	uint32_t random = 1;

	for (size_t i = 0; i < GOROUTINES; i++)
		begin_wait(f, i, &receive, i % (OBJECTS / 2));
	for (unsigned round = 0; round < ROUNDS; round++) {
		assert_true(go_queues_read(&f->queues, &f->sampler));
		/* All of them are counted again only if there is a reason. */
		assert_int_equal(f->queues.all, round == 0);
		assert_all_counted(f);
		for (unsigned i = 0; i < 10; i++) {
			size_t at, which, object;

			random = random * 1103515245u + 12345u;
			at = (random >> 16) % GOROUTINES;
			which = (random >> 8) % 5;
			object = (random >> 4) % (OBJECTS / 2);
			begin_wait(f, at, reasons[which],
				   reasons[which] == &lock ? object + OBJECTS / 2
							   : object);
		}
		/* A mutex changes hands although the same goroutines wait for it. */
		for (size_t i = OBJECTS / 2; i < OBJECTS; i++)
			f->objects[i].words[0] ^= 1;
	}
}

/* Where most have moved, all are counted. */
static void test_many_moves(void **state)
{
	struct fixture *f = *state;

	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < GOROUTINES; i++)
			begin_wait(f, i, round % 2 ? &send : &choose,
				   (i + round) % (OBJECTS / 2));
		assert_true(go_queues_read(&f->queues, &f->sampler));
		assert_all_counted(f);
	}
	f->sampler.moves.many = true;
	assert_true(go_queues_read(&f->queues, &f->sampler));
	assert_true(f->queues.all);
	assert_all_counted(f);
}

/* A channel is read again if one of its waiters is another one. */
static void test_read_again(void **state)
{
	struct fixture *f = *state;
	const struct go_queue *queue;

	begin_wait(f, 0, &send, 2);
	begin_wait(f, 1, &send, 5);
	assert_true(go_queues_read(&f->queues, &f->sampler));
	f->objects[2].words[0] = f->objects[5].words[0] = 2;
	begin_wait(f, 1, &send, 5);
	assert_true(go_queues_read(&f->queues, &f->sampler));
	queue = go_queues_get(&f->queues, address_of(f, 5));
	assert_int_equal(queue->length, 2);
	/* The other one has not been read, since nobody has moved there. */
	assert_int_equal(go_queues_get(&f->queues, address_of(f, 2))->length, 0);
	begin_wait(f, 7, &send, 2);
	assert_true(go_queues_read(&f->queues, &f->sampler));
	queue = go_queues_get(&f->queues, address_of(f, 2));
	assert_int_equal(queue->length, 2);
	assert_int_equal(queue->senders, 2);
	/* What could not be right when it was read is read until it is. */
	f->objects[2].words[0] = 77;
	begin_wait(f, 7, NULL, 0);
	assert_true(go_queues_read(&f->queues, &f->sampler));
	assert_false(queue->known);
	f->objects[2].words[0] = 1;
	assert_true(go_queues_read(&f->queues, &f->sampler));
	assert_true(queue->known);
	assert_int_equal(queue->length, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
