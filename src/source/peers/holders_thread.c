/* SPDX-License-Identifier: MIT */
/* Finds the thread of another process that serves the other end of a pipe or socket: the
 * one that waits on it directly or through an epoll instance that contains it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "source/peers/holders_private.h"

#define FDINFO_MAX  4096u
#define EPOLLED_MAX 64u /* descriptors of one epoll instance that are checked */

static bool leads_to(pid_t pid, int fd, const char *link)
{
	char path[48], is[PEERS_LINK_MAX];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	got = readlink(path, is, sizeof(is) - 1);
	if (got <= 0)
		return false;
	is[got] = '\0';
	return strcmp(is, link) == 0;
}

static bool epoll_has(pid_t pid, int fd, const char *link)
{
	char path[48], info[FDINFO_MAX];
	size_t looked = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	if (fdio_read_small(AT_FDCWD, path, info, sizeof(info)) <= 0)
		return false;
	for (const char *at = info; (at = strstr(at, "tfd:")); at += 4)
		if (looked++ < EPOLLED_MAX && leads_to(pid, atoi(at + 4), link))
			return true;
	return false;
}

pid_t holders_thread(struct holders *holders, pid_t pid, const struct task *task,
		     const struct other_process *process)
{
	char link[PEERS_LINK_MAX];
	size_t nr_threads = 0;

	for (size_t i = 0; i < holders->nr_others; i++)
		nr_threads += holders->others[i].process == process;
	if (nr_threads < 2 || !peers_other_end(holders->peers, pid, task->waits.fd, link))
		return 0;
	for (size_t i = 0; i < holders->nr_others; i++) {
		const struct other_task *other = &holders->others[i];
		int fd = other->task.waits.fd;

		if (other->process != process || fd < 0 ||
		    holders->nr_probes++ >= HOLDERS_PROBES)
			continue;
		if (leads_to(process->pid, fd, link) ||
		    (other->task.state == STATE_POLL &&
		     epoll_has(process->pid, fd, link)))
			return other->task.tid;
	}
	return 0;
}
