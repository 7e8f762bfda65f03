/* SPDX-License-Identifier: MIT */
/* Work that can be abandoned: only if its thread sleeps in the kernel and cannot be
 * woken. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../sanitized.h"
#include "base/clock.h"
#include "base/worker.h"
#include "unit.h"

static void nothing(void *arg)
{
	*(int *)arg += 1;
}

static void burns(void *arg)
{
	int64_t until_ns = clock_mono_ns() + CLOCK_SECOND_NS;

	while (clock_mono_ns() < until_ns)
		;
	*(int *)arg += 1;
}

static void reads_pipe(void *arg)
{
	char byte;

	if (read(*(int *)arg, &byte, 1) == 1)
		*(int *)arg = -1;
}

/* The kernel lets a parent of vfork() sleep so that only the end of its process wakes it. */
static volatile pid_t child;
static volatile int went_on;

static void sleeps(void *arg)
{
	pid_t pid = vfork();

	if (pid == 0) {
		child = getpid();
		for (;;)
			pause();
	}
	went_on = 1;
	(void)arg;
}

static void work_is_done(void **state)
{
	const struct worker_limits limits = {.stall_ns = CLOCK_SECOND_NS / 5};
	struct worker *worker = worker_new();
	int count = 0;

	(void)state;
	assert_non_null(worker);
	for (int i = 0; i < 100; i++)
		assert_int_equal(worker_run(worker, nothing, &count, &limits),
				 WORKER_DONE);
	assert_int_equal(worker_run(worker, burns, &count, &limits), WORKER_DONE);
	assert_int_equal(count, 101);
	worker_free(worker);
}

/* A sleep that a signal ends, or that waits for no memory, is waited for. */
static void other_waits_are_not_given_up(void **state)
{
	const struct worker_limits limits = {.stall_ns = CLOCK_SECOND_NS / 5};
	struct worker *worker = worker_new();
	int ends[2], fd;
	pid_t writer;

	(void)state;
	/* ThreadSanitizer holds back the signal that detects such a wait. */
	if (SANITIZED_THREADS)
		skip();
	assert_int_equal(pipe(ends), 0);
	fd = ends[0];
	writer = fork();
	if (writer == 0) {
		struct timespec pause_for = {1, 0};

		nanosleep(&pause_for, NULL);
		_exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
	}
	assert_int_equal(worker_run(worker, reads_pipe, &fd, &limits), WORKER_DONE);
	assert_int_equal(fd, -1);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	close(ends[0]);
	close(ends[1]);
	worker_free(worker);
}

static void what_nothing_wakes_is_given_up(void **state)
{
	const struct worker_limits limits = {.stall_ns = CLOCK_SECOND_NS / 5,
					     .any_call = true};
	struct worker *worker = worker_new();
	struct timespec step = {0, 10000000};

	(void)state;
	if (SANITIZED_THREADS)
		skip();
	assert_int_equal(worker_run(worker, sleeps, NULL, &limits), WORKER_STALLED);
	assert_int_equal(worker_lost(), 1);
	assert_false(worker_returned(worker));
	/* It returns after all: its thread ends, and the work does not continue. */
	kill(child, SIGKILL);
	while (!worker_returned(worker))
		nanosleep(&step, NULL);
	assert_int_equal(worker_lost(), 0);
	waitpid(child, NULL, 0);
	assert_int_equal(went_on, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_is_done),
		cmocka_unit_test(other_waits_are_not_given_up),
		cmocka_unit_test(what_nothing_wakes_is_given_up),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
