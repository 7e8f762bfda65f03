/* SPDX-License-Identifier: MIT */
/* Holders of file locks. */
#ifndef SOURCE_PROC_FILE_LOCK_H
#define SOURCE_PROC_FILE_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/proc/process.h"

#define FILE_LOCKS_MAX 16

/* Locks of different kinds do not wait for each other, but those of POSIX and of open files. */
enum file_lock_kind {
	FILE_LOCK_UNKNOWN,
	FILE_LOCK_FLOCK,
	FILE_LOCK_POSIX,
	FILE_LOCK_OPEN_FILE, /* F_OFD_SETLKW */
};

struct file_lock {
	pid_t pid;       /* who took it; 0: not known */
	bool by_process; /* else everybody who shares the open file can release it */
};

/* What one wait is for. */
struct file_locks {
	bool whole; /* these are all */
	size_t nr;
	struct file_lock
		list[FILE_LOCKS_MAX]; /* the one that the kernel queues it at first */
};

/* What a thread waits for, by its system call. UNKNOWN: that cannot be read, or is none. */
enum file_lock_kind file_lock_kind(const struct process *process, pid_t tid);
/* What keeps this process waiting for such a lock on the file with this inode, as the kernel
 * says. False: it does not. */
bool file_lock_holders(pid_t waiter, enum file_lock_kind kind, uint64_t inode,
		       struct file_locks *locks);

enum file_lock_answer { FILE_LOCK_NO, FILE_LOCK_YES, FILE_LOCK_MAYBE };
/* Whether a process has a descriptor of the file that fd of the waiter leads to, through which
 * a lock is held that does not belong to one process alone. */
enum file_lock_answer file_lock_held(const struct process *process,
				     const struct process *waiter, int fd);

#endif
