/* SPDX-License-Identifier: MIT */
/* Reads and parses what /proc says about one process. It trusts no byte of it. */
#include "source/proc/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"

#define NS_PER_MS  1000000ll
/* With two blanks it is longer than a thread's name, which stands before it, can be. */
#define EXEC_START "\nse.exec_start  "

bool proc_parse_stat(const char *text, size_t length, struct proc_stat *out)
{
	const char *open = memchr(text, '(', length);
	/* The name may hold parentheses, spaces and newlines: it ends at the last ')'. */
	const char *close = memrchr(text, ')', length);
	unsigned long long user, system, start, start_stack = 0;
	long long threads;
	unsigned flags;
	int ppid;
	char state;
	int cpu = -1;

	memset(out, 0, sizeof(*out));
	if (!open || !close || close < open || open == text)
		return false;
	out->pid = (pid_t)strtol(text, NULL, 10);
	if (out->pid <= 0)
		return false;
	size_t bytes = (size_t)(close - open) - 1;

	if (bytes >= sizeof(out->comm))
		bytes = sizeof(out->comm) - 1;
	memcpy(out->comm, open + 1, bytes);
	if (sscanf(close + 1,
		   " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
		   "%lld "
		   "%*d %llu %*u %*d %*u %*u %*u %llu "
		   "%*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d",
		   &state, &ppid, &flags, &user, &system, &threads, &start, &start_stack,
		   &cpu) < 7)
		return false;
	out->state = state;
	out->ppid = ppid;
	out->kernel_flags = flags;
	out->cpu_ticks = user + system;
	out->threads = threads;
	out->start_ticks = start;
	out->start_stack = start_stack;
	out->cpu = cpu;
	return true;
}

/* One number and the blanks before it; NULL if there is none. */
static const char *parse_word(const char *text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	return end == text || errno ? NULL : end;
}

bool proc_parse_call(const char *text, struct proc_call *out)
{
	const char *at = text;
	char *end;

	memset(out, 0, sizeof(*out));
	if (strncmp(text, "running", 7) == 0) {
		out->running = true;
		out->nr = -1;
		return true;
	}
	out->nr = strtol(text, &end, 10);
	if (end == text || out->nr < -1 || out->nr > 0xffff)
		return false;
	at = end;
	for (int i = 0; out->nr >= 0 && i < 6; i++) {
		at = parse_word(at, 16, &out->args[i]);
		if (!at)
			return false;
	}
	at = parse_word(at, 16, &out->sp);
	return at && parse_word(at, 16, &out->pc);
}

bool proc_parse_map(const char *line, size_t length, struct proc_map *out)
{
	char head[128];
	char perms[8];
	int used = 0;
	size_t bytes = length < sizeof(head) - 1 ? length : sizeof(head) - 1;
	unsigned long long start, end, offset;

	memcpy(head, line, bytes);
	head[bytes] = '\0';
	if (sscanf(head, "%llx-%llx %7s %llx %*s %*s%n", &start, &end, perms, &offset,
		   &used) < 4 ||
	    used == 0 || start >= end)
		return false;
	out->start = start;
	out->end = end;
	out->offset = offset;
	out->readable = perms[0] == 'r';
	out->executable = strlen(perms) > 2 && perms[2] == 'x';
	size_t at = (size_t)used;

	while (at < length && line[at] == ' ')
		at++;
	out->path = line + at;
	out->path_bytes = length - at;
	return true;
}

