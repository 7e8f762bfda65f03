/* SPDX-License-Identifier: MIT */
/* Futexes that are not locks of libc, with words next to them that look like an owner. */
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "source_child.h"

#define WORDS 32

/* Shared with the child, one of whose threads sleeps on words[at]. */
struct shared {
	_Alignas(64) uint32_t words[WORDS];
	uint32_t at, value, operation;
	pid_t tid;
};

static void *sleep_on_word(void *arg)
{
	struct shared *shared = arg;

	shared->words[shared->at] = shared->value;
	__atomic_store_n(&shared->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;)
		syscall(SYS_futex, &shared->words[shared->at], shared->operation,
			shared->value, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
	return NULL;
}

/* The words name the child's first thread. */
static void in_futex(void *arg)
{
	struct shared *shared = arg;
	pthread_t thread;

	for (size_t i = 0; i < WORDS; i++)
		if (shared->words[i] == UINT32_MAX)
			shared->words[i] = (uint32_t)getpid();
	pthread_create(&thread, NULL, sleep_on_word, shared);
	pthread_join(thread, NULL);
}

static void is_a_futex(uint32_t at, uint32_t value, uint32_t operation,
		       const uint32_t *tids, size_t nr_tids)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	struct looker looker;

	assert_true(shared != MAP_FAILED);
	shared->at = at;
	shared->value = value;
	shared->operation = operation;
	for (size_t i = 0; i < nr_tids; i++)
		shared->words[tids[i]] = UINT32_MAX;
	pid_t pid = child_start(in_futex, shared);

	while (!__atomic_load_n(&shared->tid, __ATOMIC_ACQUIRE) &&
	       clock_mono_ns() < deadline_ns)
		usleep(1000);
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	const struct task *task = looker_wait(&looker, shared->tid, STATE_FUTEX);

	assert_non_null(task);
	assert_string_equal(task->waits.kind, "futex");
	assert_int_equal(task->waits.owner_tid, 0);
	looker_close(&looker);
	child_stop(pid);
	munmap(shared, sizeof(*shared));
}

/* When a join has a timeout on the monotonic clock, libc sleeps on the tid in the
 * thread's descriptor, and no flag says so. The upper half of the pointer next to it
 * may look like a tid. */
static void test_descriptor(void **state)
{
	static const uint32_t upper[] = {11};

	(void)state;
	is_a_futex(8, 12345, FUTEX_WAIT_BITSET_PRIVATE, upper, 1);
}

/* Aligned like a lock, but with words that no lock of libc has next to its owner. */
static void test_words_of_no_rwlock(void **state)
{
	static const uint32_t owner[] = {12};

	(void)state;
	is_a_futex(8, 12345, FUTEX_WAIT_BITSET_PRIVATE, owner, 1);
}

/* A word with the value 2 at an address that no mutex can have. */
static void test_unaligned_mutex(void **state)
{
	static const uint32_t upper[] = {11};

	(void)state;
	is_a_futex(9, 2, FUTEX_WAIT_PRIVATE, upper, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_words_of_no_rwlock),
		cmocka_unit_test(test_unaligned_mutex),
	};

	return cmocka_run_group_tests_name("source: futexes", tests, NULL, NULL);
}
