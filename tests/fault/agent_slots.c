/* SPDX-License-Identifier: MIT */
/* Slots, creators, labels, nested waits and coroutines, read back as a client reads them. */
#include "agent_region.h"

#include <dlfcn.h>
#include <semaphore.h>
#include <threads.h>
#include <ucontext.h>

static struct region self;

static int my_tid(void)
{
	return (int)syscall(SYS_gettid);
}

static struct wire_slot my_slot(void)
{
	struct wire_slot slot;

	assert_true(region_thread(&self, my_tid(), &slot) >= 0);
	return slot;
}

struct worker {
	pthread_t thread;
	sem_t ready, go;
	int tid;
	const char *label;
};

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	worker->tid = my_tid();
	if (worker->label)
		grmon_label("role", "%s", worker->label);
	sem_post(&worker->ready);
	sem_wait(&worker->go);
	return NULL;
}

static void worker_start(struct worker *worker)
{
	sem_init(&worker->ready, 0, 0);
	sem_init(&worker->go, 0, 0);
	assert_int_equal(pthread_create(&worker->thread, NULL, worker_main, worker), 0);
	sem_wait(&worker->ready);
}

static void worker_end(struct worker *worker)
{
	sem_post(&worker->go);
	pthread_join(worker->thread, NULL);
	sem_destroy(&worker->ready);
	sem_destroy(&worker->go);
}

static void test_main_thread(void **state)
{
	struct wire_slot slot = my_slot();

	(void)state;
	assert_string_equal(grmon_status(), "publishing");
	assert_int_equal(region_live(&self)->pid, getpid());
	assert_int_equal(slot.tid, getpid());
	assert_int_equal(slot.state, WIRE_STATE_RUNNING);
	assert_true(slot.serial > 0 && slot.start_ns > 0);
}

static void test_thread_slot_is_given_back(void **state)
{
	struct worker first = {.label = "first"}, second = {0};
	struct wire_slot slot;

	(void)state;
	worker_start(&first);
	int index = -1;

	assert_true(UNTIL((index = region_thread(&self, first.tid, &slot)) >= 0));
	assert_true(slot.flags & WIRE_SLOT_LABELS);
	assert_memory_equal(region_labels(&self, index)->text, "role\0first", 11);
	uint64_t serial = slot.serial;

	worker_end(&first);
	assert_true(UNTIL(region_thread(&self, first.tid, &slot) < 0));
	/* The next thread takes the same slot, without its labels, under a new serial. */
	worker_start(&second);
	assert_true(UNTIL(region_thread(&self, second.tid, &slot) == index));
	assert_true(slot.serial > serial);
	assert_int_equal(slot.flags & WIRE_SLOT_LABELS, 0);
	assert_int_equal(region_labels(&self, index)->used, 0);
	worker_end(&second);
}

static __attribute__((noinline)) void start_marked(struct worker *worker, uint64_t *frame)
{
	volatile uint64_t marker[4] = {0x6d61726b65722131u, 2, 3, 0x6d61726b65722134u};

	*frame = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	worker_start(worker);
	struct wire_slot slot;
	int index = region_thread(&self, worker->tid, &slot);

	assert_true(index >= 0 && slot.flags & WIRE_SLOT_CREATOR);
	const struct wire_creator *creator = region_creator(&self, index);

	assert_int_equal(creator->created_serial, slot.serial);
	assert_int_equal(creator->serial, my_slot().serial);
	assert_int_equal(creator->tid, my_tid());
	assert_int_equal(creator->regs[7], creator->stack_pointer);
	assert_int_equal(creator->regs[16], creator->pc);
	/* The caller is worker_start() or, inlined, this function: below the marker. */
	uint64_t at = (uint64_t)(uintptr_t)marker - creator->stack_pointer;

	assert_true(at + sizeof(marker) <= creator->stack_bytes);
	assert_memory_equal(creator->stack + at, (const void *)marker, sizeof(marker));
	worker_end(worker);
}

/* The registers are the caller's at the return: rbp of a function that has a frame. */
static __attribute__((noinline)) void start_framed(struct worker *worker, uint64_t *frame)
{
	sem_init(&worker->ready, 0, 0);
	sem_init(&worker->go, 0, 0);
	*frame = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	assert_int_equal(pthread_create(&worker->thread, NULL, worker_main, worker), 0);
	sem_wait(&worker->ready);
}

