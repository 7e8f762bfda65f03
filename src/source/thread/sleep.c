/* SPDX-License-Identifier: MIT */
/* Determines how long a thread that was already asleep when watching began has slept: the
 * scheduler records when it last ran. A poll of the view must not be late, so threads that
 * do not fit into its budget are left to the next one; a single snapshot must be
 * complete. */
#include "base/clock.h"
#include "source/thread/cpu_clock.h"
#include "source/thread/thread.h"

#define SLEEPS_BUDGET_NS (CLOCK_SECOND_NS / 50)
/* Limit for a single snapshot of very many threads. */
#define SLEEPS_MOST_NS   (5 * CLOCK_SECOND_NS)

static bool is_asleep(const struct thread *thread)
{
	return thread && thread->ask_sleep && thread->stat_state != 'R' &&
	       !thread->call.running;
}

/* Reads when each thread last ran, by the clock of its CPU. */
static size_t read_clocks(struct thread_table *table, struct thread *const *threads,
			  size_t nr_threads, int64_t until_ns)
{
	size_t nr_read = 0;

	for (size_t i = 0; i < nr_threads && clock_mono_ns() <= until_ns; i++) {
		struct thread *thread = threads[i];

		if (!is_asleep(thread))
			continue;
		thread->ran_ns = process_thread_exec_start_ns(&table->kernel->process,
							      thread->tid);
		/* The value is 0 for a sleeping thread that was moved to another CPU and
		 * on kernels without this file. */
		thread->ask_sleep = thread->ran_ns > 0;
		if (!thread->ask_sleep)
			continue;
		cpu_clocks_saw(table->clocks, thread->cpu, thread->ran_ns,
			       clock_mono_ns());
		cpu_clocks_want(table->clocks, thread->cpu);
		nr_read++;
	}
	return nr_read;
}

/* Time that the CPU's clock did not count since then makes the sleep longer, never
 * shorter. */
static void apply_lag(struct thread_table *table, struct thread *thread, bool last)
{
	int64_t lag_ns;
	bool known = cpu_clocks_lag(table->clocks, thread->cpu, &lag_ns);

	if (!known && !cpu_clocks_most(table->clocks, thread->cpu, &lag_ns))
		return;
	thread->ask_sleep = !known && !last;
	thread->kept_generation = 0;
	thread->slept_ns = thread->ran_ns + lag_ns;
	if (thread->slept_ns < thread->start_ns)
		thread->slept_ns = thread->start_ns;
}

void thread_read_sleeps(struct thread_table *table, struct thread *const *threads,
			size_t nr_threads, bool whole)
{
	int64_t until_ns = clock_mono_ns() + (whole ? SLEEPS_MOST_NS : SLEEPS_BUDGET_NS);
	bool asked = false;

	for (size_t i = 0; i < nr_threads && !asked; i++)
		asked = is_asleep(threads[i]);
	if (asked && !table->clocks)
		table->clocks = cpu_clocks_new();
	if (!asked || !table->clocks)
		return;
	if (read_clocks(table, threads, nr_threads, until_ns) == 0)
		return;
	cpu_clocks_learn(table->clocks, whole);
	for (size_t i = 0; i < nr_threads; i++)
		if (is_asleep(threads[i]) && threads[i]->ran_ns)
			apply_lag(table, threads[i], whole);
}
