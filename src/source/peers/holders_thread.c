/* SPDX-License-Identifier: MIT */
/* Finds the thread of another process that serves the other end of a pipe or socket: the
 * one that waits on it directly or through an epoll instance that contains it. */
#include <stdlib.h>
#include <string.h>

#include "source/peers/holders_private.h"
#include "source/proc/descriptors.h"

#define FDINFO_MAX  4096u
#define EPOLLED_MAX 64u /* descriptors of one epoll instance that are checked */

static bool leads_to(const struct process *process, int fd, const char *link)
{
	char is[PEERS_LINK_MAX];

	return process_fd_link(process, fd, is, sizeof(is)) > 0 && strcmp(is, link) == 0;
}

static bool epoll_has(const struct process *process, int fd, const char *link)
{
	char info[FDINFO_MAX];
	size_t looked = 0;

	if (process_fd_info(process, fd, info, sizeof(info)) <= 0)
		return false;
	for (const char *at = info; (at = strstr(at, "tfd:")); at += 4)
		if (looked++ < EPOLLED_MAX && leads_to(process, atoi(at + 4), link))
			return true;
	return false;
}

pid_t holders_thread(struct holders *holders, pid_t pid, const struct task *task,
		     const struct other_process *process)
{
	struct process named = process_named(process->pid);
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
		if (leads_to(&named, fd, link) ||
		    (other->task.state == STATE_POLL && epoll_has(&named, fd, link)))
			return other->task.tid;
	}
	return 0;
}