static void test_creator(void **state)
{
#if defined(__x86_64__)
	struct worker worker = {0};
	struct wire_slot slot;
	uint64_t frame;

	(void)state;
	if (SANITIZED)
		skip(); /* its runtime is between us and the caller */
	start_marked(&worker, &frame);
	start_framed(&worker, &frame);
	int index = region_thread(&self, worker.tid, &slot);

	assert_true(index >= 0);
	assert_int_equal(region_creator(&self, index)->regs[6], frame);
	uint64_t pc = region_creator(&self, index)->pc;
	uint64_t function = (uint64_t)(uintptr_t)start_framed;

	assert_true(pc > function && pc < function + 4096);
	worker_end(&worker);
#else
	(void)state;
	skip();
#endif
}

static int c11_main(void *argument)
{
	worker_main(argument);
	return 42;
}

static void test_c11_thread(void **state)
{
	struct worker worker = {0};
	struct wire_slot slot;
	thrd_t thread;
	int result = 0;

	(void)state;
	if (SANITIZED_THREADS)
		skip(); /* ThreadSanitizer does not know such threads */
	sem_init(&worker.ready, 0, 0);
	sem_init(&worker.go, 0, 0);
	assert_int_equal(thrd_create(&thread, c11_main, &worker), thrd_success);
	sem_wait(&worker.ready);
	int index = region_thread(&self, worker.tid, &slot);

	assert_true(index >= 0);
#if defined(__x86_64__)
	assert_int_equal(region_creator(&self, index)->created_serial, slot.serial);
#endif
	sem_post(&worker.go);
	assert_int_equal(thrd_join(thread, &result), thrd_success);
	assert_int_equal(result, 42);
}

static void test_waits_nest(void **state)
{
	struct grmon_wait outer, inner;
	struct wire_slot slot;
	int object;

	(void)state;
	errno = 77;
	uint64_t waits = my_slot().waits;

	assert_int_equal(grmon_wait_begin(&outer, GRMON_WAITGROUP, &object, "workers"),
			 GRMON_OK);
	slot = my_slot();
	assert_int_equal(slot.state, GRMON_WAITGROUP);
	assert_int_equal(slot.object, (uintptr_t)&object);
	assert_string_equal(slot.what, "workers");
	assert_true(slot.since_ns > 0 && slot.call_site != 0 &&
		    slot.flags & WIRE_SLOT_API);
	assert_int_equal(slot.waits, waits + 1);

	assert_int_equal(
		grmon_wait_begin(&inner, GRMON_DNS, NULL,
				 "a text that is longer than what a slot keeps of it"),
		GRMON_OK);
	slot = my_slot();
	assert_int_equal(slot.state, GRMON_DNS);
	assert_string_equal(slot.what, "a text that is longer than what");
	grmon_wait_end(&inner);
	slot = my_slot();
	assert_int_equal(slot.state, GRMON_WAITGROUP);
	assert_string_equal(slot.what, "workers");
	grmon_wait_end(&outer);
	grmon_wait_end(&outer); /* inert by now */
	slot = my_slot();
	assert_int_equal(slot.state, WIRE_STATE_RUNNING);
	assert_int_equal(slot.since_ns, 0);
	assert_string_equal(slot.what, "");
	assert_int_equal(slot.flags & WIRE_SLOT_API, 0);
	assert_int_equal(grmon_wait_begin(&outer, GRMON_NONE, NULL, NULL), GRMON_EINVAL);
	assert_int_equal(grmon_wait_begin(&outer, (enum grmon_state)25, NULL, NULL),
			 GRMON_EINVAL);
	grmon_wait_end(&outer);
	grmon_wait_end(NULL);
	assert_int_equal(errno, 77);
}

static void *wait_inside(void *argument)
{
	struct worker *worker = argument;
	struct grmon_wait mark;

	worker->tid = my_tid();
	grmon_wait_begin(&mark, GRMON_CHAN_RECV, worker, "queue");
	sem_post(&worker->ready);
	sem_wait(&worker->go);
	grmon_wait_end(&mark);
	return NULL;
}

/* What libc publishes inside a described wait is shown with it. */
static void test_libc_wait_inside_api_wait(void **state)
{
	struct worker worker = {0};
	struct wire_slot slot = {0};

	(void)state;
	sem_init(&worker.ready, 0, 0);
	sem_init(&worker.go, 0, 0);
	pthread_create(&worker.thread, NULL, wait_inside, &worker);
	sem_wait(&worker.ready);
	assert_true(UNTIL(region_thread(&self, worker.tid, &slot) >= 0 &&
			  slot.inner_state == GRMON_SEMAPHORE));
	assert_int_equal(slot.state, GRMON_CHAN_RECV);
	assert_int_equal(slot.object, (uintptr_t)&worker);
	assert_int_equal(slot.inner_object, (uintptr_t)&worker.go);
	assert_string_equal(slot.what, "queue");
	worker_end(&worker);
}

