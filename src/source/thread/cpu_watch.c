/* SPDX-License-Identifier: MIT */
/*
 * While a thread runs, the kernel records the time of its CPU's clock at every timer tick
 * and whenever the thread is scheduled. If two reads return different times, the
 * recording happened between them. Only reads; bounded, and never uses more than one CPU.
 */
#include "source/thread/cpu_watch.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/proc/process.h"

#define RUNNERS_MAX     (CPU_WATCHES_MAX * 4)
#define RUNNERS_PER_CPU 8u
#define PROCESSES_MAX   4096u
#define THREADS_MAX     4096u
/* Every tick is recorded, and the slowest timer runs at 100 Hz. */
#define TICK_NS         (10 * CLOCK_MS_NS)
#define ROUND_NS        (4 * TICK_NS)
#define WIDTH_ENOUGH_NS CLOCK_MS_NS
#define WIDTH_MOST_NS   (4 * CLOCK_MS_NS)

struct runner {
	pid_t pid, tid;
	struct cpu_watch *watch;
	int64_t ran_ns;  /* by the CPU's clock; 0 until read */
	int64_t read_ns; /* lower bound of the time of that read */
	bool moved;
};

/* A process with several threads, any of which may be running. */
struct group {
	pid_t pid;
	int64_t used_ns;
};

struct finder {
	struct cpu_watch *watched;
	size_t nr_watched;
	struct runner runners[RUNNERS_MAX];
	size_t nr_runners;
	struct group groups[PROCESSES_MAX];
	size_t nr_groups;
	size_t nr_threads; /* examined */
};

static size_t count_runners(const struct finder *finder, const struct cpu_watch *watch)
{
	size_t count = 0;

	for (size_t i = 0; i < finder->nr_runners; i++)
		count += finder->runners[i].watch == watch && !finder->runners[i].moved;
	return count;
}

static void add_runner(struct finder *finder, pid_t pid, const struct proc_stat *stat)
{
	for (size_t i = 0; stat->state == 'R' && i < finder->nr_watched; i++) {
		struct cpu_watch *watch = &finder->watched[i];

		if (watch->cpu != stat->cpu || watch->known ||
		    finder->nr_runners == RUNNERS_MAX ||
		    count_runners(finder, watch) >= RUNNERS_PER_CPU)
			continue;
		finder->runners[finder->nr_runners++] =
			(struct runner){.pid = pid, .tid = stat->pid, .watch = watch};
	}
}

static bool all_have_runners(const struct finder *finder)
{
	for (size_t i = 0; i < finder->nr_watched; i++)
		if (!finder->watched[i].known &&
		    count_runners(finder, &finder->watched[i]) == 0)
			return false;
	return true;
}

static void find_processes(struct finder *finder, int64_t until_ns)
{
	struct process_list list;
	struct process process;
	struct proc_stat stat;

	if (!process_list_open(&list))
		return;
	while (clock_mono_ns() < until_ns && process_list_next(&list, &process)) {
		if (process.pid == getpid() ||
		    process_thread_stat(&process, process.pid, &stat) != 0)
			continue;
		add_runner(finder, process.pid, &stat);
		if (stat.threads > 1 && finder->nr_groups < PROCESSES_MAX)
			finder->groups[finder->nr_groups++] = (struct group){
				process.pid, clock_process_cpu_ns(process.pid)};
	}
	process_list_close(&list);
}

/* Finds threads of those processes that have used CPU time since find_processes(). */
static void find_threads(struct finder *finder, int64_t until_ns)
{
	struct proc_stat stat;

	clock_sleep_ns(TICK_NS);
	for (size_t i = 0; i < finder->nr_groups && clock_mono_ns() < until_ns; i++) {
		struct process process = process_named(finder->groups[i].pid);
		pid_t pid = process.pid, *tids = NULL;
		size_t capacity = 0;

		if (clock_process_cpu_ns(pid) <= finder->groups[i].used_ns)
			continue;
		ssize_t count = process_threads(&process, &tids, &capacity);

		for (ssize_t t = 0; t < count && finder->nr_threads++ < THREADS_MAX; t++)
			if (tids[t] != pid &&
			    process_thread_stat(&process, tids[t], &stat) == 0)
				add_runner(finder, pid, &stat);
		free(tids);
	}
}

/* The recorded time differs from the previous read, so it was recorded after that
 * read. */
static void note_change(struct runner *runner, int64_t ran_ns, int64_t after_ns)
{
	struct cpu_watch *watch = runner->watch;
	int64_t width_ns = after_ns - runner->read_ns;
	struct process process = process_named(runner->pid);
	struct proc_stat stat;

	if (watch->seen && width_ns >= watch->width_ns)
		return;
	runner->moved = process_thread_stat(&process, runner->tid, &stat) != 0 ||
			stat.cpu != watch->cpu;
	if (runner->moved)
		return;
	watch->seen = true;
	watch->width_ns = width_ns;
	watch->most_ns = after_ns - ran_ns;
	watch->known = width_ns <= WIDTH_ENOUGH_NS;
}

static void read_runner(struct runner *runner)
{
	struct process process = process_named(runner->pid);
	int64_t before_ns = clock_mono_ns();
	int64_t ran_ns = process_thread_exec_start_ns(&process, runner->tid);

	if (ran_ns <= 0) {
		runner->moved = true;
		return;
	}
	if (runner->ran_ns && runner->ran_ns != ran_ns)
		note_change(runner, ran_ns, clock_mono_ns());
	runner->ran_ns = ran_ns;
	runner->read_ns = before_ns;
}

/* Returns true if there is more to learn from these runners. */
static bool read_runners(struct finder *finder)
{
	bool left = false;

	for (size_t i = 0; i < finder->nr_runners; i++) {
		struct runner *runner = &finder->runners[i];

		if (runner->moved || runner->watch->known)
			continue;
		read_runner(runner);
		left |= !runner->moved && !runner->watch->known;
	}
	return left;
}

void cpu_watch_run(struct cpu_watch *watched, size_t nr, int64_t until_ns)
{
	struct finder *finder = calloc(1, sizeof(*finder));

	if (!finder)
		return;
	finder->watched = watched;
	finder->nr_watched = nr;
	while (clock_mono_ns() < until_ns) {
		finder->nr_runners = finder->nr_groups = finder->nr_threads = 0;
		find_processes(finder, until_ns);
		if (!all_have_runners(finder))
			find_threads(finder, until_ns);
		if (finder->nr_runners == 0)
			break;
		int64_t round_ns = clock_mono_ns() + ROUND_NS;

		while (read_runners(finder) && clock_mono_ns() < round_ns)
			;
		if (all_have_runners(finder) && !read_runners(finder))
			break;
	}
	for (size_t i = 0; i < nr; i++)
		watched[i].known |=
			watched[i].seen && watched[i].width_ns <= WIDTH_MOST_NS;
	free(finder);
}
