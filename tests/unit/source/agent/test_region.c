/* SPDX-License-Identifier: MIT */
/* Regions that an honest agent would not write: they must never make the reader fault,
 * loop, or show more than exists. The test is the writer, and its own target. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/agent/private.h"

#define SLOTS 64u

struct fixture {
	struct kernel kernel;
	struct region region;
	int fd;
	struct wire_header *header;
	struct wire_slot *slots;
	struct wire_creator *creators;
	struct wire_labels *labels;
	struct wire_chan *chans;
};

static void make(struct fixture *f, bool sealed)
{
	struct wire_header layout;

	memset(f, 0, sizeof(*f));
	assert_int_equal(kernel_open(&f->kernel, getpid(), NULL), 0);
	wire_layout(&layout, SLOTS, SLOTS, SLOTS);
	layout.pid = f->kernel.facts.inner_pid;
	f->fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(f->fd >= 0);
	assert_int_equal(ftruncate(f->fd, (off_t)layout.region_bytes), 0);
	char *map = mmap(NULL, layout.region_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 f->fd, 0);

	assert_true(map != MAP_FAILED);
	f->header = (struct wire_header *)map;
	*f->header = layout;
	f->slots = (struct wire_slot *)(map + layout.slots_offset);
	f->creators = (struct wire_creator *)(map + layout.creators_offset);
	f->labels = (struct wire_labels *)(map + layout.labels_offset);
	f->chans = (struct wire_chan *)(map + layout.chans_offset);
	if (sealed)
		assert_int_equal(fcntl(f->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW),
				 0);
}

static int adopt(struct fixture *f, struct err *e)
{
	int fd = dup(f->fd);

	err_clear(e);
	int rc = region_adopt(&f->region, &f->kernel, fd, e);

	if (rc)
		close(fd);
	return rc;
}

static void drop(struct fixture *f)
{
	region_release(&f->region);
	munmap(f->header, f->header->region_bytes);
	close(f->fd);
	kernel_close(&f->kernel);
}

/* One sample of the whole source at the region. */
struct look {
	struct agent *agent;
	struct intern *intern;
	struct stack_table *stacks;
	struct snapshot *snapshot;
};

static void look_begin(struct look *look, struct fixture *f)
{
	struct err e;

	err_clear(&e);
	look->intern = intern_new(1u << 20);
	look->stacks = stack_table_new(1000);
	look->agent = calloc(1, sizeof(*look->agent));
	assert_int_equal(kernel_open(&look->agent->kernel, getpid(), &e), 0);
	int fd = dup(f->fd);

	assert_int_equal(region_adopt(&look->agent->region, &look->agent->kernel, fd, &e),
			 0);
	look->agent->attached = true;
	look->agent->intern = look->intern;
	look->agent->stacks = look->stacks;
	look->agent->symbols =
		symbols_new(&look->agent->kernel, look->intern, look->stacks);
	thread_table_init(&look->agent->threads, &look->agent->kernel,
			  look->agent->symbols);
	resource_init(&look->agent->resources, &look->agent->kernel);
	look->snapshot = NULL;
}

static void look_at(struct look *look, const struct source_focus *focus)
{
	struct err e;

	err_clear(&e);
	snapshot_unref(look->snapshot);
	look->snapshot = snapshot_new();
	assert_int_equal(source_agent.sample(look->agent, focus, look->snapshot, &e), 0);
}

static void look_again(struct look *look)
{
	look_at(look, NULL);
}

static void look_end(struct look *look)
{
	snapshot_unref(look->snapshot);
	source_agent.close(look->agent);
	free(look->agent);
	stack_table_free(look->stacks);
	intern_free(look->intern);
}

static void put_coroutine(struct fixture *f, uint32_t i, uint64_t serial)
{
	struct wire_slot *slot = &f->slots[i];

	slot->kind = WIRE_COROUTINE;
	slot->serial = serial;
	slot->state = STATE_CHAN_SEND;
	slot->fd = slot->inner_fd = -1;
	slot->since_ns = 1;
	if (f->header->nr_slots_used <= i)
		f->header->nr_slots_used = i + 1;
}

static const struct task *find(const struct look *look, enum task_kind kind, uint64_t id)
{
	for (size_t i = 0; i < look->snapshot->nr_tasks; i++)
		if (look->snapshot->tasks[i].kind == kind &&
		    look->snapshot->tasks[i].id == id)
			return &look->snapshot->tasks[i];
	return NULL;
}