static void test_labels(void **state)
{
	struct wire_slot slot;
	char key[8], text[200];
	int index = region_thread(&self, my_tid(), &slot);
	const struct wire_labels *labels = region_labels(&self, index);

	(void)state;
	errno = 5;
	assert_int_equal(grmon_label("a", "%d", 1), GRMON_OK);
	assert_int_equal(grmon_label("b", "two"), GRMON_OK);
	assert_int_equal(grmon_label("a", "%s", "three"), GRMON_OK);
	assert_int_equal(labels->used, 6 + 8);
	assert_memory_equal(labels->text, "b\0two\0a\0three", 14);
	assert_int_equal(grmon_label("b", NULL), GRMON_OK);
	assert_memory_equal(labels->text, "a\0three", 8);
	assert_int_equal(grmon_label("", "x"), GRMON_EINVAL);
	assert_int_equal(grmon_label(NULL, "x"), GRMON_EINVAL);
	assert_int_equal(grmon_label("a-key-that-is-longer-than-its-31", "x"),
			 GRMON_EINVAL);
	assert_int_equal(grmon_label("a-key-that-is-no-longer-than-31", "x"), GRMON_OK);
	grmon_label("a-key-that-is-no-longer-than-31", NULL);

	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(grmon_label("a", "%s", text), GRMON_OK);
	assert_int_equal(labels->used, 2 + GRMON_LABEL_TEXT_MAX);
	assert_int_equal(grmon_label("a", NULL), GRMON_OK);
	assert_int_equal(labels->used, 0);
	assert_int_equal(my_slot().flags & WIRE_SLOT_LABELS, 0);

	uint64_t dropped = region_live(&self)->dropped_labels;

	for (int i = 0; i < GRMON_LABELS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(grmon_label(key, "v"), GRMON_OK);
	}
	assert_int_equal(grmon_label("k8", "v"), GRMON_ENOMEM);
	assert_int_equal(grmon_label("k7", "w"), GRMON_OK);
	assert_int_equal(region_live(&self)->dropped_labels, dropped + 1);
	for (int i = 0; i < GRMON_LABELS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(grmon_label(key, NULL), GRMON_OK);
	}
	/* The bytes can run out before the number of labels does; the old value stays. */
	for (int i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(grmon_label(key, "%s", text), GRMON_OK);
	}
	assert_int_equal(grmon_label("k3", "old"), GRMON_OK);
	uint32_t used = labels->used;

	assert_int_equal(grmon_label("k3", "%s", text), GRMON_ENOMEM);
	assert_int_equal(labels->used, used);
	assert_memory_equal(labels->text + used - 7, "k3\0old", 7);
	for (int i = 0; i < 4; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		grmon_label(key, NULL);
	}
	assert_int_equal(errno, 5);
}

static bool find_serial(uint64_t serial, struct wire_slot *slot)
{
	for (uint32_t i = 0; i < region_used(&self); i++)
		if (region_copy(&self, i, slot) && slot->serial == serial)
			return true;
	return false;
}

struct resume {
	struct grmon_task *task;
	struct grmon_wait *mark;
	int tid;
};

static void *resume_elsewhere(void *argument)
{
	struct resume *resume = argument;

	resume->tid = my_tid();
	grmon_task_switch(resume->task);
	grmon_wait_end(resume->mark);
	return NULL;
}

static void test_coroutines(void **state)
{
	struct grmon_wait mark;
	struct wire_slot slot;
	pthread_t thread;

	(void)state;
	errno = 9;
	struct grmon_task *task = grmon_task_begin("producer");

	assert_non_null(task);
	assert_int_equal(region_count(&self, WIRE_COROUTINE), 1);
	grmon_task_switch(task);
	uint64_t serial = my_slot().carried;

	assert_true(find_serial(serial, &slot));
	assert_int_equal(slot.kind, WIRE_COROUTINE);
	assert_int_equal(slot.tid, my_tid());
	assert_string_equal(slot.name, "producer");
	assert_true(slot.flags & WIRE_SLOT_NAMED);
	/* Waits and labels belong to the coroutine, also after a switch and on another
	 * thread. */
	grmon_label("kind", "coroutine");
	assert_int_equal(grmon_wait_begin(&mark, GRMON_CHAN_SEND, &mark, NULL), GRMON_OK);
	grmon_task_switch(NULL);
	assert_int_equal(my_slot().carried, 0);
	assert_int_equal(my_slot().state, WIRE_STATE_RUNNING);
	assert_true(find_serial(serial, &slot));
	assert_int_equal(slot.state, GRMON_CHAN_SEND);
	assert_true(slot.flags & WIRE_SLOT_LABELS);

	struct resume resume = {task, &mark, 0};

	pthread_create(&thread, NULL, resume_elsewhere, &resume);
	pthread_join(thread, NULL);
	assert_true(find_serial(serial, &slot));
	assert_int_equal(slot.state, WIRE_STATE_RUNNING);
	assert_int_equal(slot.tid, resume.tid);

	grmon_task_switch(task);
	grmon_task_end(task); /* the same as the thread that runs it */
	assert_int_equal(my_slot().carried, 0);
	assert_false(find_serial(serial, &slot));
	grmon_task_switch(task);
	grmon_task_end(task);
	grmon_task_end(NULL);
	assert_int_equal(region_count(&self, WIRE_COROUTINE), 0);
	assert_int_equal(errno, 9);
}

