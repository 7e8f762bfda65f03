/* SPDX-License-Identifier: MIT */
/*
 * Finds out which threads have run since the previous sample, from what the scheduler
 * counts, and reads as few files as possible.
 *
 * The kernel also totals the CPU time of all threads of a process, those that have ended
 * included, to the nanosecond. Each thread has run at least as long as was last read of
 * it, and the ended ones at least for sums.ended_ns. If the sum of all that is the total,
 * each of them is exact: a thread that was not read has not run. Then only those are read
 * that are likely to have run.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "source/thread/private.h"

/* Names can be changed by other threads. They are reread over at least
 * THREAD_REREAD_SAMPLES samples, or over more, so that no sample rereads more than these. */
#define REREAD_THREADS 128u
/* A thread that has run in one of the last samples is likely to have run. */
#define RAN_SAMPLES    4u
/* In a busy program one of them runs meanwhile, and they are read again, which costs less
 * than all others: this often, if that has helped in the last sample. */
#define ROUNDS         2
#define ROUNDS_HOPEFUL 4
/* The share of the threads that may be read in the hope that no others have run. */
#define LIKELY_SHARE   4u
/* Not worth the trouble for fewer threads. */
#define LEAST_THREADS  64u
#define AHEAD          8u /* records that are fetched into the caches meanwhile */

/* "RUN_NS DELAY_NS TIMES" */
static bool parse_sched(const char *text, uint64_t *run_ns, uint64_t *times)
{
	uint64_t numbers[3];
	char *end;

	for (int i = 0; i < 3; i++, text = end) {
		numbers[i] = strtoull(text, &end, 10);
		if (end == text)
			return false;
	}
	*run_ns = numbers[0];
	*times = numbers[2];
	return true;
}

/* What was counted of an earlier thread with this id remains part of the total. */
static void count(struct thread_table *table, struct thread *thread, uint64_t run_ns)
{
	if (run_ns < thread->run_ns)
		table->sums.ended_ns += (int64_t)thread->run_ns;
	table->sums.known_ns += (int64_t)run_ns - (int64_t)thread->run_ns;
	thread->run_ns = run_ns;
}

void thread_forget_ran(struct thread_table *table, const struct thread *thread)
{
	table->sums.known_ns -= (int64_t)thread->run_ns;
	table->sums.ended_ns += (int64_t)thread->run_ns;
}

/*
 * Reads how long the thread has run and how often it was scheduled. If the file is not
 * kept open, the tid may have been reused, but not by a thread with the same run time.
 */
static int read_sched(struct thread_table *table, struct thread *thread)
{
	bool kept = thread->sched_fd >= 0;
	char text[96];
	uint64_t run_ns, times;
	ssize_t got = thread_read_file(table, thread, &thread->sched_fd, THREAD_TIMES,
				       text, sizeof(text));

	thread->slept = false;
	if (got == -ESRCH && kept) {
		/* It ended; its tid may have been reused. */
		thread_close_files(table, thread);
		got = thread_read_file(table, thread, &thread->sched_fd, THREAD_TIMES,
				       text, sizeof(text));
	}
	if (got == -ESRCH)
		return -ESRCH;
	if (got <= 0 || !parse_sched(text, &run_ns, &times) || !times) {
		table->sums.uncounted = true;
		return 0;
	}
	thread->slept = times == thread->switches && run_ns == thread->run_ns;
	if (!thread->slept)
		thread->ran_generation = table->generation;
	thread->switches = times;
	count(table, thread, run_ns);
	return 0;
}

int thread_read_ran(struct thread_table *table, struct thread *thread)
{
	int rc;

	if (thread->read_ahead) {
		thread->read_ahead = false;
		return 0;
	}
	thread->slept = (table->rested || table->sums.others_rest) &&
			thread->generation + 1 == table->generation && thread->waits;
	if (thread->slept)
		return 0;
	rc = read_sched(table, thread);
	thread->slept &= thread->waits;
	return rc;
}

/* When its wait ends by itself; 0 if it does not, or if that is unknown. */
static int64_t due_ns(const struct thread *thread)
{
	const struct kernel_wait *wait = &thread->wait;
	int64_t began_ns = thread->slept_ns ? thread->slept_ns : thread->began_ns;
	int64_t lasts_ns = wait->lasts_ns ? wait->lasts_ns : wait->left_ns;

	if (wait->end_ns)
		return wait->end_ns;
	return lasts_ns && began_ns && began_ns < INT64_MAX - lasts_ns
		       ? began_ns + lasts_ns
		       : 0;
}

/* A wait may have begun at any time since the sample before the one that found it. Nobody
 * ends a sleep before its time. */
static bool is_likely(const struct thread_table *table, const struct thread *thread)
{
	bool lately = table->generation - thread->ran_generation <= RAN_SAMPLES;
	int64_t due;

	if (!thread->sampled || !thread->waits)
		return true;
	if (!thread->timed || (lately && thread->wait.state != STATE_SLEEP))
		return lately;
	due = due_ns(thread);
	return due == 0 ||
	       due - (table->sums.at_ns - table->sums.before_ns) <= table->sums.at_ns;
}

