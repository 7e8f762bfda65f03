/* SPDX-License-Identifier: MIT */
/* A process whose first thread ends while others continue: the kernel then has nothing
 * under its own id except the list of threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "source_child.h"

/* Filled by the child. */
struct shared {
	int pipe[2];
	pid_t sleeper, reader;
};

static struct shared *shared_new(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	assert_int_equal(pipe(shared->pipe), 0);
	return shared;
}

static void shared_free(struct shared *shared)
{
	close(shared->pipe[0]);
	close(shared->pipe[1]);
	munmap(shared, sizeof(*shared));
}

static void my_tid(pid_t *tid)
{
	__atomic_store_n(tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static pid_t tid_of(const pid_t *tid)
{
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	while (!__atomic_load_n(tid, __ATOMIC_ACQUIRE) && clock_mono_ns() < deadline_ns)
		usleep(1000);
	return *tid;
}

static void *thread_sleep(void *arg)
{
	struct shared *shared = arg;

	my_tid(&shared->sleeper);
	for (;;)
		sleep(1000);
	return NULL;
}

/* Ends when the test says so. */
static void *thread_ends(void *arg)
{
	struct shared *shared = arg;
	char byte;

	my_tid(&shared->reader);
	while (read(shared->pipe[0], &byte, 1) < 0)
		continue;
	return NULL;
}

static void leader_leaves(void *arg)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_ends, arg);
	pthread_create(&thread, NULL, thread_sleep, arg);
	/* Not pthread_exit(): that runs the destructors of the test. */
	syscall(SYS_exit, 0);
}

/* With its stack, down to the function it began with, and everything of the process, which goes with the first thread. */
static bool whole(struct looker *looker, pid_t tid, const char *begin)
{
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	while (clock_mono_ns() < deadline_ns) {
		const struct task *task;

		if (looker_look(looker, NULL) != 0)
			return false;
		task = looker_task(looker, tid);
		if (task && stack_has(task->stack, begin) && task->stack->nr_frames > 3 &&
		    looker->snapshot->resources.rss_bytes > 0 &&
		    looker->snapshot->resources.fds > 0 && !looker->snapshot->nr_notes)
			return true;
		usleep(5000);
	}
	return false;
}

static void zombie_leader(void **state)
{
	THREADS_ARE_COUNTED;
	struct shared *shared = shared_new();
	pid_t pid = child_start(leader_leaves, shared);
	struct looker looker;
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	assert_non_null(looker_wait(&looker, tid_of(&shared->sleeper), STATE_SLEEP));
	/* The leader goes, the process does not. */
	while (looker_task(&looker, pid) && clock_mono_ns() < deadline_ns)
		assert_int_equal(looker_look(&looker, NULL), 0);
	assert_null(looker_task(&looker, pid));
	assert_true(whole(&looker, shared->sleeper, "thread_sleep"));
	/* A new sample works too, and continues to work when the thread that is asked
	 * ends. */
	looker_close(&looker);
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	assert_true(whole(&looker, shared->sleeper, "thread_sleep"));
	assert_true(whole(&looker, tid_of(&shared->reader), "thread_ends"));
	assert_int_equal(looker.snapshot->nr_tasks, 2);
	assert_int_equal(write(shared->pipe[1], "x", 1), 1);
	while (looker_task(&looker, shared->reader) && clock_mono_ns() < deadline_ns)
		assert_int_equal(looker_look(&looker, NULL), 0);
	assert_true(whole(&looker, shared->sleeper, "thread_sleep"));
	assert_int_equal(looker.snapshot->nr_tasks, 1);
	looker_close(&looker);
	child_stop(pid);
	shared_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zombie_leader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
