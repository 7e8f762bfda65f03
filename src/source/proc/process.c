/* SPDX-License-Identifier: MIT */
/* A live process as a whole. */
#include "source/proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "source/proc/live.h"

static const char *const text_names[PROCESS_TEXTS] = {
	[PROCESS_CALL] = "syscall",  [PROCESS_STATM] = "statm",
	[PROCESS_STATUS] = "status", [PROCESS_LIMITS] = "limits",
	[PROCESS_CGROUP] = "cgroup", [PROCESS_TIMERS] = "timers",
	[PROCESS_SMAPS] = "smaps",   [PROCESS_MOUNTS] = "mountinfo",
};

int process_open(struct process *process, pid_t pid, struct err *e)
{
	struct process named = process_named(pid);
	int error;

	*process = named;
	process->dir = live_open(&named, "", O_RDONLY | O_DIRECTORY);
	if (process->dir >= 0)
		process->tasks = live_open(process, "task", O_RDONLY | O_DIRECTORY);
	if (process->tasks >= 0)
		return 0;
	error = errno;
	process_close(process);
	return error == ENOENT
		       ? err_set(e, ERR_NOTFOUND, "process %d has just ended", (int)pid)
		       : err_sys(e, error, "cannot open /proc/%d/task", (int)pid);
}

void process_close(struct process *process)
{
	if (process->dir > 0)
		close(process->dir);
	if (process->tasks > 0)
		close(process->tasks);
	process->dir = process->tasks = -1;
}

bool process_move(struct process *process)
{
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t count = process_threads(process, &tids, &capacity);
	bool moved = false;

	for (ssize_t i = 0; i < count && !moved; i++) {
		/* A thread has a directory of its own that /proc does not list. */
		struct process thread = process_named(tids[i]);
		int dir;

		if (process_thread_leaves(process, tids[i]))
			continue;
		dir = live_open(&thread, "", O_RDONLY | O_DIRECTORY);
		/* Its id may be another process's by now. */
		if (dir >= 0 && process_thread_leaves(process, tids[i])) {
			close(dir);
			continue;
		}
		if (dir < 0)
			continue;
		if (process->dir > 0)
			close(process->dir);
		process->dir = dir;
		process->alive = tids[i];
		moved = true;
	}
	free(tids);
	return moved;
}

/* "NSpid: 4711 12 1": our number comes first, the process's own last. */
static void read_inner_pid(const char *status, struct proc_facts *facts)
{
	char field[256];
	const char *last;

	if (!proc_status_field(status, "NSpid", field, sizeof(field)))
		return;
	last = strrchr(field, '\t');
	if (!last)
		return;
	pid_t inner = proc_parse_pid(last + 1);

	if (inner) {
		facts->inner_pid = inner;
		facts->nested = true;
	}
}

/* Looks at the first entry of the auxiliary vector, a type and a value: the upper half of
 * a 64-bit type is 0, and a 32-bit process has a value there that is not 0. The
 * executable says the same, but may be on a file system that does not answer. */
static bool is_foreign(const struct process *process)
{
	uint32_t words[4] = {0};

	return process_auxv(process, words, sizeof(words)) == (ssize_t)sizeof(words) &&
	       words[0] != 0 && (words[1] == 0) != (sizeof(long) == 8);
}

int process_facts(const struct process *process, struct proc_facts *facts, struct err *e)
{
	struct process named = process_named(process->pid);
	const int pid = (int)process->pid;
	struct proc_stat stat;
	char text[4096], field[64];

	memset(facts, 0, sizeof(*facts));
	if (process_stat(&named, &stat) != 0)
		return err_set(
			e, ERR_NOTFOUND,
			"there is no process %d; 'grmon-c ls' lists those that can be "
			"watched",
			pid);
	memcpy(facts->comm, stat.comm, sizeof(facts->comm));
	facts->state = stat.state;
	facts->kernel_flags = stat.kernel_flags;
	facts->start_ticks = stat.start_ticks;
	facts->inner_pid = process->pid;

	if (process_text(&named, PROCESS_STATUS, text, sizeof(text)) > 0) {
		if (proc_status_field(text, "Uid", field, sizeof(field))) {
			const char *tab = strchr(field, '\t');

			facts->uid = (uid_t)strtoul(tab ? tab + 1 : field, NULL, 10);
		}
		/* A thread is not a process: say which process it belongs to. */
		if (proc_status_field(text, "Tgid", field, sizeof(field)) &&
		    proc_parse_pid(field) && proc_parse_pid(field) != process->pid)
			return err_set(e, ERR_NOTFOUND,
				       "%d is a thread of process %s; watch that process "
				       "instead",
				       pid, field);
		read_inner_pid(text, facts);
	}
	facts->foreign = is_foreign(&named);
	return 0;
}

