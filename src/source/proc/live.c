/* SPDX-License-Identifier: MIT */
/* Paths below /proc. A process that is open is read relative to its directories, which
 * never lead to another process that gets the same id; one that is only named is looked
 * up by id each time. */
#include "source/proc/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fdio.h"

struct process process_named(pid_t pid)
{
	return (struct process){.pid = pid, .alive = pid, .dir = -1, .tasks = -1};
}

struct process process_self(void)
{
	const pid_t pid = getpid();

	return (struct process){
		.pid = pid, .alive = pid, .own = true, .dir = -1, .tasks = -1};
}

int live_at(const struct process *process, const char *name, char path[LIVE_PATH_MAX])
{
	if (process->dir > 0) {
		snprintf(path, LIVE_PATH_MAX, "%s", name);
		return process->dir;
	}
	live_path(process, name, path);
	return AT_FDCWD;
}

int live_thread_at(const struct process *process, pid_t tid, const char *name,
		   char path[LIVE_PATH_MAX])
{
	char inside[LIVE_PATH_MAX - 16];

	/* A sample makes thousands of these paths. */
	if (process->tasks > 0) {
		if (name)
			snprintf(path, LIVE_PATH_MAX, "%d/%s", (int)tid, name);
		else
			snprintf(path, LIVE_PATH_MAX, "%d", (int)tid);
		return process->tasks;
	}
	snprintf(inside, sizeof(inside), "task/%d%s%s", (int)tid, name ? "/" : "",
		 name ? name : "");
	if (process->own)
		snprintf(path, LIVE_PATH_MAX, "/proc/self/%s", inside);
	else
		snprintf(path, LIVE_PATH_MAX, "/proc/%d/%s", (int)process->pid, inside);
	return AT_FDCWD;
}

void live_path(const struct process *process, const char *name, char path[LIVE_PATH_MAX])
{
	if (process->own)
		snprintf(path, LIVE_PATH_MAX, "/proc/self/%s", name);
	else
		snprintf(path, LIVE_PATH_MAX, "/proc/%d/%s", (int)process->alive, name);
}

int live_open(const struct process *process, const char *name, int flags)
{
	char path[LIVE_PATH_MAX];
	int dir = live_at(process, name, path);

	return openat(dir, path, flags | O_CLOEXEC);
}

bool live_stat(const struct process *process, const char *name, struct stat *out)
{
	char path[LIVE_PATH_MAX];
	int dir = live_at(process, name, path);

	return fstatat(dir, path, out, 0) == 0;
}

ssize_t live_text(const struct process *process, const char *name, char *out, size_t size)
{
	char path[LIVE_PATH_MAX];
	int dir = live_at(process, name, path);

	return fdio_read_small(dir, path, out, size);
}

ssize_t live_link(const struct process *process, const char *name, char *out, size_t size)
{
	char path[LIVE_PATH_MAX];
	int dir = live_at(process, name, path);
	ssize_t got = readlinkat(dir, path, out, size - 1);

	out[got > 0 ? got : 0] = '\0';
	return got < 0 ? -errno : got;
}

ssize_t live_memory(pid_t pid, const struct iovec *local, const struct iovec *remote,
		    size_t nr)
{
	ssize_t got = process_vm_readv(pid, local, nr, remote, nr, 0);

	return got < 0 ? -errno : got;
}
