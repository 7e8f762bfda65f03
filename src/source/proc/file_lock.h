/* SPDX-License-Identifier: MIT */
/* Finds the holders of file locks. */
#ifndef SOURCE_PROC_FILE_LOCK_H
#define SOURCE_PROC_FILE_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/proc/process.h"

#define FILE_LOCKS_MAX 16

/* Locks of different kinds do not conflict, except those of POSIX and of open files. */
enum file_lock_kind {
	FILE_LOCK_UNKNOWN,
	FILE_LOCK_FLOCK,
	FILE_LOCK_POSIX,
	FILE_LOCK_OPEN_FILE, /* F_OFD_SETLKW */
};

struct file_lock {
	pid_t pid;       /* the process that took it; 0 if unknown */
	bool by_process; /* if not, every process that shares the file can release it */
};

/* The locks that one wait is for. */
struct file_locks {
	bool whole; /* the list is complete */
	size_t nr;
	struct file_lock
		list[FILE_LOCKS_MAX]; /* first the one whose queue the waiter is in */
};

/* Returns what kind of lock a thread waits for, by its system call. UNKNOWN if that
 * cannot be read or is another call. */
enum file_lock_kind file_lock_kind(const struct process *process, pid_t tid);
/* Finds the locks that keep this process waiting for one of that kind on the file with
 * this inode. Returns false if the kernel does not list such a wait. */
bool file_lock_holders(pid_t waiter, enum file_lock_kind kind, uint64_t inode,
		       struct file_locks *locks);

enum file_lock_answer { FILE_LOCK_NO, FILE_LOCK_YES, FILE_LOCK_MAYBE };
/* Returns whether the process holds, through a descriptor of the file that fd of the
 * waiter refers to, a lock that does not belong to one process alone. */
enum file_lock_answer file_lock_held(const struct process *process,
				     const struct process *waiter, int fd);

#endif