ssize_t process_text(const struct process *process, enum process_text which, char *out,
		     size_t size)
{
	return live_text(process, text_names[which], out, size);
}

/* Reads a file of any length. */
static int read_all(const struct process *process, const char *name, struct buf *out,
		    size_t max_bytes, struct err *e)
{
	int fd = live_open(process, name, O_RDONLY);
	int rc;

	if (fd < 0)
		return err_sys(e, errno, "cannot open /proc/%d/%s", (int)process->alive,
			       name);
	rc = fdio_read_all(fd, out, max_bytes, e);
	close(fd);
	return rc;
}

int process_text_all(const struct process *process, enum process_text which,
		     struct buf *out, size_t max_bytes, struct err *e)
{
	return read_all(process, text_names[which], out, max_bytes, e);
}

int process_stat(const struct process *process, struct proc_stat *out)
{
	char text[PROC_TEXT_MAX];
	ssize_t got = live_text(process, "stat", text, sizeof(text));

	if (got < 0)
		return (int)got;
	return proc_parse_stat(text, (size_t)got, out) ? 0 : -EPROTO;
}

int process_stat_many(const struct process *process, struct proc_stat *out)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec used;
	clockid_t clock;
	int rc = clock_getcpuclockid(process->pid, &clock);

	if (rc != 0)
		return -rc;
	if (clock_gettime(clock, &used) != 0)
		return -errno;
	/* This one fails if the clock may have been another process's. */
	rc = process_thread_stat(process, process->alive, out);
	if (rc == 0)
		out->cpu_ticks = (uint64_t)used.tv_sec * hz +
				 (uint64_t)used.tv_nsec * hz / 1000000000u;
	return rc;
}

int process_maps_read(struct process_maps *maps, const struct process *process,
		      size_t max_bytes, struct err *e)
{
	int rc;

	buf_init(&maps->text, max_bytes);
	rc = read_all(process, "maps", &maps->text, max_bytes, e);
	if (rc == 0 && maps->text.length == 0)
		rc = err_set(e, ERR_GONE, "process %d has ended", (int)process->pid);
	return rc;
}

bool process_maps_next(const struct process_maps *maps, size_t *at, struct proc_map *out)
{
	const struct buf *text = &maps->text;

	while (*at < text->length) {
		const char *line = text->bytes + *at;
		const char *end = memchr(line, '\n', text->length - *at);
		size_t length = end ? (size_t)(end - line) : text->length - *at;

		*at += length + 1;
		if (proc_parse_map(line, length, out))
			return true;
	}
	return false;
}

void process_maps_release(struct process_maps *maps)
{
	buf_release(&maps->text);
}

ssize_t process_auxv(const struct process *process, void *out, size_t bytes)
{
	int fd = live_open(process, "auxv", O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, out, bytes);
	if (got < 0)
		got = -errno;
	close(fd);
	return got;
}

int process_pagemap_open(const struct process *process)
{
	return live_open(process, "pagemap", O_RDONLY);
}

ssize_t process_exe(const struct process *process, char *out, size_t size)
{
	return live_link(process, "exe", out, size);
}

ssize_t process_root(const struct process *process, char *out, size_t size)
{
	return live_link(process, "root", out, size);
}

bool process_exe_id(const struct process *process, struct statx *id)
{
	char path[LIVE_PATH_MAX];
	int dir = live_at(process, "exe", path);

	return statx(dir, path, AT_STATX_DONT_SYNC, STATX_INO | STATX_MTIME, id) == 0;
}

void process_path_inside(const struct process *process, const char *inside, char *out,
			 size_t size)
{
	char root[LIVE_PATH_MAX];

	live_path(process, "root", root);
	snprintf(out, size, "%s%s", root, inside);
}

enum process_network process_network(const struct process *process)
{
	struct process self = process_self();
	struct stat ours, theirs;

	if (!live_stat(process, "ns/net", &theirs))
		return errno == ENOENT || errno == ESRCH ? NETWORK_GONE : NETWORK_UNKNOWN;
	if (!live_stat(&self, "ns/net", &ours))
		return NETWORK_UNKNOWN;
	return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev
		       ? NETWORK_OURS
		       : NETWORK_OTHER;
}

int process_namespace_open(const struct process *process, const char *kind)
{
	char name[16];

	snprintf(name, sizeof(name), "ns/%s", kind);
	return live_open(process, name, O_RDONLY);
}

bool process_namespace(const struct process *process, const char *kind, char *out,
		       size_t size)
{
	char name[16];

	snprintf(name, sizeof(name), "ns/%s", kind);
	return live_link(process, name, out, size) > 0;
}
