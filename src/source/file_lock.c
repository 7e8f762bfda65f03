/* SPDX-License-Identifier: MIT */
/* Who holds the lock on a file that a process waits for, from /proc/locks: a line for each
 * lock, and below it lines with an arrow for those who wait for it. */
#include "source/file_lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"

#define LOCKS_MAX_BYTES (4u << 20)

struct lock_line {
	bool waits;
	bool posix;
	pid_t pid; /* -1: the lock belongs to an open file, not to a process */
	uint64_t inode;
};

/* "1: POSIX  ADVISORY  WRITE 1234 fd:01:5678 0 EOF", "1: -> FLOCK  ADVISORY …" */
static bool parse_line(const char *line, struct lock_line *out)
{
	char type[16];
	int pid;

	line = strchr(line, ':');
	if (!line)
		return false;
	line += 1 + strspn(line + 1, " ");
	out->waits = strncmp(line, "-> ", 3) == 0;
	if (out->waits)
		line += 3;
	if (sscanf(line, "%15s %*s %*s %d %*x:%*x:%" SCNu64, type, &pid, &out->inode) !=
	    3)
		return false;
	out->posix = strcmp(type, "POSIX") == 0;
	out->pid = pid;
	return true;
}

bool file_lock_holder(pid_t waiter, uint64_t inode, struct file_lock *lock)
{
	struct lock_line line, holder = {0};
	bool found = false;
	char *save = NULL;
	struct buf text;

	buf_init(&text, LOCKS_MAX_BYTES);
	if (fdio_read_file("/proc/locks", &text, LOCKS_MAX_BYTES, NULL) == 0 &&
	    text.length) {
		for (char *at = strtok_r(text.bytes, "\n", &save); at && !found;
		     at = strtok_r(NULL, "\n", &save)) {
			if (!parse_line(at, &line))
				continue;
			if (!line.waits)
				holder = line;
			else
				/* Who waits for a lock of an open file has no id there. */
				found = (line.pid == waiter || line.pid == -1) &&
					line.inode == inode && holder.inode == inode;
		}
	}
	buf_release(&text);
	lock->pid = holder.pid > 0 ? holder.pid : 0;
	lock->by_process = holder.posix && holder.pid > 0;
	return found;
}
