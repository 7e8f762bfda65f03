/* SPDX-License-Identifier: MIT */
/*
 * Signals, jumps and cancellation in the middle of published waits: what is published
 * stays consistent and becomes right again, and errno is the program's.
 */
#include "agent_region.h"

#include <semaphore.h>
#include <setjmp.h>
#include <sys/time.h>

static struct region self;

static struct wire_slot slot_of(int tid)
{
	struct wire_slot slot = {0};

	region_thread(&self, tid, &slot);
	return slot;
}

static int my_tid(void)
{
	return (int)syscall(SYS_gettid);
}

/* A handler that blocks, in the middle of a wait or of its publication. */
static int handled;

static void blocking_handler(int number)
{
	struct timespec pause = {0, 1};
	struct grmon_wait mark;

	(void)number;
	errno = 1000;
	grmon_wait_begin(&mark, GRMON_DNS, (void *)(uintptr_t)0xd0d0, "handler");
	nanosleep(&pause, NULL);
	grmon_wait_end(&mark);
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

/* Blocks in libc only. */
static void sleeping_handler(int number)
{
	struct timespec pause = {0, 1};
	int saved = errno;

	(void)number;
	nanosleep(&pause, NULL);
	errno = saved;
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

static void counting_handler(int number)
{
	int saved = errno;

	blocking_handler(number);
	errno = saved;
}

struct storm {
	int tid;
	int stop;
	int errors;
	sem_t ready;
};

#define STORM_OBJECT 0x57a7e000u

/* Publishes waits whose object names their state, so that a torn copy is noticed. */
static void *storm_main(void *argument)
{
	struct storm *storm = argument;

	storm->tid = my_tid();
	sem_post(&storm->ready);
	for (unsigned i = 0; !__atomic_load_n(&storm->stop, __ATOMIC_RELAXED); i++) {
		enum grmon_state state = (enum grmon_state)(1 + i % 20);
		struct grmon_wait mark;

		errno = (int)(i % 100);
		if (grmon_wait_begin(&mark, state,
				     (void *)(uintptr_t)(STORM_OBJECT + (unsigned)state),
				     NULL) != GRMON_OK)
			storm->errors++;
		grmon_wait_end(&mark);
		storm->errors += errno != (int)(i % 100);
	}
	return NULL;
}

static bool is_whole(const struct wire_slot *slot)
{
	if (slot->state == WIRE_STATE_RUNNING)
		return slot->object == 0;
	if (slot->state == GRMON_DNS && slot->object == 0xd0d0)
		return strcmp(slot->what, "handler") == 0;
	if (slot->state == GRMON_SLEEP)
		return slot->object < STORM_OBJECT;
	return slot->object == STORM_OBJECT + slot->state && slot->what[0] == '\0';
}

static void test_storm(void **state)
{
	struct sigaction action = {.sa_handler = counting_handler,
				   .sa_flags = SA_RESTART};
	struct storm storm = {0};
	struct wire_slot slot;
	pthread_t thread;
	int whole = 0, in_handler = 0, torn = 0;
	struct timespec begin, now;

	(void)state;
	handled = 0;
	sigaction(SIGUSR1, &action, NULL);
	sem_init(&storm.ready, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, storm_main, &storm), 0);
	sem_wait(&storm.ready);
	int index = -1;

	/* A copy may fail while the thread publishes without a pause. */
	assert_true(UNTIL((index = region_thread(&self, storm.tid, &slot)) >= 0));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		pthread_kill(thread, SIGUSR1);
		for (int i = 0; i < 200; i++) {
			if (!region_copy(&self, (uint32_t)index, &slot))
				continue;
			whole++;
			in_handler += slot.state == GRMON_DNS && slot.object == 0xd0d0;
			torn += !is_whole(&slot);
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < 2 ||
		 __atomic_load_n(&handled, __ATOMIC_RELAXED) < 100);
	__atomic_store_n(&storm.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(torn, 0);
	assert_true(whole > 1000 && in_handler > 0);
	assert_int_equal(storm.errors, 0);
	sem_destroy(&storm.ready);
}

/* The outer wait is published again after the handler's own. */
static void *reads_a_pipe(void *argument)
{
	int *fds = argument;
	char byte;

	__atomic_store_n(&fds[2], my_tid(), __ATOMIC_RELEASE);
	return (void *)(intptr_t)read(fds[0], &byte, 1);
}

static bool reads(const int *tid)
{
	int is = __atomic_load_n(tid, __ATOMIC_ACQUIRE);

	return is != 0 && slot_of(is).state == GRMON_IO_READ;
}

static void test_handler_inside_a_blocked_read(void **state)
{
	struct sigaction action = {.sa_handler = counting_handler,
				   .sa_flags = SA_RESTART};
	int fds[3] = {-1, -1, 0};
	pthread_t thread;
	void *n;

	(void)state;
	if (SANITIZED_THREADS)
		skip();
	handled = 0;
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(pipe(fds), 0);
	pthread_create(&thread, NULL, reads_a_pipe, fds);
	assert_true(UNTIL(reads(&fds[2])));
	struct wire_slot before = slot_of(fds[2]);

	assert_int_equal(before.fd, fds[0]);
	for (int i = 0; i < 50; i++) {
		if (i == 25) {
			action.sa_handler = sleeping_handler;
			sigaction(SIGUSR1, &action, NULL);
		}
		pthread_kill(thread, SIGUSR1);
		assert_true(UNTIL(__atomic_load_n(&handled, __ATOMIC_RELAXED) > i));
	}
	assert_true(UNTIL(slot_of(fds[2]).state == GRMON_IO_READ));
	struct wire_slot after = slot_of(fds[2]);

	assert_int_equal(after.fd, before.fd);
	assert_int_equal(after.since_ns, before.since_ns);
	assert_int_equal(after.call_site, before.call_site);
	assert_int_equal(after.flags, before.flags);
	assert_string_equal(after.what, "");
	assert_true(after.waits > before.waits);
	assert_int_equal(write(fds[1], "x", 1), 1);
	pthread_join(thread, &n);
	assert_int_equal((intptr_t)n, 1);
	close(fds[0]);
	close(fds[1]);
}

static sigjmp_buf back;

static void jumping_handler(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static __attribute__((noinline)) void blocks_for_ever(int fd)
{
	char byte;
	struct itimerval soon = {.it_value = {0, 5000}};

	setitimer(ITIMER_REAL, &soon, NULL);
	while (read(fd, &byte, 1) < 0)
		;
}

static __attribute__((noinline)) void a_short_wait(void)
{
	struct timespec pause = {0, 1000};

	nanosleep(&pause, NULL);
}

/* Later waits do not return to a wait that was left by siglongjmp(). */
static void test_jump_out_of_a_blocked_call(void **state)
{
	struct sigaction action = {.sa_handler = jumping_handler, .sa_flags = SA_NODEFER};
	int fds[2];

	(void)state;
	if (SANITIZED)
		skip(); /* frames are not where they seem to be */
	sigaction(SIGALRM, &action, NULL);
	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < 3; i++) {
		if (sigsetjmp(back, 1) == 0)
			blocks_for_ever(fds[0]);
	}
	/* It stays stale until the next wait at this depth of the stack or above. */
	a_short_wait();
	struct timespec pause = {0, 1000};

	nanosleep(&pause, NULL);
	assert_int_equal(slot_of(my_tid()).state, WIRE_STATE_RUNNING);
	assert_int_equal(slot_of(my_tid()).since_ns, 0);
	close(fds[0]);
	close(fds[1]);
}

/* The same rule must not mistake a handler on an alternate stack for a jump. */
static void *reads_with_an_alternate_stack(void *argument)
{
	/* Above every frame of the blocked call: part of an outer frame. */
	char memory[65536];
	stack_t alternate = {.ss_sp = memory, .ss_size = sizeof(memory)};

	sigaltstack(&alternate, NULL);
	void *result = reads_a_pipe(argument);

	alternate.ss_flags = SS_DISABLE;
	sigaltstack(&alternate, NULL);
	return result;
}

static void test_handler_on_an_alternate_stack(void **state)
{
	struct sigaction action = {.sa_handler = sleeping_handler,
				   .sa_flags = SA_RESTART | SA_ONSTACK};
	int fds[3] = {-1, -1, 0};
	pthread_t thread;

	(void)state;
	if (SANITIZED_THREADS)
		skip();
	handled = 0;
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(pipe(fds), 0);
	pthread_create(&thread, NULL, reads_with_an_alternate_stack, fds);
	assert_true(UNTIL(reads(&fds[2])));
	uint64_t since_ns = slot_of(fds[2]).since_ns;

	for (int i = 0; i < 10; i++) {
		pthread_kill(thread, SIGUSR1);
		assert_true(UNTIL(__atomic_load_n(&handled, __ATOMIC_RELAXED) > i));
	}
	assert_true(UNTIL(slot_of(fds[2]).state == GRMON_IO_READ));
	assert_int_equal(slot_of(fds[2]).since_ns, since_ns);
	assert_int_equal(write(fds[1], "x", 1), 1);
	pthread_join(thread, NULL);
	close(fds[0]);
	close(fds[1]);
}

static void cleanup_waits(void *tid)
{
	/* The blocked call has withdrawn what it published. */
	*(int *)tid = slot_of(my_tid()).state == WIRE_STATE_RUNNING ? -1 : -2;
	a_short_wait();
}

struct cancelled {
	int fds[2];
	int tid;
	int verdict;
};

static void *cancelled_main(void *argument)
{
	struct cancelled *cancelled = argument;
	char byte;

	pthread_cleanup_push(cleanup_waits, &cancelled->verdict);
	__atomic_store_n(&cancelled->tid, my_tid(), __ATOMIC_RELEASE);
	for (;;)
		if (read(cancelled->fds[0], &byte, 1) < 0)
			break;
	pthread_cleanup_pop(1);
	return NULL;
}

static void test_cancellation(void **state)
{
	struct cancelled cancelled = {0};
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pipe(cancelled.fds), 0);
	pthread_create(&thread, NULL, cancelled_main, &cancelled);
	assert_true(UNTIL(reads(&cancelled.tid)));
	pthread_cancel(thread);
	pthread_join(thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(cancelled.verdict, -1);
	assert_true(UNTIL(slot_of(cancelled.tid).kind == WIRE_FREE));
	close(cancelled.fds[0]);
	close(cancelled.fds[1]);
}

/* A destructor of the program that blocks after the thread has left its slot. */
static pthread_key_t program_keys[2];
static int destructor_waits;

static void blocking_destructor(void *rounds)
{
	static __thread int round;

	a_short_wait();
	if (slot_of(my_tid()).kind == WIRE_FREE)
		__atomic_fetch_add(&destructor_waits, 1, __ATOMIC_RELAXED);
	if (++round < 3)
		pthread_setspecific(program_keys[0], rounds);
}

static void *has_destructors(void *argument)
{
	pthread_setspecific(program_keys[0], argument);
	pthread_setspecific(program_keys[1], argument);
	*(int *)argument = my_tid();
	pthread_exit(NULL);
}

static void test_destructors_that_block(void **state)
{
	pthread_t thread;
	int tid = 0;

	(void)state;
	pthread_key_create(&program_keys[0], blocking_destructor);
	pthread_key_create(&program_keys[1], blocking_destructor);
	for (int i = 0; i < 20; i++) {
		destructor_waits = 0;
		pthread_create(&thread, NULL, has_destructors, &tid);
		pthread_join(thread, NULL);
		assert_true(destructor_waits >= 3);
		assert_true(UNTIL(slot_of(tid).kind == WIRE_FREE));
	}
	assert_true(UNTIL(region_count(&self, WIRE_THREAD) == 1));
}

static int setup(void **state)
{
	(void)state;
	return region_by_proc(&self, getpid()) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_handler_inside_a_blocked_read),
		cmocka_unit_test(test_jump_out_of_a_blocked_call),
		cmocka_unit_test(test_handler_on_an_alternate_stack),
		cmocka_unit_test(test_cancellation),
		cmocka_unit_test(test_destructors_that_block),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