static void version(void **state)
{
	struct fixture f;
	struct err e;

	(void)state;
	make(&f, true);
	f.header->version = 99;
	assert_int_equal(adopt(&f, &e), ERR_UNSUPPORTED);
	/* Both versions are named. */
	assert_non_null(strstr(e.text, "99"));
	assert_non_null(strstr(e.text, "version 1"));
	drop(&f);
}

static void another_process(void **state)
{
	struct fixture f;
	struct err e;

	(void)state;
	make(&f, true);
	f.header->pid++;
	assert_int_equal(adopt(&f, &e), ERR_NOTFOUND);
	drop(&f);
}

static void headers(void **state)
{
	struct fixture f;
	struct err e;

	(void)state;
	make(&f, true);
	struct wire_header good = *f.header;

	f.header->magic ^= 1;
	assert_int_equal(adopt(&f, &e), ERR_FORMAT);
	*f.header = good;
	f.header->nr_slots = UINT32_MAX;
	assert_int_equal(adopt(&f, &e), ERR_FORMAT);
	*f.header = good;
	f.header->labels_offset = UINT64_MAX - 4095;
	assert_int_equal(adopt(&f, &e), ERR_FORMAT);
	*f.header = good;
	f.header->region_bytes += 4096;
	assert_int_equal(adopt(&f, &e), ERR_FORMAT);
	*f.header = good;
	/* Every byte of it, one at a time: refused or readable, never a fault. */
	for (size_t at = 0; at < sizeof(good); at++) {
		((uint8_t *)f.header)[at] ^= 0x81;
		if (adopt(&f, &e) == 0) {
			region_refresh(&f.region, &e);
			region_release(&f.region);
		}
		*f.header = good;
	}
	drop(&f);
}

static void not_a_region(void **state)
{
	struct fixture f;
	struct err e;
	int pipes[2];
	int empty = memfd_create("empty", MFD_CLOEXEC);

	(void)state;
	make(&f, true);
	assert_int_equal(pipe(pipes), 0);
	assert_true(region_adopt(&f.region, &f.kernel, pipes[0], &e) != 0);
	assert_true(region_adopt(&f.region, &f.kernel, empty, &e) != 0);
	assert_int_equal(ftruncate(empty, 100), 0);
	assert_true(region_adopt(&f.region, &f.kernel, empty, &e) != 0);
	close(pipes[0]);
	close(pipes[1]);
	close(empty);
	drop(&f);
}

static void counts_grow(void **state)
{
	struct fixture f;
	struct look look;

	(void)state;
	make(&f, true);
	put_coroutine(&f, SLOTS - 1, 7);
	look_begin(&look, &f);
	assert_non_null(look.agent->region.map);
	/* After the check the counts may say anything. */
	f.header->nr_slots_used = UINT32_MAX;
	f.header->nr_chans_used = UINT32_MAX;
	f.header->nr_slots = UINT32_MAX;
	f.header->slots_offset = 1ull << 40;
	look_again(&look);
	assert_int_equal(look.agent->region.nr_slots, SLOTS);
	assert_int_equal(look.agent->region.nr_chans, SLOTS);
	assert_non_null(find(&look, TASK_COROUTINE, 7));
	/* And go back. */
	f.header->nr_slots_used = 0;
	look_again(&look);
	assert_null(find(&look, TASK_COROUTINE, 7));
	f.header->region_bytes = look.agent->region.bytes;
	look_end(&look);
	drop(&f);
}

static void torn_slot(void **state)
{
	struct fixture f;
	struct look look;

	(void)state;
	make(&f, true);
	put_coroutine(&f, 0, 5);
	look_begin(&look, &f);
	look_again(&look);
	assert_non_null(find(&look, TASK_COROUTINE, 5));
	/* A publication that never ends: the older copy stays, and says so. */
	f.slots[0].seq = 7;
	f.slots[0].serial = 6;
	look_again(&look);
	assert_null(find(&look, TASK_COROUTINE, 6));
	assert_true(find(&look, TASK_COROUTINE, 5)->flags & TASK_SUSPECT);
	f.slots[0].seq = 8;
	look_again(&look);
	assert_null(find(&look, TASK_COROUTINE, 5));
	assert_false(find(&look, TASK_COROUTINE, 6)->flags & TASK_SUSPECT);
	look_end(&look);
	drop(&f);
}

