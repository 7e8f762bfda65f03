/* SPDX-License-Identifier: MIT */
// build: -lresolv
/*
 * Waits inside waits, and waits that do not end by a return: what the region says in the
 * middle and afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/socket.h>

#include "grmon.h"
#include "wrap_region.h"

#include "../sanitized.h"

static struct region region;
static int tid, fds[2];
static sem_t inner, go;

/* Polls until the thread's slot matches. */
static void assert_waits(uint32_t state, const void *object, int fd)
{
	struct wire_slot slot = {0};

	for (int i = 0; i < 500; i++) {
		if (region_slot(&region, __atomic_load_n(&tid, __ATOMIC_ACQUIRE),
				&slot) &&
		    slot.state == state && slot.object == (uint64_t)(uintptr_t)object &&
		    slot.fd == fd)
			return;
		poll(NULL, 0, 10);
	}
	print_message("# state %u object %#lx fd %d\n", slot.state,
		      (unsigned long)slot.object, slot.fd);
	fail();
}

static pthread_t start(void *(*run)(void *))
{
	pthread_t thread;

	tid = 0;
	assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
	while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE) == 0)
		poll(NULL, 0, 1);
	if (!region.map)
		assert_true(region_open(&region, getpid()));
	return thread;
}

static void i_am(void)
{
	__atomic_store_n(&tid, gettid(), __ATOMIC_RELEASE);
}

static void wait_in_handler(int number)
{
	(void)number;
	while (sem_wait(&inner) != 0)
		continue;
}

static int spin;

static void spin_here(void)
{
	while (__atomic_load_n(&spin, __ATOMIC_ACQUIRE))
		continue;
}

static void *read_once(void *unused)
{
	char byte;

	i_am();
	while (read(fds[0], &byte, 1) != 1)
		continue;
	spin_here();
	return unused;
}

