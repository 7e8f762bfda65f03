/* SPDX-License-Identifier: MIT */
/*
 * Threads and processes that come and go. "churn threads": a thousand threads a second,
 * each in a short wait, and three that stay. "churn forks": as many children as can be
 * made, each of which ends at once. "churn reuse" reads commands: "a" starts a thread
 * that reads, "b" ends it and starts threads that sleep until one gets the same id (which
 * needs root), and prints both ids. Prints "ready" first; ends with its input.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int pipe_fds[2];
static atomic_int reader_tid, sleeper_tid;
static pthread_attr_t small_stack;

static void pause_ms(long ms)
{
	struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

static bool input_ended(int timeout_ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&input, 1, timeout_ms) > 0;
}

static void *short_wait(void *ms)
{
	pause_ms((long)ms);
	return NULL;
}

static void *reader(void *unused)
{
	char byte;

	atomic_store(&reader_tid, (int)syscall(SYS_gettid));
	if (read(pipe_fds[0], &byte, 1) < 0)
		return unused;
	return NULL;
}

static void *sleeper(void *unused)
{
	int tid = (int)syscall(SYS_gettid);

	atomic_store(&sleeper_tid, tid);
	if (tid == atomic_load(&reader_tid))
		for (;;)
			pause_ms(1000);
	return unused;
}

static void churn_threads(void)
{
	pthread_t thread;
	long number = 0;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, &small_stack, short_wait, (void *)1000000L);
	while (!input_ended(10))
		for (int i = 0; i < 10; i++)
			if (pthread_create(&thread, &small_stack, short_wait,
					   (void *)(number++ % 20)) == 0)
				pthread_detach(thread);
}

static void churn_forks(void)
{
	for (unsigned long i = 0; i % 16 != 0 || !input_ended(0); i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child > 0)
			waitpid(child, NULL, 0);
	}
}

/* The kernel gives out the next number after this one. */
static void set_last_pid(int pid)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");

	if (!file)
		return;
	fprintf(file, "%d", pid);
	fclose(file);
}

static void reuse(void)
{
	pthread_t thread;
	char line[16];

	while (fgets(line, sizeof(line), stdin)) {
		if (line[0] == 'a') {
			pthread_create(&thread, &small_stack, reader, NULL);
			while (!atomic_load(&reader_tid))
				pause_ms(1);
		} else {
			if (write(pipe_fds[1], "x", 1) != 1)
				return;
			pthread_join(thread, NULL);
			for (int i = 0; i < 200; i++) {
				set_last_pid(atomic_load(&reader_tid) - 1);
				atomic_store(&sleeper_tid, 0);
				pthread_create(&thread, &small_stack, sleeper, NULL);
				while (!atomic_load(&sleeper_tid))
					pause_ms(1);
				if (atomic_load(&sleeper_tid) == atomic_load(&reader_tid))
					break;
				pthread_join(thread, NULL);
			}
		}
		printf("%d %d\n", atomic_load(&reader_tid), atomic_load(&sleeper_tid));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (pipe(pipe_fds) != 0)
		return 1;
	pthread_attr_init(&small_stack);
	pthread_attr_setstacksize(&small_stack, 65536);
	puts("ready");
	fflush(stdout);
	if (strcmp(mode, "threads") == 0)
		churn_threads();
	else if (strcmp(mode, "forks") == 0)
		churn_forks();
	else
		reuse();
	return 0;
}