bool proc_status_field(const char *status, const char *key, char *out, size_t size)
{
	size_t bytes = strlen(key);

	for (const char *line = status; line && *line;) {
		if (strncmp(line, key, bytes) == 0 && line[bytes] == ':') {
			const char *text = line + bytes + 1;

			text += strspn(text, " \t");
			snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

pid_t proc_parse_pid(const char *text)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return 0;
	errno = 0;
	long value = strtol(text, &end, 10);

	return errno || *end || value <= 0 || value > INT32_MAX ? 0 : (pid_t)value;
}

/* "NSpid: 4711 12 1": ours first, the process's own last. */
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

/*
 * By the first entry of its auxiliary vector, a type and a value: the upper half of a type of
 * 64 bits is 0, and what stands there with 32 bits is no empty value. The executable would
 * say it too, but may lie on a file system that does not answer.
 */
static bool is_foreign(pid_t pid)
{
	uint32_t words[4] = {0};
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t got = read(fd, words, sizeof(words));

	close(fd);
	return got == (ssize_t)sizeof(words) && words[0] != 0 &&
	       (words[1] == 0) != (sizeof(long) == 8);
}

int proc_facts_read(pid_t pid, struct proc_facts *facts, struct err *e)
{
	char path[48];
	char text[4096];
	struct proc_stat stat;
	char field[64];

	memset(facts, 0, sizeof(*facts));
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	ssize_t got = fdio_read_small(AT_FDCWD, path, text, PROC_TEXT_MAX);

	if (got < 0 || !proc_parse_stat(text, (size_t)got, &stat))
		return err_set(
			e, ERR_NOTFOUND,
			"there is no process %d; 'grmon-c ls' lists those that can be "
			"watched",
			(int)pid);
	memcpy(facts->comm, stat.comm, sizeof(facts->comm));
	facts->state = stat.state;
	facts->kernel_flags = stat.kernel_flags;
	facts->start_ticks = stat.start_ticks;
	facts->inner_pid = pid;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	got = fdio_read_small(AT_FDCWD, path, text, sizeof(text));
	if (got > 0) {
		if (proc_status_field(text, "Uid", field, sizeof(field))) {
			const char *tab = strchr(field, '\t');

			facts->uid = (uid_t)strtoul(tab ? tab + 1 : field, NULL, 10);
		}
		/* A thread's id is no process: say which process it belongs to. */
		if (proc_status_field(text, "Tgid", field, sizeof(field)) &&
		    proc_parse_pid(field) && proc_parse_pid(field) != pid)
			return err_set(e, ERR_NOTFOUND,
				       "%d is a thread of process %s; watch that process "
				       "instead",
				       (int)pid, field);
		read_inner_pid(text, facts);
	}
	facts->foreign = is_foreign(pid);
	return 0;
}

ssize_t proc_list_threads(int task_dir, pid_t **tids, size_t *capacity)
{
	int fd = openat(task_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0;

	if (fd < 0)
		return -errno;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		pid_t tid = proc_parse_pid(entry->d_name);

		if (!tid)
			continue;
		if (count == *capacity) {
			size_t wanted = *capacity ? *capacity * 2 : 64;
			pid_t *more = realloc(*tids, wanted * sizeof(**tids));

			if (!more)
				break;
			*tids = more;
			*capacity = wanted;
		}
		(*tids)[count++] = tid;
	}
	closedir(dir);
	return count ? (ssize_t)count : -ESRCH;
}

int64_t proc_count_threads(int task_dir)
{
	struct stat st;

	if (fstat(task_dir, &st) != 0 || st.st_nlink <= 2)
		return -1;
	return (int64_t)st.st_nlink - 2;
}

int64_t proc_count_fds(int proc_dir)
{
	struct stat st;
	int64_t count = 0;

	/* Linux 6.2 and later: the size of the directory is the number of entries. */
	if (fstatat(proc_dir, "fd", &st, 0) != 0)
		return -1;
	if (st.st_size > 0)
		return st.st_size;
	int fd = openat(proc_dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return -1;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

int64_t proc_ticks_to_mono_ns(uint64_t ticks)
{
	struct timespec boot;
	int64_t hz = sysconf(_SC_CLK_TCK);

	if (hz <= 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
		return 0;
	int64_t boot_ns = (int64_t)boot.tv_sec * CLOCK_SECOND_NS + boot.tv_nsec;
	int64_t suspended_ns = boot_ns - clock_mono_ns();

	if (ticks / (uint64_t)hz > (uint64_t)INT32_MAX * 4)
		return 0;
	return (int64_t)(ticks / (uint64_t)hz) * CLOCK_SECOND_NS +
	       (int64_t)(ticks % (uint64_t)hz) * (CLOCK_SECOND_NS / hz) - suspended_ns;
}

int64_t proc_exec_start_ns(int dir, const char *path)
{
	char text[512], *end, *digits;
	const char *at;

	if (fdio_read_small(dir, path, text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, EXEC_START);
	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return 0;
	/* Milliseconds, with six digits behind the point. */
	unsigned long long ms = strtoull(at + 1, &end, 10);

	if (*end != '.' || ms > INT64_MAX / NS_PER_MS - 1)
		return 0;
	unsigned long part = strtoul(end + 1, &digits, 10);

	if (digits - end != 7)
		return 0;
	return (int64_t)ms * NS_PER_MS + (int64_t)part;
}
