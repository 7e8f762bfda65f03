/* SPDX-License-Identifier: MIT */
/* Translates thread ids: a process in its own pid namespace knows its threads, and those
 * of processes that it shares locks with, by other numbers than we do. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "source/kernel/kernel.h"

#define INNER_KEPT_NS  (2 * CLOCK_SECOND_NS)
#define SHARER_KEPT_NS (5 * CLOCK_SECOND_NS)
#define INNER_MAX      65536u
#define MAPS_MAX       (16u << 20)
#define NS_LINK_MAX    64
/* Since Linux 6.11: translates a thread id of a namespace into the caller's. */
#define NS_PID_FROM    _IOR(0xb7, 0x6, int)

bool kernel_tid_lives(const struct kernel *kernel, pid_t tid)
{
	char path[16];

	if (tid <= 0)
		return false;
	snprintf(path, sizeof(path), "%d", (int)tid);
	return faccessat(kernel->task_dir, path, F_OK, 0) == 0;
}

void kernel_pids_release(struct kernel *kernel)
{
	if (kernel->pids.ns_fd > 0)
		close(kernel->pids.ns_fd);
	kernel->pids.ns_fd = -1;
	free(kernel->pids.inner);
	kernel->pids.inner = NULL;
	kernel->pids.nr_inner = kernel->pids.cap_inner = 0;
}

