/* SPDX-License-Identifier: MIT */
/* Translates thread ids: a process in its own pid namespace knows its threads, and those
 * of processes that it shares locks with, by other numbers than we do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
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
	return process_has_thread(&kernel->process, tid);
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

/* Adds the threads of a process to the table. */
static void add_threads(struct kernel *kernel, const struct process *process)
{
	struct kernel_pids *pids = &kernel->pids;
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t count = process_threads(process, &tids, &capacity);

	if (count < 0 ||
	    !array_reserve_most(&pids->inner, &pids->cap_inner,
				(pids->nr_inner + (size_t)count) * 2, INNER_MAX * 2))
		count = 0;
	for (ssize_t i = 0; pids->inner && i < count; i++) {
		char status[4096], field[256];

		if (process_thread_text(process, tids[i], THREAD_STATUS, status,
					sizeof(status)) <= 0 ||
		    !proc_status_field(status, "NSpid", field, sizeof(field)))
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

/* Adds the threads of all other processes in the same namespace. */
static void add_neighbours(struct kernel *kernel)
{
	char own[NS_LINK_MAX], other[NS_LINK_MAX];
	struct process_list list;
	struct process process;

	if (!process_namespace(&kernel->process, "pid", own, sizeof(own)) ||
	    !process_list_open(&list))
		return;
	while (process_list_next(&list, &process))
		if (process.pid != kernel->process.pid &&
		    process_namespace(&process, "pid", other, sizeof(other)) &&
		    strcmp(own, other) == 0)
			add_threads(kernel, &process);
	process_list_close(&list);
}

static pid_t find_inner(struct kernel *kernel, pid_t inner)
{
	struct kernel_pids *pids = &kernel->pids;

	for (int look = 0; look < 2; look++) {
		const pid_t *found =
			pids->inner ? bsearch(&inner, pids->inner, pids->nr_inner,
					      2 * sizeof(pid_t), order_pid)
				    : NULL;

		if (found)
			return found[1];
		if (pids->inner && kernel->now_ns - pids->inner_at_ns < INNER_KEPT_NS)
			break;
		pids->inner_at_ns = kernel->now_ns;
		pids->nr_inner = 0;
		add_threads(kernel, &kernel->process);
		add_neighbours(kernel);
		if (pids->inner)
			qsort(pids->inner, pids->nr_inner, 2 * sizeof(pid_t), order_pid);
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
		pids->ns_fd = process_namespace_open(&kernel->process, "pid");
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
	struct process thread = process_named(outer);
	char status[4096], field[32];

	*pid = 0;
	if (!outer)
		return 0;
	if (process_text(&thread, PROCESS_STATUS, status, sizeof(status)) > 0 &&
	    proc_status_field(status, "Tgid", field, sizeof(field)))
		*pid = proc_parse_pid(field);
	return *pid ? outer : 0;
}

/* Finds the mapping at that address; or, if object is not NULL, any mapping of the same
 * memory. Returns 1 if there is one, 0 if there is none, and a negative error if the
 * mappings cannot be read. */
static int find_mapping(const struct process *process, uint64_t address,
			const struct proc_map *object, struct proc_map *out)
{
	struct process_maps maps;
	size_t at = 0;
	int rc = process_maps_read(&maps, process, MAPS_MAX, NULL);

	while (rc == 0 && process_maps_next(&maps, &at, out))
		rc = object ? out->inode == object->inode &&
				      strcmp(out->device, object->device) == 0
			    : out->start <= address && address < out->end;
	process_maps_release(&maps);
	return rc;
}

/* Returns true if it shares the memory, or if that cannot be read. */
static bool read_shares(const struct kernel *kernel, uint64_t address, pid_t pid)
{
	struct process process = process_named(pid);
	struct proc_map own = {0}, other = {0};
	int rc = find_mapping(&kernel->process, address, NULL, &own);

	return (rc == 1 ? find_mapping(&process, 0, &own, &other) : rc) != 0;
}

bool kernel_shares(struct kernel *kernel, uint64_t address, pid_t pid)
{
	struct kernel_sharer *kept =
		&kernel->pids.sharers[(address / 8 ^ (uint64_t)pid) % KERNEL_SHARERS_MAX];

	if (kept->pid == pid && kept->address == address &&
	    kernel->now_ns - kept->at_ns < SHARER_KEPT_NS)
		return kept->shares;
	*kept = (struct kernel_sharer){address, pid, read_shares(kernel, address, pid),
				       kernel->now_ns};
	return kept->shares;
}
