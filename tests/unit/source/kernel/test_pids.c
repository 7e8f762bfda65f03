/* SPDX-License-Identifier: MIT */
/* Tests the ids of threads in a pid namespace, of the process and of its neighbours,
 * with and without the kernel's help, and whether two processes share memory. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "unit.h"

#include "base/fdio.h"
#include "source/kernel/kernel.h"

#include "source_child.h"

/* Filled by the children, as they see it. */
static struct shared {
	volatile int failed; /* errno */
	volatile pid_t first, second, thread, of_second;
} * shared;

static void *pause_thread(void *arg)
{
	*(volatile pid_t *)arg = gettid();
	pause();
	return NULL;
}

static void run_second(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_create(&thread, NULL, pause_thread, (void *)&shared->of_second);
	shared->second = getpid();
	for (;;)
		pause();
}

/* The first process of a namespace, with a thread and a neighbour. */
static void run_apart(void *arg)
{
	pthread_t thread;

	(void)arg;
	if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
		shared->failed = errno;
		pause();
	}
	if (fork() != 0)
		for (;;)
			pause();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fork() == 0)
		run_second();
	pthread_create(&thread, NULL, pause_thread, (void *)&shared->thread);
	shared->first = getpid();
	for (;;)
		pause();
}

static pid_t child_of(pid_t pid)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return fdio_read_small(-1, path, text, sizeof(text)) > 0 ? (pid_t)atoi(text) : 0;
}

static bool await(volatile pid_t *pid)
{
	int64_t limit_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	while (*pid == 0 && !shared->failed && clock_mono_ns() < limit_ns)
		usleep(1000);
	return *pid != 0;
}

static void assert_ids(struct kernel *kernel, pid_t first, pid_t second)
{
	pid_t pid, tid = kernel_outer_tid(kernel, shared->thread);

	assert_int_equal(kernel_outer_tid(kernel, shared->first), first);
	assert_true(tid != first && kernel_tid_lives(kernel, tid));
	/* Not a thread of this process. */
	assert_int_equal(kernel_outer_tid(kernel, shared->second), 0);
	assert_int_equal(kernel_outer_any(kernel, shared->second, &pid), second);
	assert_int_equal(pid, second);
	tid = kernel_outer_any(kernel, shared->of_second, &pid);
	assert_true(tid != 0 && tid != second);
	assert_int_equal(pid, second);
	assert_int_equal(kernel_outer_any(kernel, 32000, &pid), 0);
	assert_int_equal(pid, 0);
	assert_int_equal(kernel_outer_any(kernel, -5, &pid), 0);
}

static void ids_of_a_namespace(void **state)
{
	pid_t pid = child_start(run_apart, NULL);
	struct kernel kernel;
	bool ready = await(&shared->first) && await(&shared->second) &&
		     await(&shared->thread) && await(&shared->of_second);
	pid_t first = child_of(pid), second = first ? child_of(first) : 0;

	(void)state;
	if (shared->failed) {
		child_stop(pid);
		skip();
	}
	assert_true(ready && first && second);
	assert_int_equal(kernel_open(&kernel, first, NULL), 0);
	assert_true(kernel.facts.nested);
	assert_ids(&kernel, first, second);
	kernel.pids.no_ns = true;
	assert_ids(&kernel, first, second);
	assert_non_null(kernel.pids.inner);
	kernel_close(&kernel);
	child_stop(first);
	child_stop(pid);
}

static void only_pause(void *arg)
{
	(void)arg;
	pause();
}

static void memory_in_common(void **state)
{
	int common = memfd_create("common", MFD_CLOEXEC);
	pid_t pid = child_start(only_pause, NULL);
	struct kernel kernel;

	(void)state;
	assert_int_equal(ftruncate(common, 4096), 0);
	/* `own` is mapped only here, `shared` also in the child. */
	void *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, common, 0);

	assert_int_equal(kernel_open(&kernel, getpid(), NULL), 0);
	assert_true(kernel_shares(&kernel, (uint64_t)(uintptr_t)shared, pid));
	assert_false(kernel_shares(&kernel, (uint64_t)(uintptr_t)own, pid));
	/* The answer is cached for a while. */
	assert_false(kernel_shares(&kernel, (uint64_t)(uintptr_t)own, pid));
	kernel_close(&kernel);
	munmap(own, 4096);
	close(common);
	child_stop(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_a_namespace),
		cmocka_unit_test(memory_in_common),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