static void texts_without_end(void **state)
{
	struct fixture f;
	struct look look;

	(void)state;
	make(&f, true);
	put_coroutine(&f, 0, 5);
	struct wire_slot *slot = &f.slots[0];

	memset(slot->name, 'n', sizeof(slot->name));
	memset(slot->what, 'w', sizeof(slot->what));
	slot->flags =
		WIRE_SLOT_NAMED | WIRE_SLOT_LABELS | WIRE_SLOT_CREATOR | WIRE_SLOT_API;
	slot->object = 0x1234;
	slot->state = STATE_MUTEX;
	memset(f.labels[0].text, 'l', sizeof(f.labels[0].text));
	f.labels[0].used = UINT32_MAX - 1;
	memset(f.creators[0].name, 'c', sizeof(f.creators[0].name));
	f.creators[0].created_serial = 5;
	f.creators[0].stack_bytes = UINT32_MAX;
	f.creators[0].stack_pointer = UINT64_MAX - 8;
	look_begin(&look, &f);
	look_again(&look);
	const struct task *task = find(&look, TASK_COROUTINE, 5);

	assert_non_null(task);
	assert_int_equal(strlen(task->name), WIRE_NAME_BYTES);
	assert_int_equal(strspn(task->waits.text, "w"), WIRE_WHAT_BYTES);
	assert_int_equal(strlen(task->waits.text), WIRE_WHAT_BYTES);
	assert_int_equal(strlen(task_more(task)->creator_name), WIRE_NAME_BYTES - 1);
	assert_int_equal(task->nr_labels, 0);
	/* Half a pair, an empty key, more pairs than a task may have. */
	memset(f.labels[0].text, 0, sizeof(f.labels[0].text));
	memcpy(f.labels[0].text, "a\0b\0key\0", 8);
	f.labels[0].used = 8;
	f.labels[0].seq += 2;
	look_again(&look);
	task = find(&look, TASK_COROUTINE, 5);
	assert_int_equal(task->nr_labels, 1);
	assert_string_equal(task->labels[0].key, "a");
	assert_string_equal(task->labels[0].text, "b");
	for (size_t at = 0; at < WIRE_LABEL_BYTES; at += 2)
		memcpy(f.labels[0].text + at, "x", 2);
	f.labels[0].used = WIRE_LABEL_BYTES;
	f.labels[0].seq += 2;
	look_again(&look);
	task = find(&look, TASK_COROUTINE, 5);
	assert_true(task->nr_labels <= SNAPSHOT_LABELS_MAX);
	look_end(&look);
	drop(&f);
}

static void values_out_of_range(void **state)
{
	struct fixture f;
	struct look look;

	(void)state;
	make(&f, true);
	for (uint32_t i = 0; i < SLOTS; i++) {
		put_coroutine(&f, i, 100 + i);
		f.slots[i].state = UINT32_MAX - i;
		f.slots[i].inner_state = UINT32_MAX - i;
		f.slots[i].flags = UINT32_MAX;
		f.slots[i].since_ns = UINT64_MAX - i;
		f.slots[i].start_ns = UINT64_MAX - i;
		f.slots[i].object = UINT64_MAX - i;
		f.slots[i].call_site = UINT64_MAX - i;
		f.slots[i].fd = INT32_MIN;
		f.slots[i].kind = i < SLOTS / 2 ? WIRE_COROUTINE : WIRE_THREAD;
		f.slots[i].tid = i % 2 ? INT32_MIN : INT32_MAX;
	}
	f.slots[0].kind = 77;
	look_begin(&look, &f);
	for (int i = 0; i < 3; i++)
		look_again(&look);
	assert_null(find(&look, TASK_COROUTINE, 100));
	const struct task *task = find(&look, TASK_COROUTINE, 101);

	assert_non_null(task);
	assert_true(task->state < STATE_COUNT);
	assert_true(task->since_ns <= look.snapshot->mono_ns);
	assert_true(task->start_ns <= look.snapshot->mono_ns);
	/* Threads that the kernel does not have get no rows. */
	assert_null(find(&look, TASK_THREAD, INT32_MAX));
	/* Our own thread has no slot: it is shown as the kernel sees it. */
	assert_non_null(find(&look, TASK_THREAD, (uint64_t)getpid()));
	look_end(&look);
	drop(&f);
}

