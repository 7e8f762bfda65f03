/* SPDX-License-Identifier: MIT */
/* Reads /proc/locks, which has a line for each lock and, below it, a line with an arrow
 * for each waiter. */
#include "source/proc/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/fdio.h"
#include "source/proc/descriptors.h"

#define LOCKS_MAX_BYTES (4u << 20)
#define FDS_MAX         8192u
#define FDINFO_MAX      4096u
#define DEVICE_MAX      16

struct lock_line {
	bool waits, writes;
	enum file_lock_kind kind;
	pid_t pid; /* -1 if the lock belongs to an open file, not to a process */
	char device[DEVICE_MAX];
	uint64_t inode;
	uint64_t first, last; /* bytes of the file */
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
	char type[16], mode[16], file[48], end[24], *inode;
	int pid;

	line = strchr(line, ':');
	if (!line)
		return false;
	line += 1 + strspn(line + 1, " ");
	out->waits = strncmp(line, "-> ", 3) == 0;
	if (out->waits)
		line += 3;
	if (sscanf(line, "%15s %*s %15s %d %47s %" SCNu64 " %23s", type, mode, &pid, file,
		   &out->first, end) != 6)
		return false;
	inode = strrchr(file, ':');
	if (!inode || inode - file >= DEVICE_MAX)
		return false;
	*inode = '\0';
	memcpy(out->device, file, (size_t)(inode - file) + 1);
	out->inode = strtoull(inode + 1, NULL, 10);
	out->last = strcmp(end, "EOF") == 0 ? UINT64_MAX : strtoull(end, NULL, 10);
	out->writes = strcmp(mode, "READ") != 0;
	out->kind = kind_of(type);
	out->pid = pid;
	return true;
}

enum file_lock_kind file_lock_kind(const struct process *process, pid_t tid)
{
	struct proc_call call;

	if (process_thread_call(process, tid, &call) != 0 || call.running)
		return FILE_LOCK_UNKNOWN;
	if (call.nr == SYS_flock)
		return FILE_LOCK_FLOCK;
	if (call.nr != SYS_fcntl)
		return FILE_LOCK_UNKNOWN;
	return call.args[1] == F_OFD_SETLKW ? FILE_LOCK_OPEN_FILE : FILE_LOCK_POSIX;
}

/* Returns whether a line with an arrow is of that wait. The line has no id if the lock
 * belongs to an open file. */
static bool is_wait_of(const struct lock_line *line, pid_t waiter,
		       enum file_lock_kind kind, uint64_t inode)
{
	return line->inode == inode && (line->pid == waiter || line->pid == -1) &&
	       (kind == FILE_LOCK_UNKNOWN || line->kind == kind);
}

/* Returns whether the lock `held` conflicts with the one that `waits` waits for. */
static bool keeps_out(const struct lock_line *held, const struct lock_line *waits)
{
	bool flock = waits->kind == FILE_LOCK_FLOCK;

	return held->inode == waits->inode && strcmp(held->device, waits->device) == 0 &&
	       (held->kind == FILE_LOCK_FLOCK) == flock &&
	       (held->writes || waits->writes) && held->first <= waits->last &&
	       waits->first <= held->last;
}

static bool is_same_line(const struct lock_line *a, const struct lock_line *b)
{
	return a->kind == b->kind && a->pid == b->pid && a->writes == b->writes &&
	       a->first == b->first && a->last == b->last;
}

static void add_lock(struct file_locks *locks, const struct lock_line *line)
{
	if (locks->nr == FILE_LOCKS_MAX) {
		locks->whole = false;
		return;
	}
	locks->list[locks->nr++] = (struct file_lock){
		.pid = line->pid > 0 ? line->pid : 0,
		.by_process = line->kind == FILE_LOCK_POSIX && line->pid > 0,
	};
}

/* Parses the next line and moves *at past it. */
static bool next_line(const char **at, struct lock_line *line)
{
	while (**at) {
		const char *text = *at;
		bool good = parse_line(text, line);

		*at += strcspn(*at, "\n");
		*at += **at == '\n';
		if (good)
			return true;
	}
	return false;
}

/* Finds the line of the wait, and the lock above it. */
static bool find_wait(const char *text, pid_t waiter, enum file_lock_kind kind,
		      uint64_t inode, struct lock_line *wait, struct lock_line *top)
{
	struct lock_line line;

	memset(top, 0, sizeof(*top));
	while (next_line(&text, &line)) {
		if (!line.waits)
			*top = line;
		else if (is_wait_of(&line, waiter, kind, inode) && top->inode == inode) {
			*wait = line;
			return true;
		}
	}
	return false;
}

bool file_lock_holders(pid_t waiter, enum file_lock_kind kind, uint64_t inode,
		       struct file_locks *locks)
{
	struct lock_line line, wait = {0}, top;
	struct buf text;
	bool found;

	*locks = (struct file_locks){.whole = true};
	buf_init(&text, LOCKS_MAX_BYTES);
	found = fdio_read_file("/proc/locks", &text, LOCKS_MAX_BYTES, NULL) == 0 &&
		text.length && find_wait(text.bytes, waiter, kind, inode, &wait, &top);
	if (found)
		add_lock(locks, &top);
	/* There may be several readers, and a range may be locked in parts. */
	for (const char *at = found ? text.bytes : ""; next_line(&at, &line);)
		if (!line.waits && keeps_out(&line, &wait) && !is_same_line(&line, &top))
			add_lock(locks, &line);
	buf_release(&text);
	return found;
}

static bool has_lock(const struct process_fds *fds)
{
	char info[FDINFO_MAX];

	if (process_fds_info(fds, info, sizeof(info)) <= 0)
		return false;
	for (const char *at = info; (at = strstr(at, "\nlock:")); at++)
		if (strstr(at, "FLOCK") || strstr(at, "OFDLCK"))
			return true;
	return false;
}

static bool is_same_file(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor;
}

enum file_lock_answer file_lock_held(const struct process *process,
				     const struct process *waiter, int fd)
{
	enum file_lock_answer answer = FILE_LOCK_NO;
	struct statx file, other;
	struct process_fds fds;
	size_t looked = 0;
	int rc = process_fds_open(&fds, process, 0);

	if (rc < 0)
		return rc == -ENOENT ? FILE_LOCK_NO : FILE_LOCK_MAYBE;
	if (!process_fd_id(waiter, fd, &file))
		answer = FILE_LOCK_MAYBE;
	while (answer == FILE_LOCK_NO && process_fds_next(&fds)) {
		if (looked++ > FDS_MAX)
			answer = FILE_LOCK_MAYBE;
		else if (process_fds_id(&fds, &other) && is_same_file(&file, &other) &&
			 has_lock(&fds))
			answer = FILE_LOCK_YES;
	}
	process_fds_close(&fds);
	return answer;
}