static int compare_inner(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a;
	pid_t right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

static bool read_status(int dir, pid_t tid, const char *key, char *field, size_t size)
{
	char path[32], status[4096];

	snprintf(path, sizeof(path), "%d/status", (int)tid);
	return fdio_read_small(dir, path, status, sizeof(status)) > 0 &&
	       proc_status_field(status, key, field, size);
}

/* Adds the threads of a process to the table. */
static void add_threads(struct kernel *kernel, int task_dir)
{
	struct kernel_pids *pids = &kernel->pids;
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t count = proc_list_threads(task_dir, &tids, &capacity);

	if (count < 0 ||
	    !array_reserve_most(&pids->inner, &pids->cap_inner,
				(pids->nr_inner + (size_t)count) * 2, INNER_MAX * 2))
		count = 0;
	for (ssize_t i = 0; i < count; i++) {
		char field[256];

		if (!read_status(task_dir, tids[i], "NSpid", field, sizeof(field)))
			continue;
		const char *last = strrchr(field, '\t');
		pid_t inner = proc_parse_pid(last ? last + 1 : field);

		if (!inner)
			continue;
		pids->inner[pids->nr_inner * 2] = inner;
		pids->inner[pids->nr_inner * 2 + 1] = tids[i];
		pids->nr_inner++;
	}
	free(tids);
}

static bool read_namespace(int proc, const char *pid, char out[NS_LINK_MAX])
{
	char path[64];
	ssize_t got;

	snprintf(path, sizeof(path), "%.16s/ns/pid", pid);
	got = readlinkat(proc, path, out, NS_LINK_MAX - 1);
	out[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* Adds the threads of all other processes in the same namespace. */
static void add_neighbours(struct kernel *kernel)
{
	char own[NS_LINK_MAX], other[NS_LINK_MAX], path[32];
	const struct dirent *entry;
	DIR *proc = opendir("/proc");

	snprintf(path, sizeof(path), "%d", (int)kernel->alive);
	if (!proc || !read_namespace(dirfd(proc), path, own)) {
		if (proc)
			closedir(proc);
		return;
	}
	while ((entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0])
				    ? proc_parse_pid(entry->d_name)
				    : 0;

		if (!pid || pid == kernel->pid ||
		    !read_namespace(dirfd(proc), entry->d_name, other) ||
		    strcmp(own, other) != 0)
			continue;
		snprintf(path, sizeof(path), "%d/task", (int)pid);
		int dir = openat(dirfd(proc), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir < 0)
			continue;
		add_threads(kernel, dir);
		close(dir);
	}
	closedir(proc);
}

static pid_t find_inner(struct kernel *kernel, pid_t inner)
{
	struct kernel_pids *pids = &kernel->pids;

	for (int look = 0; look < 2; look++) {
		const pid_t *found =
			pids->inner ? bsearch(&inner, pids->inner, pids->nr_inner,
					      2 * sizeof(pid_t), compare_inner)
				    : NULL;

		if (found)
			return found[1];
		if (pids->inner && kernel->now_ns - pids->inner_at_ns < INNER_KEPT_NS)
			break;
		pids->inner_at_ns = kernel->now_ns;
		pids->nr_inner = 0;
		add_threads(kernel, kernel->task_dir);
		add_neighbours(kernel);
		if (pids->inner)
			qsort(pids->inner, pids->nr_inner, 2 * sizeof(pid_t),
			      compare_inner);
	}
	return 0;
}

/* Lets the kernel translate. Returns false if it cannot. */
static bool ask_kernel(struct kernel *kernel, pid_t inner, pid_t *outer)
{
	struct kernel_pids *pids = &kernel->pids;
	int got;

	if (pids->no_ns)
		return false;
	if (pids->ns_fd < 0)
		pids->ns_fd = openat(kernel->proc_dir, "ns/pid", O_RDONLY | O_CLOEXEC);
	got = pids->ns_fd >= 0 ? ioctl(pids->ns_fd, NS_PID_FROM, (unsigned long)inner)
			       : -1;
	pids->no_ns = got < 0 && (pids->ns_fd < 0 || errno != ESRCH);
	*outer = got > 0 ? got : 0;
	return !pids->no_ns;
}

static pid_t outer_of(struct kernel *kernel, pid_t inner)
{
	pid_t outer;

	if (!kernel->facts.nested || inner <= 0)
		return inner > 0 ? inner : 0;
	return ask_kernel(kernel, inner, &outer) ? outer : find_inner(kernel, inner);
}

pid_t kernel_outer_tid(struct kernel *kernel, pid_t inner)
{
	pid_t outer = outer_of(kernel, inner);

	return kernel->facts.nested && !kernel_tid_lives(kernel, outer) ? 0 : outer;
}

pid_t kernel_outer_any(struct kernel *kernel, pid_t inner, pid_t *pid)
{
	pid_t outer = outer_of(kernel, inner);
	char field[32];
	int proc;

	*pid = 0;
	if (!outer)
		return 0;
	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (read_status(proc, outer, "Tgid", field, sizeof(field)))
		*pid = proc_parse_pid(field);
	if (proc >= 0)
		close(proc);
	return *pid ? outer : 0;
}

/* Gets "fd:01 1234" for the mapping at address; or, if wanted is set, returns whether the
 * line maps that object. */
static bool mapped_at(const char *line, uint64_t address, const char *wanted, char *out,
		      size_t size)
{
	unsigned long long start, end, inode;
	char device[16], object[48];

	if (sscanf(line, "%llx-%llx %*s %*x %15s %llu", &start, &end, device, &inode) !=
	    4)
		return false;
	snprintf(object, sizeof(object), "%s %llu", device, inode);
	if (wanted)
		return strcmp(object, wanted) == 0;
	if (address < start || address >= end)
		return false;
	snprintf(out, size, "%s", object);
	return true;
}

/* Returns true if the process has such a mapping. *known is false if that could not be
 * read. */
static bool has_mapping(pid_t pid, uint64_t address, const char *wanted, char *out,
			size_t size, bool *known)
{
	char path[32], *save = NULL;
	struct buf text;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	buf_init(&text, MAPS_MAX);
	*known = fdio_read_file(path, &text, MAPS_MAX, NULL) == 0 && text.length;
	for (char *line = *known ? strtok_r(text.bytes, "\n", &save) : NULL;
	     line && !found; line = strtok_r(NULL, "\n", &save))
		found = mapped_at(line, address, wanted, out, size);
	buf_release(&text);
	return found;
}

static bool look_for_sharer(const struct kernel *kernel, uint64_t address, pid_t pid)
{
	char object[48] = "";
	bool known;

	if (!has_mapping(kernel->alive, address, NULL, object, sizeof(object), &known))
		return !known;
	return has_mapping(pid, 0, object, NULL, 0, &known) || !known;
}

bool kernel_shares(struct kernel *kernel, uint64_t address, pid_t pid)
{
	struct kernel_sharer *kept =
		&kernel->pids.sharers[(address / 8 ^ (uint64_t)pid) % KERNEL_SHARERS_MAX];

	if (kept->pid == pid && kept->address == address &&
	    kernel->now_ns - kept->at_ns < SHARER_KEPT_NS)
		return kept->shares;
	*kept = (struct kernel_sharer){
		address, pid, look_for_sharer(kernel, address, pid), kernel->now_ns};
	return kept->shares;
}
