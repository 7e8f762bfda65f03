/* SPDX-License-Identifier: MIT */
/* Since when a thread sleeps that slept before anybody watched it: the scheduler notes when
 * it ran last. Must not be late for the poll: what does not fit is asked with the next. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "source/thread.h"

#define SLEEPS_BUDGET_NS (20 * CLOCK_SECOND_NS / 1000)
#define SLEEPS_CPUS_MAX  CPU_SETSIZE
#define NS_PER_MS        1000000ll
/* With two blanks it is longer than a thread's name, which stands before it, can be. */
#define EXEC_START       "\nse.exec_start  "
#define STAT_CPU         37 /* blanks between the end of the name and the processor */

/*
 * The scheduler's time when the thread ran last, by the clock of the processor it ran on, as
 * is printed in milliseconds with six digits behind the point. 0: not said.
 */
static int64_t read_exec_start(int dir, const char *path)
{
	char text[512], *end, *digits;
	const char *at;

	if (fdio_read_small(dir, path, text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, EXEC_START);
	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return 0;
	unsigned long long ms = strtoull(at + 1, &end, 10);

	if (*end != '.' || ms > INT64_MAX / NS_PER_MS - 1)
		return 0;
	unsigned long part = strtoul(end + 1, &digits, 10);

	if (digits - end != 7)
		return 0;
	return (int64_t)ms * NS_PER_MS + (int64_t)part;
}

static int read_cpu(int dir, pid_t tid)
{
	char path[32], text[PROC_TEXT_MAX];
	const char *at;

	snprintf(path, sizeof(path), "%d/stat", (int)tid);
	ssize_t got = fdio_read_small(dir, path, text, sizeof(text));

	at = got > 0 ? memrchr(text, ')', (size_t)got) : NULL;
	for (int blanks = 0; at && blanks < STAT_CPU; blanks++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1;
}

/*
 * CLOCK_MONOTONIC minus the clock of a processor, which stands still while the machine gives
 * the processor to others; 0: not known. Only this thread, running there, can read it.
 */
static int64_t read_lag(int cpu, const cpu_set_t *usual)
{
	cpu_set_t one;

	/* Not where it would not run anyhow: such a processor is kept free for a reason. */
	if (!CPU_ISSET(cpu, usual))
		return 0;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		return 0;
	int64_t clock_ns = read_exec_start(-1, "/proc/thread-self/sched");

	return clock_ns > 0 ? clock_mono_ns() - clock_ns : 0;
}

static void ask(struct thread_table *table, struct thread *thread, int64_t *lags,
		const cpu_set_t *usual)
{
	int dir = table->kernel->task_dir;
	int cpu = read_cpu(dir, thread->tid);
	char path[32];

	if (cpu < 0 || cpu >= SLEEPS_CPUS_MAX)
		return;
	snprintf(path, sizeof(path), "%d/sched", (int)thread->tid);
	int64_t ran_ns = read_exec_start(dir, path);

	/* A sleeper that was moved to another processor says 0. */
	if (ran_ns == 0)
		return;
	if (lags[cpu] == 0)
		lags[cpu] = read_lag(cpu, usual);
	if (lags[cpu] == 0)
		return;
	/* Time that the processor's clock did not count makes the sleep longer, not shorter. */
	thread->slept_ns = ran_ns + lags[cpu];
	if (thread->slept_ns < thread->start_ns)
		thread->slept_ns = thread->start_ns;
}

void thread_read_sleeps(struct thread_table *table, struct thread *const *threads,
			size_t nr_threads)
{
	int64_t until_ns = clock_mono_ns() + SLEEPS_BUDGET_NS;
	int64_t *lags = NULL;
	cpu_set_t usual;

	for (size_t i = 0; i < nr_threads; i++) {
		struct thread *thread = threads[i];

		if (!thread || !thread->ask_sleep)
			continue;
		if (!lags) {
			lags = calloc(SLEEPS_CPUS_MAX, sizeof(*lags));
			if (!lags || sched_getaffinity(0, sizeof(usual), &usual) != 0)
				break;
		}
		if (clock_mono_ns() > until_ns)
			break;
		thread->ask_sleep = false;
		if (thread->stat_state != 'R' && !thread->call.running)
			ask(table, thread, lags, &usual);
	}
	if (lags)
		(void)sched_setaffinity(0, sizeof(usual), &usual);
	free(lags);
}
