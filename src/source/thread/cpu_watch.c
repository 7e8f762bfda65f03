/* SPDX-License-Identifier: MIT */
/*
 * While a thread runs, the kernel records the time of its CPU's clock at every timer tick
 * and whenever the thread is scheduled. If two reads return different times, the
 * recording happened between them. Only reads; bounded, and never uses more than one CPU.
 */
#include "source/thread/cpu_watch.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "source/proc/procfs.h"

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
	int proc;
	struct runner runners[RUNNERS_MAX];
	size_t nr_runners;
	struct group groups[PROCESSES_MAX];
	size_t nr_groups;
	size_t nr_threads; /* examined */
};

static bool read_stat(int proc, pid_t pid, pid_t tid, struct proc_stat *stat)
{
	char path[48], text[PROC_TEXT_MAX];

	snprintf(path, sizeof(path), "%d/task/%d/stat", (int)pid, (int)tid);
	ssize_t got = fdio_read_small(proc, path, text, sizeof(text));

	return got > 0 && proc_parse_stat(text, (size_t)got, stat);
}

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
	int fd = openat(finder->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	struct proc_stat stat;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) && clock_mono_ns() < until_ns) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0])
				    ? proc_parse_pid(entry->d_name)
				    : 0;

		if (pid <= 0 || pid == getpid() ||
		    !read_stat(finder->proc, pid, pid, &stat))
			continue;
		add_runner(finder, pid, &stat);
		if (stat.threads > 1 && finder->nr_groups < PROCESSES_MAX)
			finder->groups[finder->nr_groups++] =
				(struct group){pid, clock_process_cpu_ns(pid)};
	}
	closedir(dir);
}

/* Finds threads of those processes that have used CPU time since find_processes(). */
static void find_threads(struct finder *finder, int64_t until_ns)
{
	struct proc_stat stat;
	char path[32];

	clock_sleep_ns(TICK_NS);
	for (size_t i = 0; i < finder->nr_groups && clock_mono_ns() < until_ns; i++) {
		pid_t pid = finder->groups[i].pid, *tids = NULL;
		size_t capacity = 0;

		if (clock_process_cpu_ns(pid) <= finder->groups[i].used_ns)
			continue;
		snprintf(path, sizeof(path), "%d/task", (int)pid);
		int dir = openat(finder->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ssize_t count = dir >= 0 ? proc_list_threads(dir, &tids, &capacity) : 0;

		for (ssize_t t = 0; t < count && finder->nr_threads++ < THREADS_MAX; t++)
			if (tids[t] != pid &&
			    read_stat(finder->proc, pid, tids[t], &stat))
				add_runner(finder, pid, &stat);
		free(tids);
		if (dir >= 0)
			close(dir);
	}
}

/* The recorded time differs from the previous read, so it was recorded after that
 * read. */
static void note_change(struct finder *finder, struct runner *runner, int64_t ran_ns,
			int64_t after_ns)
{
	struct cpu_watch *watch = runner->watch;
	int64_t width_ns = after_ns - runner->read_ns;
	struct proc_stat stat;

	if (watch->seen && width_ns >= watch->width_ns)
		return;
	runner->moved = !read_stat(finder->proc, runner->pid, runner->tid, &stat) ||
			stat.cpu != watch->cpu;
	if (runner->moved)
		return;
	watch->seen = true;
	watch->width_ns = width_ns;
	watch->most_ns = after_ns - ran_ns;
	watch->known = width_ns <= WIDTH_ENOUGH_NS;
}

static void read_runner(struct finder *finder, struct runner *runner)
{
	char path[48];
	int64_t before_ns = clock_mono_ns();

	snprintf(path, sizeof(path), "%d/task/%d/sched", (int)runner->pid,
		 (int)runner->tid);
	int64_t ran_ns = proc_exec_start_ns(finder->proc, path);

	if (ran_ns <= 0) {
		runner->moved = true;
		return;
	}
	if (runner->ran_ns && runner->ran_ns != ran_ns)
		note_change(finder, runner, ran_ns, clock_mono_ns());
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
		read_runner(finder, runner);
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
	finder->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (finder->proc >= 0 && clock_mono_ns() < until_ns) {
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
	if (finder->proc >= 0)
		close(finder->proc);
	free(finder);
}