static void test_coroutine_creator(void **state)
{
#if defined(__x86_64__)
	struct wire_slot slot;
	volatile char marker[16] = "coroutine-mark";

	(void)state;
	struct grmon_task *task = grmon_task_begin(NULL);

	grmon_task_switch(task);
	uint64_t serial = my_slot().carried;

	grmon_task_switch(NULL);
	assert_true(find_serial(serial, &slot));
	assert_true(slot.flags & WIRE_SLOT_CREATOR);
	assert_int_equal(slot.flags & WIRE_SLOT_NAMED, 0);
	for (uint32_t i = 0; i < region_used(&self); i++) {
		const struct wire_creator *creator = region_creator(&self, (int)i);

		if (creator->created_serial != serial)
			continue;
		uint64_t at = (uint64_t)(uintptr_t)marker - creator->stack_pointer;

		assert_true(at + sizeof(marker) <= creator->stack_bytes);
		assert_memory_equal(creator->stack + at, (const void *)marker, 15);
		grmon_task_end(task);
		return;
	}
	fail_msg("no creator record");
#else
	(void)state;
	skip();
#endif
}

static ucontext_t scheduler, coroutine;
static struct grmon_task *edge_task;

static void begin_at_stack_end(void)
{
	edge_task = grmon_task_begin("edge");
}

/* The end of a coroutine's stack is unknown: the record must not run past it. */
static void test_creator_at_the_end_of_a_mapping(void **state)
{
	size_t page = 4096, bytes = 16 * page;
	struct wire_slot slot;

	(void)state;
	if (SANITIZED)
		skip();
	char *map = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + bytes, page, PROT_NONE), 0);
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = map;
	coroutine.uc_stack.ss_size = bytes;
	coroutine.uc_link = &scheduler;
	makecontext(&coroutine, begin_at_stack_end, 0);
	assert_int_equal(swapcontext(&scheduler, &coroutine), 0);
	assert_non_null(edge_task);
	grmon_task_switch(edge_task);
	uint64_t serial = my_slot().carried;

	assert_true(find_serial(serial, &slot));
#if defined(__x86_64__)
	assert_true(slot.flags & WIRE_SLOT_CREATOR);
	for (uint32_t i = 0; i < region_used(&self); i++) {
		const struct wire_creator *creator = region_creator(&self, (int)i);
		uint64_t end = (uint64_t)(uintptr_t)map + bytes;

		if (creator->created_serial == serial)
			assert_true(creator->stack_pointer < end &&
				    creator->stack_pointer + creator->stack_bytes <= end);
	}
#endif
	grmon_task_end(edge_task);
	munmap(map, bytes + page);
}

static int setup(void **state)
{
	(void)state;
	return region_by_proc(&self, getpid()) ? 0 : -1;
}

static void *waits_once(void *argument)
{
	usleep(1);
	return argument;
}

/* Like threads that libc creates for a timer: not by our pthread_create(). */
static void test_slots_of_unseen_threads(void **state)
{
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	uint32_t before = region_used(&self);
	pthread_t thread;

	(void)state;
	if (SANITIZED)
		skip(); /* its own function is the next one */
	*(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
	for (int i = 0; i < 500; i++) {
		assert_int_equal(create(&thread, NULL, waits_once, NULL), 0);
		pthread_join(thread, NULL);
	}
	assert_true(region_used(&self) < before + 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main_thread),
		cmocka_unit_test(test_thread_slot_is_given_back),
		cmocka_unit_test(test_creator),
		cmocka_unit_test(test_c11_thread),
		cmocka_unit_test(test_slots_of_unseen_threads),
		cmocka_unit_test(test_waits_nest),
		cmocka_unit_test(test_libc_wait_inside_api_wait),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_coroutines),
		cmocka_unit_test(test_coroutine_creator),
		cmocka_unit_test(test_creator_at_the_end_of_a_mapping),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
