/* SPDX-License-Identifier: MIT */
/* Rows of sleeping threads are kept between looks, but nothing that ends with a snapshot. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit.h"

#include "source_child.h"

static void *wait_child(void *tid)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	__atomic_store_n((pid_t *)tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	waitpid(child, NULL, 0);
	return NULL;
}

static void with_child(void *tid)
{
	pthread_t thread;

	pthread_create(&thread, NULL, wait_child, tid);
	pause();
}

/* The process that a thread waits for is known in each look, whatever became of the
 * snapshots before. */
static void other_process(void **state)
{
	pid_t *tid = mmap(NULL, sizeof(*tid), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, child;
	struct looker looker;

	(void)state;
	assert_true(tid != MAP_FAILED);
	pid = child_start(with_child, tid);
	while (!__atomic_load_n(tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	assert_non_null(looker_wait(&looker, *tid, STATE_WAIT_CHILD));
	child = wait_more(looker_task(&looker, *tid))->owner_pid;
	assert_true(child > 0);
	/* Its row is kept from about the second second on. */
	for (int look = 0; look < 16; look++) {
		usleep(200000);
		assert_int_equal(looker_look(&looker, NULL), 0);
		assert_int_equal(wait_more(looker_task(&looker, *tid))->owner_pid, child);
	}
	looker_close(&looker);
	child_stop(pid);
	munmap(tid, sizeof(*tid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(other_process)};

	return cmocka_run_group_tests_name("source: kept threads", tests, NULL, NULL);
}