static void test_handler_blocks(void **state)
{
	struct sigaction action = {.sa_handler = wait_in_handler, .sa_flags = SA_RESTART};

	(void)state;
	if (SANITIZED_THREADS)
		skip();
	sigaction(SIGUSR1, &action, NULL);
	__atomic_store_n(&spin, 1, __ATOMIC_RELEASE);
	pthread_t thread = start(read_once);

	assert_waits(GRMON_IO_READ, NULL, fds[0]);
	pthread_kill(thread, SIGUSR1);
	assert_waits(GRMON_SEMAPHORE, &inner, -1);
	sem_post(&inner);
	assert_waits(GRMON_IO_READ, NULL, fds[0]);
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_waits(WIRE_STATE_RUNNING, NULL, -1);
	__atomic_store_n(&spin, 0, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

static sigjmp_buf out;

static void jump_out(int number)
{
	(void)number;
	siglongjmp(out, 1);
}

/* What one function calls after another that it has left: of each a first one and a second. */
static const struct jump {
	bool mutex_first;
	uint32_t state;
} jumps[] = {{false, GRMON_IO_READ}, {true, GRMON_MUTEX}};
static const struct jump *jump;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *wait_and_jump(void *unused)
{
	char byte;

	i_am();
	if (sigsetjmp(out, 1) == 0) {
		if (jump->mutex_first)
			pthread_mutex_lock(&held);
		else
			(void)!read(fds[0], &byte, 1);
	}
	if (jump->mutex_first)
		(void)!read(fds[0], &byte, 1);
	else
		sem_wait(&go);
	spin_here();
	return unused;
}

static void test_jump_out_of_wait(void **state)
{
	struct sigaction action = {.sa_handler = jump_out};

	(void)state;
	/* With ThreadSanitizer, the place of a frame does not tell who called whom. */
	if (SANITIZED)
		skip();
	sigaction(SIGUSR2, &action, NULL);
	pthread_mutex_lock(&held);
	for (jump = jumps; jump < jumps + sizeof(jumps) / sizeof(jumps[0]); jump++) {
		__atomic_store_n(&spin, 1, __ATOMIC_RELEASE);
		pthread_t thread = start(wait_and_jump);

		assert_waits(jump->state, jump->mutex_first ? &held : NULL,
			     jump->mutex_first ? -1 : fds[0]);
		pthread_kill(thread, SIGUSR2);
		if (jump->mutex_first) {
			assert_waits(GRMON_IO_READ, NULL, fds[0]);
			assert_int_equal(write(fds[1], "", 1), 1);
		} else {
			assert_waits(GRMON_SEMAPHORE, &go, -1);
			sem_post(&go);
		}
		/* The slot does not return to the first wait, which never returned. */
		assert_waits(WIRE_STATE_RUNNING, NULL, -1);
		__atomic_store_n(&spin, 0, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
	}
	pthread_mutex_unlock(&held);
}

static void spin_in_cleanup(void *unused)
{
	(void)unused;
	spin_here();
	sem_wait(&go);
}

static void *read_to_be_cancelled(void *unused)
{
	char byte;

	i_am();
	pthread_cleanup_push(spin_in_cleanup, NULL);
	(void)!read(fds[0], &byte, 1);
	pthread_cleanup_pop(0);
	return unused;
}

static void test_cancelled(void **state)
{
	struct wire_slot slot;
	void *result;

	(void)state;
	__atomic_store_n(&spin, 1, __ATOMIC_RELEASE);
	pthread_t thread = start(read_to_be_cancelled);

	assert_waits(GRMON_IO_READ, NULL, fds[0]);
	pthread_cancel(thread);
	assert_waits(WIRE_STATE_RUNNING, NULL, -1);
	__atomic_store_n(&spin, 0, __ATOMIC_RELEASE);
	assert_waits(GRMON_SEMAPHORE, &go, -1);
	sem_post(&go);
	pthread_join(thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_false(region_slot(&region, tid, &slot));
}

static void *read_in_own_wait(void *unused)
{
	struct grmon_wait mark;
	char byte;

	i_am();
	assert_int_equal(grmon_wait_begin(&mark, GRMON_WAITGROUP, &go, "the others"), 0);
	(void)!read(fds[0], &byte, 1);
	grmon_wait_end(&mark);
	spin_here();
	return unused;
}

static void test_inner_wait(void **state)
{
	struct wire_slot slot = {0};

	(void)state;
	__atomic_store_n(&spin, 1, __ATOMIC_RELEASE);
	pthread_t thread = start(read_in_own_wait);

	assert_waits(GRMON_WAITGROUP, &go, -1);
	for (int i = 0; i < 500 && slot.inner_state != GRMON_IO_READ; i++) {
		poll(NULL, 0, 10);
		assert_true(region_slot(&region, tid, &slot));
	}
	assert_int_equal(slot.inner_state, GRMON_IO_READ);
	assert_int_equal(slot.inner_fd, fds[0]);
	assert_string_equal(slot.what, "the others");
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_waits(WIRE_STATE_RUNNING, NULL, -1);
	assert_true(region_slot(&region, tid, &slot));
	assert_int_equal(slot.inner_state, 0);
	__atomic_store_n(&spin, 0, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

static const char host[] = "nobody.example.";
static struct sockaddr_in silent;

static void *resolve(void *unused)
{
	struct __res_state query = {0};
	unsigned char answer[512];

	i_am();
	res_ninit(&query);
	query.nscount = 1;
	query.nsaddr_list[0] = silent;
	query.retrans = 1;
	query.retry = 1;
	res_nquery(&query, host, 1, 1, answer, sizeof(answer));
	res_nclose(&query);
	return unused;
}

static void test_name_lookup(void **state)
{
	socklen_t bytes = sizeof(silent);
	int server = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	silent.sin_family = AF_INET;
	silent.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(server, (struct sockaddr *)&silent, sizeof(silent)), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&silent, &bytes), 0);
	pthread_t thread = start(resolve);

	assert_waits(GRMON_DNS, host, -1);
	pthread_join(thread, NULL);
	close(server);
}

/* Nothing is published for a call that cannot block. */
static void test_passed_on(void **state)
{
	struct pollfd none = {.fd = -1};
	struct wire_slot before = {0}, after = {0};
	pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
	int pair[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	poll(NULL, 0, 1);
	assert_true(region_slot(&region, gettid(), &before));
	poll(&none, 1, 0);
	(void)!recv(pair[0], &byte, 1, MSG_DONTWAIT);
	pthread_mutex_lock(&free_lock);
	sem_post(&go);
	sem_wait(&go);
	assert_true(region_slot(&region, gettid(), &after));
	assert_int_equal(after.waits, before.waits);
	(void)!write(pair[1], "", 1);
	assert_true(region_slot(&region, gettid(), &after));
	assert_int_equal(after.waits, before.waits + 1);
	assert_int_equal(after.counts[GRMON_IO_WRITE - 1],
			 before.counts[GRMON_IO_WRITE - 1] + 1);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handler_blocks),
		cmocka_unit_test(test_jump_out_of_wait),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_inner_wait),
		cmocka_unit_test(test_name_lookup),
		cmocka_unit_test(test_passed_on),
	};

	sem_init(&inner, 0, 0);
	sem_init(&go, 0, 0);
	if (pipe(fds) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