/* Reads threads a second time in this sample. Returns false if one has ended. */
static bool read_again(struct thread_table *table, struct thread *const *threads,
		       size_t nr)
{
	int64_t before_ns = table->sums.known_ns;
	bool alive = true;

	for (size_t i = 0; alive && i < nr; i++) {
		bool slept = threads[i]->slept;

		if (i + AHEAD < nr)
			__builtin_prefetch(threads[i + AHEAD]);
		alive = read_sched(table, threads[i]) == 0;
		threads[i]->slept &= slept;
	}
	table->sums.again_ns += table->sums.known_ns - before_ns;
	return alive;
}

/* Whether each thread has run as long as is known, and no longer. */
static bool is_sum(struct thread_sums *sums, int64_t total_ns)
{
	/* Something was counted that is not in the total. */
	if (total_ns < sums->known_ns + sums->ended_ns)
		sums->ended_ns = 0;
	return total_ns == sums->known_ns + sums->ended_ns;
}

/* Reads the threads that are likely to have run. Returns how many, or -1 if there are too
 * many or one has ended. */
static ssize_t read_likely(struct thread_table *table, struct thread *const *threads,
			   size_t nr, struct thread **likely)
{
	size_t count = 0, most = nr / LIKELY_SHARE;

	for (size_t i = 0; i < nr; i++) {
		struct thread *thread = threads[i];

		if (i + AHEAD < nr)
			__builtin_prefetch(threads[i + AHEAD]);
		if (!is_likely(table, thread))
			continue;
		if (count == most || read_sched(table, thread) != 0)
			return -1;
		thread->slept &= thread->waits;
		thread->read_ahead = true;
		likely[count++] = thread;
	}
	return (ssize_t)count;
}

/*
 * Sets others_rest if no thread has run but those that are read here, and the total, unless
 * that was read before. Each thread that is known then was read after it.
 */
static void find_ran(struct thread_table *table, struct thread *const *threads, size_t nr)
{
	struct thread **likely = malloc((nr / LIKELY_SHARE + 1) * sizeof(*likely));
	ssize_t count = likely ? read_likely(table, threads, nr, likely) : -1;
	struct thread_sums *sums = &table->sums;
	bool hopeful = table->cpu_ns == 0, alive = count >= 0;
	int64_t total_ns = 0;

	for (int i = 0; i < (hopeful ? ROUNDS_HOPEFUL : ROUNDS) && alive; i++) {
		total_ns = clock_process_cpu_ns(table->kernel->process.pid);
		sums->others_rest = is_sum(sums, total_ns);
		if (sums->others_rest)
			break;
		alive = read_again(table, likely, (size_t)count);
	}
	if (hopeful || sums->others_rest)
		table->cpu_ns = total_ns;
	if (hopeful)
		sums->again_ns = 0;
	free(likely);
}

/*
 * If the total is unchanged, no thread has moved. The kernel adds to it when a thread
 * leaves a CPU and at each tick: a thread that woke up less than a tick ago is noticed by
 * the next sample. The kernel takes long to add up many threads, so that the total is not
 * read first if it is probably another one.
 */
void thread_table_begin(struct thread_table *table, struct thread *const *threads,
			size_t nr_threads)
{
	int64_t before_ns = table->cpu_ns;
	struct thread_sums *sums = &table->sums;
	bool hopeful = sums->others_rest && nr_threads >= LEAST_THREADS;

	kernel_share_futexes(table->kernel);
	table->generation++;
	table->reread_samples = nr_threads > THREAD_REREAD_SAMPLES * REREAD_THREADS
					? (uint32_t)(nr_threads / REREAD_THREADS)
					: THREAD_REREAD_SAMPLES;
	sums->before_ns = sums->at_ns;
	sums->at_ns = table->kernel->now_ns;
	sums->others_rest = sums->uncounted = table->rested = false;
	sums->again_ns = 0;
	table->cpu_ns = hopeful ? 0 : clock_process_cpu_ns(table->kernel->process.pid);
	if (hopeful ||
	    (table->cpu_ns && table->cpu_ns != before_ns && nr_threads >= LEAST_THREADS))
		find_ran(table, threads, nr_threads);
	table->rested = table->cpu_ns && table->cpu_ns == before_ns;
	table->rested_samples = table->rested ? table->rested_samples + 1 : 0;
}

/* If all threads were read after the total, each of them had run at most as long then: the
 * rest of it is of threads that have ended. */
void thread_table_end(struct thread_table *table, bool complete)
{
	struct thread_sums *sums = &table->sums;
	int64_t rest_ns = table->cpu_ns - (sums->known_ns - sums->again_ns);

	if (complete && table->cpu_ns && !table->rested && !sums->others_rest &&
	    !sums->uncounted && rest_ns > sums->ended_ns)
		sums->ended_ns = rest_ns;
}
