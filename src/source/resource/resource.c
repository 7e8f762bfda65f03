/* SPDX-License-Identifier: MIT */
/* Reads the totals of a process: memory, threads, descriptors, children, CPU. Takes
 * some tens of microseconds, even with many threads. The breakdown is in fds.c and
 * limits.c. Not by libproc2, which
 * names a process by its id alone and has no counts of descriptors and children. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/proc/descriptors.h"
#include "source/resource/resource.h"

#define CHILDREN_PER_POLL 16u
#define CHILDREN_TEXT_MAX 16384u
/* The kernel adds up the CPU time of all threads. */
#define STAT_MANY_THREADS 2000
#define STAT_EVERY_NS     (4 * CLOCK_SECOND_NS)
#define CPU_WINDOW_NS     (CLOCK_SECOND_NS / 4)

void resource_init(struct resource_reader *reader, struct kernel *kernel)
{
	memset(reader, 0, sizeof(*reader));
	reader->kernel = kernel;
	reader->cpu_percent = -1;
	reader->children = -1;
	reader->hz = sysconf(_SC_CLK_TCK);
	resource_details_init(&reader->details);
}

static int64_t children_of(struct kernel *kernel, pid_t tid)
{
	char text[CHILDREN_TEXT_MAX];
	int64_t count = 0;

	if (process_thread_text(&kernel->process, tid, THREAD_CHILDREN, text,
				sizeof(text)) <= 0)
		return 0;
	for (const char *at = text; *at; at++)
		count += *at == ' ';
	return count;
}

/* A child belongs to the thread that created it. Processes with many threads are counted
 * in rounds; until the first round is complete, the partial sum is shown. */
static void count_children(struct resource_reader *reader, const pid_t *tids,
			   size_t nr_tids)
{
	size_t most = CHILDREN_PER_POLL / kernel_patience(reader->kernel);

	most += most == 0;
	if (!tids || nr_tids == 0) {
		if (!reader->child_round_done)
			reader->children =
				children_of(reader->kernel, reader->kernel->process.pid);
		return;
	}
	for (size_t i = 0; i < most && reader->child_cursor < nr_tids; i++)
		reader->child_sum +=
			children_of(reader->kernel, tids[reader->child_cursor++]);
	if (!reader->child_round_done)
		reader->children = reader->child_sum;
	if (reader->child_cursor < nr_tids)
		return;
	reader->children = reader->child_sum;
	reader->child_round_done = true;
	reader->child_sum = 0;
	reader->child_cursor = 0;
}

static int read_stat(struct resource_reader *reader, int64_t threads, struct err *e)
{
	struct kernel *kernel = reader->kernel;
	int64_t elapsed_ns = kernel->now_ns - reader->cpu_at_ns;
	bool many = threads > STAT_MANY_THREADS;
	struct proc_stat stat;
	long hz = reader->hz;

	reader->executed = false;
	if (reader->cpu_at_ns && many && elapsed_ns < STAT_EVERY_NS)
		return 0;
	int rc = many ? process_stat_many(&kernel->process, &stat) : -ENOSYS;

	if (rc != 0)
		rc = process_stat(&kernel->process, &stat);

	/* The first thread, or the one read in its place, has ended. */
	if ((rc != 0 || stat.state == 'Z' || stat.state == 'X') && threads > 0 &&
	    process_move(&kernel->process))
		rc = process_stat(&kernel->process, &stat);
	if (rc != 0 || proc_has_ended(&stat))
		return err_set(e, ERR_GONE, "process %d has ended",
			       (int)kernel->process.pid);
	reader->executed = reader->start_stack && stat.start_stack &&
			   stat.start_stack != reader->start_stack;
	reader->stopped = stat.state == 'T' || stat.state == 't';
	/* It is briefly 0 during exec(). */
	if (stat.start_stack)
		reader->start_stack = stat.start_stack;
	if (reader->cpu_at_ns && elapsed_ns < CPU_WINDOW_NS)
		return 0;
	if (reader->cpu_at_ns && hz > 0 && stat.cpu_ticks >= reader->cpu_ticks)
		reader->cpu_percent = 100.0 *
				      (double)(stat.cpu_ticks - reader->cpu_ticks) /
				      (double)hz * 1e9 / (double)elapsed_ns;
	reader->cpu_ticks = stat.cpu_ticks;
	reader->cpu_at_ns = kernel->now_ns;
	return 0;
}

int resource_read(struct resource_reader *reader, const pid_t *tids, size_t nr_tids,
		  struct snapshot *out, struct err *e)
{
	struct resources *resources = &out->resources;
	struct kernel *kernel = reader->kernel;
	int64_t page_bytes = sysconf(_SC_PAGESIZE);
	char text[128];
	long long pages;

	resources->threads = process_thread_count(&kernel->process);
	if (resources->threads < 0)
		return err_set(e, ERR_GONE, "process %d has ended",
			       (int)kernel->process.pid);
	int rc = read_stat(reader, resources->threads, e);

	if (rc)
		return rc;
	resources->cpu_percent = reader->cpu_percent;
	resources->rss_bytes = -1;
	if (process_text(&kernel->process, PROCESS_STATM, text, sizeof(text)) > 0 &&
	    sscanf(text, "%*s %lld", &pages) == 1 && pages >= 0 &&
	    pages <= INT64_MAX / page_bytes)
		resources->rss_bytes = pages * page_bytes;
	resources->fds = kernel->denied ? -1 : process_fd_count(&kernel->process);
	count_children(reader, tids, nr_tids);
	resources->children = reader->children;
	resource_details_read(&reader->details, kernel, resources);
	return 0;
}
