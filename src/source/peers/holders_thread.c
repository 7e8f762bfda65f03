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

/* The tasks of a member follow each other, in the order of the members. */
static void tasks_of(const struct snapshot *snapshot, pid_t pid, size_t *from, size_t *to)
{
	size_t low = 0, high = snapshot->nr_tasks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (snapshot->tasks[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	*from = *to = low;
	while (*to < snapshot->nr_tasks && snapshot->tasks[*to].pid == pid)
		++*to;
}

/* Returns the thread with this number, or NULL if it is of another process. */
static const struct task *thread_of(const struct holders *holders,
				    const struct snapshot *snapshot, size_t at, pid_t pid)
{
	const struct other_task *other;

	if (at < snapshot->nr_tasks)
		return snapshot->tasks[at].kind == TASK_THREAD ? &snapshot->tasks[at]
							       : NULL;
	other = &holders->others[at - snapshot->nr_tasks];
	return other->process->pid == pid ? &other->task : NULL;
}

pid_t holders_thread(struct holders *holders, const struct snapshot *snapshot, pid_t pid,
		     const struct task *task, pid_t other)
{
	size_t from = snapshot->nr_tasks, to = from + holders->nr_others;
	struct process named = process_named(other);
	char link[PEERS_LINK_MAX];
	size_t nr_threads = 0;

	if (snapshot_member(snapshot, other))
		tasks_of(snapshot, other, &from, &to);
	for (size_t i = from; i < to && nr_threads < 2; i++)
		nr_threads += thread_of(holders, snapshot, i, other) != NULL;
	if (nr_threads < 2 || !peers_other_end(holders->peers, pid, task->waits.fd, link))
		return 0;
	for (size_t i = from; i < to; i++) {
		const struct task *thread = thread_of(holders, snapshot, i, other);
		int fd = thread ? thread->waits.fd : -1;

		if (fd < 0 || holders->nr_probes++ >= HOLDERS_PROBES)
			continue;
		if (leads_to(&named, fd, link) ||
		    (thread->state == STATE_POLL && epoll_has(&named, fd, link)))
			return thread->tid;
	}
	return 0;
}
