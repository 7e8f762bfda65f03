/* SPDX-License-Identifier: MIT */
/* Who holds the lock on a file that a process waits for, from /proc/locks: a line for each
 * lock, and below it lines with an arrow for those who wait for it. */
#include "source/file_lock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/fdio.h"
#include "source/procfs.h"

#define LOCKS_MAX_BYTES (4u << 20)

struct lock_line {
	bool waits;
	enum file_lock_kind kind;
	pid_t pid; /* -1: the lock belongs to an open file, not to a process */
	uint64_t inode;
};

static enum file_lock_kind kind_of(const char *type)
{
	if (strcmp(type, "FLOCK") == 0)
		return FILE_LOCK_FLOCK;
	if (strcmp(type, "POSIX") == 0)
		return FILE_LOCK_POSIX;
	return strcmp(type, "OFDLCK") == 0 ? FILE_LOCK_OPEN_FILE : FILE_LOCK_UNKNOWN;
}

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
	out->kind = kind_of(type);
	out->pid = pid;
	return true;
}

enum file_lock_kind file_lock_kind(pid_t pid, pid_t tid)
{
	char path[48], text[256];
	struct proc_call call;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
	if (fdio_read_small(-1, path, text, sizeof(text)) <= 0 ||
	    !proc_parse_call(text, &call) || call.running)
		return FILE_LOCK_UNKNOWN;
	if (call.nr == SYS_flock)
		return FILE_LOCK_FLOCK;
	if (call.nr != SYS_fcntl)
		return FILE_LOCK_UNKNOWN;
	return call.args[1] == F_OFD_SETLKW ? FILE_LOCK_OPEN_FILE : FILE_LOCK_POSIX;
}

/* A line with an arrow. Who waits for a lock of an open file has no id there. */
static bool is_wait_of(const struct lock_line *line, pid_t waiter,
		       enum file_lock_kind kind, uint64_t inode)
{
	return line->inode == inode && (line->pid == waiter || line->pid == -1) &&
	       (kind == FILE_LOCK_UNKNOWN || line->kind == kind);
}

bool file_lock_holder(pid_t waiter, enum file_lock_kind kind, uint64_t inode,
		      struct file_lock *lock)
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
				found = is_wait_of(&line, waiter, kind, inode) &&
					holder.inode == inode;
		}
	}
	buf_release(&text);
	lock->pid = holder.pid > 0 ? holder.pid : 0;
	lock->by_process = holder.kind == FILE_LOCK_POSIX && holder.pid > 0;
	return found;
}
