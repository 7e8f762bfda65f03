/* SPDX-License-Identifier: MIT */
/* Holders of file locks. */
#ifndef SOURCE_FILE_LOCK_H
#define SOURCE_FILE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct file_lock {
	pid_t pid;       /* who took it; 0: not known */
	bool by_process; /* else everybody who shares the open file can release it */
};

/* Locks of different kinds do not wait for each other, but those of POSIX and of open files. */
enum file_lock_kind {
	FILE_LOCK_UNKNOWN,
	FILE_LOCK_FLOCK,
	FILE_LOCK_POSIX,
	FILE_LOCK_OPEN_FILE, /* F_OFD_SETLKW */
};

/* What a thread waits for, by its system call. UNKNOWN: that cannot be read, or is none. */
enum file_lock_kind file_lock_kind(pid_t pid, pid_t tid);
/* What keeps this process waiting for such a lock on the file with this inode. */
bool file_lock_holder(pid_t waiter, enum file_lock_kind kind, uint64_t inode,
		      struct file_lock *lock);

#endif
