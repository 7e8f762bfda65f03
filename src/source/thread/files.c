/* SPDX-License-Identifier: MIT */
/* Keeps files of threads open, within the limit of descriptors. */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fdio.h"
#include "source/thread/private.h"

#define FDS_FOR_OTHERS 256u
#define FDS_MAX        200000u
#define FDS_EACH       6u
/* Threads that changed in this many consecutive samples keep their files open. */
#define CHANGES_KEEP   2u

void thread_files_init(struct thread_table *table)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > FDS_FOR_OTHERS)
		table->max_fds = limit.rlim_cur - FDS_FOR_OTHERS;
	if (table->max_fds > FDS_MAX)
		table->max_fds = FDS_MAX;
}

/* Raises the soft limit of descriptors once, when more threads exist than it lets us keep
 * open. */
static void raise_limit(struct thread_table *table)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max < FDS_MAX + FDS_FOR_OTHERS
				 ? limit.rlim_max
				 : FDS_MAX + FDS_FOR_OTHERS;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		table->max_fds = limit.rlim_cur - FDS_FOR_OTHERS;
}

static void close_kept(struct thread_table *table, int *kept)
{
	if (*kept < 0)
		return;
	close(*kept);
	table->nr_fds--;
	*kept = -1;
}

void thread_close_files(struct thread_table *table, struct thread *thread)
{
	close_kept(table, &thread->sched_fd);
	close_kept(table, &thread->stat_fd);
	close_kept(table, &thread->call_fd);
}

/* A missing file means that the thread has ended. */
static ssize_t gone_if_missing(ssize_t got)
{
	return got == -ENOENT ? -ESRCH : got;
}

/* Processes that are watched together share the descriptors, of which each needs a few for
 * itself. */
static size_t fds_share(const struct thread_table *table)
{
	size_t beside = table->kernel->beside ? *table->kernel->beside : 0;

	if (beside < 2)
		return table->max_fds;
	return table->max_fds / beside > FDS_EACH ? table->max_fds / beside - FDS_EACH
						  : 0;
}

ssize_t thread_read_file(struct thread_table *table, struct thread *thread, int *kept,
			 enum process_thread_text which, char *out, size_t size)
{
	bool often = kept == &thread->sched_fd || thread->changes >= CHANGES_KEEP;
	const struct process *process = &table->kernel->process;

	if (*kept >= 0)
		return fdio_pread_small(*kept, out, size);
	if (!often)
		return gone_if_missing(
			process_thread_text(process, thread->tid, which, out, size));
	if (table->nr_fds >= fds_share(table))
		raise_limit(table);
	if (table->nr_fds >= fds_share(table))
		return gone_if_missing(
			process_thread_text(process, thread->tid, which, out, size));
	int fd = process_thread_text_open(process, thread->tid, which);

	if (fd < 0) {
		if (fd == -EMFILE)
			table->max_fds = table->nr_fds;
		return gone_if_missing(fd);
	}
	ssize_t got = fdio_pread_small(fd, out, size);

	if (got < 0) {
		close(fd);
		return got;
	}
	*kept = fd;
	table->nr_fds++;
	return got;
}