/* Two slots with one thread id: the newer one counts, once. */
static void one_thread_twice(void **state)
{
	struct fixture f;
	struct look look;
	size_t rows = 0;

	(void)state;
	make(&f, true);
	for (uint32_t i = 0; i < 2; i++) {
		put_coroutine(&f, i, 20 + i);
		f.slots[i].kind = WIRE_THREAD;
		f.slots[i].tid = f.kernel.facts.inner_pid;
		f.slots[i].state = WIRE_STATE_RUNNING;
	}
	look_begin(&look, &f);
	for (int i = 0; i < 4; i++)
		look_again(&look);
	for (size_t i = 0; i < look.snapshot->nr_tasks; i++)
		rows += look.snapshot->tasks[i].kind == TASK_THREAD;
	assert_int_equal(rows, 1);
	assert_int_equal(look.snapshot->tasks[0].serial, 21);
	look_end(&look);
	drop(&f);
}

/* The counters of a slot are those of its task, not of one that has come after it. */
static void counters(void **state)
{
	uint32_t counts[WIRE_WAIT_STATES];
	struct fixture f;
	struct err e;

	(void)state;
	make(&f, true);
	put_coroutine(&f, 1, 5);
	for (uint32_t i = 0; i < WIRE_WAIT_STATES; i++)
		f.slots[1].counts[i] = 100 + i;
	assert_int_equal(adopt(&f, &e), 0);
	assert_true(region_read_counts(&f.region, 1, 5, counts));
	assert_memory_equal(counts, f.slots[1].counts, sizeof(counts));
	f.slots[1].serial = 6;
	assert_false(region_read_counts(&f.region, 1, 5, counts));
	drop(&f);
}

static size_t nr_resting(const struct look *look)
{
	size_t nr = 0;

	for (uint32_t i = 0; i < look->agent->nr_rows; i++)
		nr += rest_is(look->agent, i);
	return nr;
}

/* Rows at rest are copied together, until their slot changes, or more is asked of them. */
static void resting(void **state)
{
	struct source_focus focus = {.kind = TASK_COROUTINE, .id = 107};
	struct fixture f;
	struct look look;

	(void)state;
	make(&f, true);
	for (uint32_t i = 0; i < SLOTS; i++) {
		put_coroutine(&f, i, 100 + i);
		f.slots[i].state = STATE_COND;
		f.slots[i].object = 0x1000 + i;
		f.slots[i].counts[STATE_COND - 1] = i;
	}
	look_begin(&look, &f);
	for (int i = 0; i < 4; i++)
		look_again(&look);
	assert_int_equal(nr_resting(&look), SLOTS);
	assert_int_equal(rest_run(look.agent, 1), SLOTS - 1);
	look_again(&look);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(find(&look, TASK_COROUTINE, 100 + i)->waits.address,
				 0x1000 + i);
	/* One waits for something else, one has ended. */
	f.slots[3].state = STATE_SEMAPHORE;
	f.slots[3].seq += 2;
	f.slots[5].kind = WIRE_FREE;
	f.slots[5].seq += 2;
	look_again(&look);
	assert_int_equal(nr_resting(&look), SLOTS - 2);
	assert_int_equal(find(&look, TASK_COROUTINE, 103)->state, STATE_SEMAPHORE);
	assert_null(find(&look, TASK_COROUTINE, 105));
	assert_int_equal(find(&look, TASK_COROUTINE, 106)->waits.address, 0x1006);
	/* The counters are shown of the one that is asked for, and only then. */
	look_at(&look, &focus);
	assert_int_equal(
		task_more(find(&look, TASK_COROUTINE, 107))->state_counts[STATE_COND], 7);
	assert_null(task_more(find(&look, TASK_COROUTINE, 108))->state_counts);
	look_again(&look);
	assert_null(task_more(find(&look, TASK_COROUTINE, 107))->state_counts);
	focus = (struct source_focus){.all = true};
	look_at(&look, &focus);
	assert_non_null(task_more(find(&look, TASK_COROUTINE, 108))->state_counts);
	/* A text with a time of day is made again when that is no longer right. */
	for (int i = 0; i < 3; i++)
		look_again(&look);
	assert_true(rest_is(look.agent, 8));
	look.agent->blocks[8 / REST_ROWS].until_ns = 1;
	look.agent->rows[8].kept_until_ns = 1;
	f.slots[8].what[0] = 'w';
	look.agent->rows[8].more->slot.what[0] = 'w';
	look.agent->rows[8].waits_known = false;
	look_again(&look);
	assert_string_equal(find(&look, TASK_COROUTINE, 108)->waits.text, "w");
	look_end(&look);
	drop(&f);
}

