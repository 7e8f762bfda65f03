/* SPDX-License-Identifier: MIT */
/* Threads that run: one only computes, one computes and calls the kernel all the time,
 * one gets a signal a thousand times a second, and one sleeps. Prints "ready"; ends with
 * its input, and then prints how many calls were interrupted and how many signals
 * came. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static atomic_bool over;
static atomic_ulong handled, sent;
static atomic_ulong spins;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

__attribute__((noinline)) static unsigned spin_inner(unsigned value)
{
	for (unsigned i = 0; i < 1000; i++)
		value = value * 1103515245u + 12345u;
	__asm__ volatile("" ::: "memory");
	return value;
}

__attribute__((noinline)) static void spin_outer(void)
{
	volatile unsigned value = 1;

	while (!atomic_load(&over)) {
		value = spin_inner(value);
		atomic_fetch_add(&spins, 1);
	}
}

static void *spinner(void *unused)
{
	prctl(PR_SET_NAME, "spins");
	spin_outer();
	return unused;
}

static void *signalled(void *unused)
{
	prctl(PR_SET_NAME, "signalled");
	spin_outer();
	return unused;
}

static void *sender(void *thread)
{
	struct timespec pause = {0, 1000000};

	while (!atomic_load(&over)) {
		if (pthread_kill(*(pthread_t *)thread, SIGRTMIN) == 0)
			atomic_fetch_add(&sent, 1);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	pthread_t threads[3];
	char byte;

	sigaction(SIGRTMIN, &action, NULL);
	pthread_create(&threads[0], NULL, spinner, NULL);
	pthread_create(&threads[1], NULL, signalled, NULL);
	pthread_create(&threads[2], NULL, sender, &threads[1]);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	/* The sender ends before the thread that it sends to. */
	unsigned long before = atomic_load(&spins);

	usleep(100000);
	unsigned long after = atomic_load(&spins);

	atomic_store(&over, true);
	for (int i = 2; i >= 0; i--)
		pthread_join(threads[i], NULL);
	printf("spins %d sent %lu handled %lu\n", after > before, atomic_load(&sent),
	       atomic_load(&handled));
	return 0;
}
