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

/* What keeps this process waiting for a lock on the file with this inode. */
bool file_lock_holder(pid_t waiter, uint64_t inode, struct file_lock *lock);

#endif
