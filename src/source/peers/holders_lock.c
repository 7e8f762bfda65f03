/* SPDX-License-Identifier: MIT */
/*
 * Finds the holders of a file lock. The kernel names the process that took it. For locks
 * that belong to an open file, it shows in each process whether that process has the open
 * file. Therefore a process that shares it is found too, and one that merely has the same
 * file open is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "source/peers/holders_private.h"
#include "source/proc/descriptors.h"
#include "source/proc/file_lock.h"

#define CHILDREN_BYTES 4096

/* A file, by a path through the waiting process and by inode number. */
struct locked {
	struct holders *holders;
	struct process waiter;
	int fd;
	uint64_t inode;
};

static enum file_lock_answer query_lock(const struct locked *file, pid_t pid)
{
	struct holders *holders = file->holders;
	struct process process = process_named(pid);
	enum file_lock_answer answer;

	for (size_t i = 0; i < holders->nr_answers; i++)
		if (holders->answers[i].pid == pid &&
		    holders->answers[i].inode == file->inode)
			return (enum file_lock_answer)holders->answers[i].answer;
	answer = file_lock_held(&process, &file->waiter, file->fd);
	if (holders->nr_answers < HOLDERS_ANSWERS)
		holders->answers[holders->nr_answers++] =
			(struct lock_answer){pid, file->inode, answer};
	return answer;
}

static bool has_pid(const struct peers_found *found, pid_t pid)
{
	for (size_t i = 0; i < found->nr_pids; i++)
		if (found->pids[i] == pid)
			return true;
	return false;
}

static void add_pid(struct peers_found *found, pid_t pid)
{
	if (has_pid(found, pid))
		return;
	if (found->nr_pids < ARRAY_COUNT(found->pids))
		found->pids[found->nr_pids++] = pid;
	else
		found->complete = false;
}

/* Adds the process if it shares the open file that the lock belongs to. */
static void add_sharer(struct peers_found *found, pid_t pid, const struct locked *file)
{
	enum file_lock_answer answer;

	if (has_pid(found, pid))
		return;
	answer = query_lock(file, pid);
	if (answer == FILE_LOCK_YES)
		add_pid(found, pid);
	found->complete &= answer != FILE_LOCK_MAYBE;
}

/* The process that took the lock has usually passed it only to its children, if to
 * any. */
static void add_children(struct peers_found *found, pid_t pid, const struct locked *file)
{
	struct process process = process_named(pid);
	char text[CHILDREN_BYTES], *save = NULL;

	if (process_thread_text(&process, pid, THREAD_CHILDREN, text, sizeof(text)) <= 0)
		return;
	for (char *word = strtok_r(text, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		add_sharer(found, proc_parse_pid(word), file);
}

/* Adds the processes that the kernel names. Returns true if other processes may hold a
 * lock too. */
static bool add_named(struct peers_found *found, const struct file_locks *locks,
		      const struct locked *file)
{
	bool shared = false;

	for (size_t i = 0; i < locks->nr; i++) {
		const struct file_lock *lock = &locks->list[i];

		shared |= !lock->by_process;
		if (lock->by_process) {
			add_pid(found, lock->pid);
			continue;
		}
		/* The process may have passed the lock on and ended, and its pid may have
		 * been reused. */
		if (!lock->pid || query_lock(file, lock->pid) == FILE_LOCK_NO)
			continue;
		add_pid(found, lock->pid);
		add_children(found, lock->pid, file);
	}
	return shared;
}

void holders_of_lock(struct holders *holders, pid_t pid, const struct task *task,
		     struct peers_found *found)
{
	int fd = task->waits.fd;
	struct peers_found open = {0};
	struct file_locks locks;
	struct locked file = {.holders = holders, .waiter = process_named(pid), .fd = fd};
	struct stat st;

	memset(found, 0, sizeof(*found));
	if (!process_fd_stat(&file.waiter, fd, &st) ||
	    !file_lock_holders(pid, file_lock_kind(&file.waiter, task->tid), st.st_ino,
			       &locks))
		return;
	file.inode = st.st_ino;
	found->complete = locks.whole;
	if (!add_named(found, &locks, &file))
		return;
	/* Any other holder has the file open. */
	peers_find(holders->peers, pid, fd, false, &open);
	found->complete &= open.complete;
	for (size_t i = 0; i < open.nr_pids; i++)
		add_sharer(found, open.pids[i], &file);
}