static void channels(void **state)
{
	struct fixture f;
	struct look look;

	(void)state;
	make(&f, true);
	put_coroutine(&f, 0, 5);
	f.slots[0].object = 0xabc0;
	f.chans[3] = (struct wire_chan){
		.id = 9, .address = 0xabc0, .capacity = 10, .length = 10, .nr_send = 3};
	memset(f.chans[3].name, 'n', sizeof(f.chans[3].name));
	f.header->nr_chans_used = 4;
	look_begin(&look, &f);
	look_again(&look);
	assert_string_equal(find(&look, TASK_COROUTINE, 5)->waits.text,
			    "chan nnnnnnnnnnnnnnnn cap 10, len 10, 3 senders");
	/* The length changes while the slot does not. */
	f.chans[3].length = 4;
	f.chans[3].name[1] = '\0';
	f.chans[3].nr_send = 1;
	look_again(&look);
	assert_string_equal(find(&look, TASK_COROUTINE, 5)->waits.text,
			    "chan n cap 10, len 4, 1 sender");
	/* The record goes to another channel. */
	f.chans[3].address = 0xdef0;
	look_again(&look);
	assert_string_equal(find(&look, TASK_COROUTINE, 5)->waits.text, "channel 0xabc0");
	look_end(&look);
	drop(&f);
}

/* A file whose size is not sealed could be cut under a mapping: it is never mapped. */
static void shrinks(void **state)
{
	struct fixture f;
	struct look look;

	(void)state;
	make(&f, false);
	put_coroutine(&f, 0, 5);
	look_begin(&look, &f);
	assert_null(look.agent->region.map);
	look_again(&look);
	assert_non_null(find(&look, TASK_COROUTINE, 5));
	assert_int_equal(ftruncate(f.fd, 4096), 0);
	look_again(&look);
	assert_null(find(&look, TASK_COROUTINE, 5));
	assert_int_equal(look.snapshot->nr_notes, 1);
	assert_non_null(find(&look, TASK_THREAD, (uint64_t)getpid()));
	assert_string_equal(look.snapshot->target.sources, "native");
	look_end(&look);
	assert_int_equal(ftruncate(f.fd, (off_t)f.header->region_bytes), 0);
	drop(&f);
}

static void by_memory(void **state)
{
	struct fixture f;
	struct err e;
	struct wire_slot slot;

	(void)state;
	make(&f, true);
	put_coroutine(&f, 2, 5);
	err_clear(&e);
	assert_int_equal(region_adopt_memory(&f.region, &f.kernel,
					     (uint64_t)(uintptr_t)f.header,
					     f.header->region_bytes, &e),
			 0);
	assert_int_equal(region_refresh(&f.region, &e), 0);
	assert_int_equal(f.region.nr_slots, 3);
	assert_true(region_read_slot(&f.region, 2, &slot));
	assert_int_equal(slot.serial, 5);
	/* It changed after the copy was made. */
	f.slots[2].seq += 2;
	assert_false(region_read_slot(&f.region, 2, &slot));
	region_release(&f.region);
	/* An end outside the mapping is an error, not a fault. */
	assert_int_not_equal(
		region_adopt_memory(&f.region, &f.kernel, 4096, 1u << 20, &e), 0);
	f.region.kernel = NULL;
	drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version),
		cmocka_unit_test(another_process),
		cmocka_unit_test(headers),
		cmocka_unit_test(not_a_region),
		cmocka_unit_test(counts_grow),
		cmocka_unit_test(torn_slot),
		cmocka_unit_test(texts_without_end),
		cmocka_unit_test(values_out_of_range),
		cmocka_unit_test(one_thread_twice),
		cmocka_unit_test(counters),
		cmocka_unit_test(resting),
		cmocka_unit_test(channels),
		cmocka_unit_test(shrinks),
		cmocka_unit_test(by_memory),
	};

	return cmocka_run_group_tests_name("source: hostile regions", tests, NULL, NULL);
}
