/* SPDX-License-Identifier: MIT */
/*
 * A program that notices when it is disturbed: threads that wait in every kind of system
 * call that a signal or a stop interrupts and count EINTR, and one that ticks every
 * millisecond and measures how late it is. For each line on its input it prints what
 * happened since the line before: "eintr N calls N ticks N p50_us N p99_us N worst_us N".
 * With "rest" the waits are an hour long. Usage: quiet [THREADS [rest]]
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 1000000
#define BUCKETS 200000 /* of a microsecond each; the last one counts everything above */

static atomic_ulong interrupted, calls;
static atomic_uint late[BUCKETS];
static atomic_ulong worst_us;
static int quiet_pipe[2], busy_pipe[2], epoll_fd;
static sem_t never;
static int wait_ms = 7;

static int wait_nanosleep(void)
{
	struct timespec pause = {wait_ms / 1000, wait_ms % 1000 * 1000000};

	return nanosleep(&pause, NULL);
}

static int wait_poll(void)
{
	struct pollfd fd = {.fd = quiet_pipe[0], .events = POLLIN};

	return poll(&fd, 1, wait_ms);
}

static int wait_select(void)
{
	struct timeval timeout = {wait_ms / 1000, wait_ms % 1000 * 1000};
	fd_set fds;

	FD_ZERO(&fds);
	FD_SET(quiet_pipe[0], &fds);
	return select(quiet_pipe[0] + 1, &fds, NULL, NULL, &timeout);
}

static int wait_epoll(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_fd, &event, 1, wait_ms);
}

static int wait_futex(void)
{
	struct timespec timeout = {wait_ms / 1000, wait_ms % 1000 * 1000000};
	static int word;

	return (int)syscall(SYS_futex, &word, FUTEX_WAIT, 0, &timeout, NULL, 0);
}

static int wait_semaphore(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return sem_timedwait(&never, &until);
}

static int wait_read(void)
{
	char byte;

	return (int)read(busy_pipe[0], &byte, 1);
}

static int (*const waits[])(void) = {wait_nanosleep, wait_poll,  wait_select,
				     wait_epoll,     wait_futex, wait_semaphore,
				     wait_read};
#define WAITS (sizeof(waits) / sizeof(waits[0]))

static void *waiter(void *number)
{
	int (*wait)(void) = waits[(size_t)number % WAITS];

	for (;;) {
		if (wait() < 0 && errno == EINTR)
			atomic_fetch_add(&interrupted, 1);
		atomic_fetch_add(&calls, 1);
	}
	return NULL;
}

static void *feeder(void *unused)
{
	for (;;) {
		wait_nanosleep();
		if (write(busy_pipe[1], "x", 1) != 1)
			return unused;
	}
}

static void *ticker(void *unused)
{
	struct timespec due, now;

	clock_gettime(CLOCK_MONOTONIC, &due);
	for (;;) {
		due.tv_nsec += TICK_NS;
		if (due.tv_nsec >= 1000000000) {
			due.tv_nsec -= 1000000000;
			due.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		long us = (now.tv_sec - due.tv_sec) * 1000000 +
			  (now.tv_nsec - due.tv_nsec) / 1000;

		if (us < 0)
			us = 0;
		if ((unsigned long)us > atomic_load(&worst_us))
			atomic_store(&worst_us, (unsigned long)us);
		atomic_fetch_add(&late[us < BUCKETS ? us : BUCKETS - 1], 1);
		if (us > TICK_NS / 1000)
			due = now; /* missed ticks are not made up for */
	}
	return unused;
}

static unsigned percentile(const unsigned *counts, unsigned total, unsigned percent)
{
	unsigned long seen = 0;

	for (unsigned us = 0; us < BUCKETS; us++) {
		seen += counts[us];
		if (seen * 100 >= (unsigned long)total * percent)
			return us;
	}
	return BUCKETS;
}

static void report(void)
{
	static unsigned counts[BUCKETS];
	unsigned total = 0;

	for (unsigned us = 0; us < BUCKETS; us++) {
		counts[us] = atomic_exchange(&late[us], 0);
		total += counts[us];
	}
	printf("eintr %lu calls %lu ticks %u p50_us %u p99_us %u worst_us %lu\n",
	       atomic_exchange(&interrupted, 0), atomic_exchange(&calls, 0), total,
	       percentile(counts, total, 50), percentile(counts, total, 99),
	       atomic_exchange(&worst_us, 0));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? (size_t)atoi(argv[1]) : WAITS;
	pthread_attr_t attributes;
	pthread_t thread;
	char line[16];

	if (argc > 2 && strcmp(argv[2], "rest") == 0)
		wait_ms = 3600 * 1000;
	if (pipe(quiet_pipe) != 0 || pipe(busy_pipe) != 0 || sem_init(&never, 0, 0) != 0)
		return 1;
	epoll_fd = epoll_create1(0);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + 65536);
	pthread_create(&thread, &attributes, ticker, NULL);
	pthread_create(&thread, &attributes, feeder, NULL);
	for (size_t i = 0; i < count; i++)
		pthread_create(&thread, &attributes, waiter, (void *)i);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		report();
	return 0;
}
