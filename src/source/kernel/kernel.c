/* SPDX-License-Identifier: MIT */
/* Opens a process from outside: its memory, the names of its descriptors and its thread
 * ids. Never writes. */
#include "source/kernel/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/proc/descriptors.h"
#include "source/proc/pages.h"

#define PATIENCE_EACH   8u /* processes */
#define FD_NAME_KEPT_NS (5 * CLOCK_SECOND_NS)

/* Tests whether system calls may be read. The answer is the same for all threads that are
 * not exiting. */
static void kernel_try_access(struct kernel *kernel)
{
	char text[256];
	ssize_t got = process_text(&kernel->process, PROCESS_CALL, text, sizeof(text));

	/* Checked after the read, to discard an answer from a thread that was exiting. */
	if (process_thread_leaves(&kernel->process, kernel->process.alive))
		got = process_move(&kernel->process)
			      ? process_text(&kernel->process, PROCESS_CALL, text,
					     sizeof(text))
			      : 0;
	kernel->denied = got == -EPERM || got == -EACCES;
	kernel->memory_denied = kernel->mute;
}

void kernel_use_pages(struct kernel *kernel, struct pages *pages)
{
	if (!pages || kernel->pages)
		return;
	kernel->pages = pages;
}

unsigned kernel_patience(const struct kernel *kernel)
{
	size_t beside = kernel->beside ? *kernel->beside : 0;

	return 1 + (unsigned)(beside / PATIENCE_EACH);
}

void kernel_set_mute(struct kernel *kernel)
{
	kernel->mute = kernel->memory_denied = true;
}

int kernel_open(struct kernel *kernel, pid_t pid, struct err *e)
{
	int rc;

	memset(kernel, 0, sizeof(*kernel));
	kernel->process = process_named(pid);
	kernel->pids.ns_fd = -1;
	rc = process_facts(&kernel->process, &kernel->facts, e);
	if (rc)
		return rc;
	if (kernel->facts.kernel_flags & PROC_PF_KTHREAD)
		return err_set(e, ERR_UNSUPPORTED,
			       "%d is a kernel thread, not a program; choose a process "
			       "from 'grmon-c ls'",
			       (int)pid);
	rc = process_open(&kernel->process, pid, e);
	if (rc)
		return rc;
	kernel->names = calloc(KERNEL_NAMES_MAX, sizeof(*kernel->names));
	if (!kernel->names) {
		kernel_close(kernel);
		return err_set(e, ERR_NOMEM, "no memory to watch process %d", (int)pid);
	}
	kernel->now_ns = clock_mono_ns();
	kernel_try_access(kernel);
	return 0;
}

void kernel_close(struct kernel *kernel)
{
	process_close(&kernel->process);
	if (kernel->own_pages)
		pages_free(kernel->pages);
	kernel->pages = NULL;
	kernel_sockets_release(kernel);
	free(kernel->names);
	kernel->names = NULL;
	kernel_pids_release(kernel);
	free(kernel->futexes);
	kernel->futexes = NULL;
}

void kernel_reread(struct kernel *kernel)
{
	struct proc_facts facts;

	if (process_facts(&kernel->process, &facts, NULL) == 0)
		kernel->facts = facts;
	/* After exec() the process may belong to another user, or to ours again. */
	kernel_try_access(kernel);
	memset(kernel->names, 0, KERNEL_NAMES_MAX * sizeof(*kernel->names));
}

ssize_t kernel_memory(struct kernel *kernel, uint64_t address, void *out, size_t bytes)
{
	ssize_t got;

	if (kernel->memory_denied)
		return -EPERM;
	if (!kernel->pages) {
		kernel->pages = pages_new(NULL);
		kernel->own_pages = true;
	}
	if (!kernel->pages)
		return -ENOMEM;
	/* A page served by userfaultfd may never arrive. */
	got = pages_read(kernel->pages, &kernel->process, address, out, bytes,
			 !kernel->pages_served);
	if (got == -EPERM || got == -ENOSYS)
		kernel->memory_denied = true;
	return got;
}

bool kernel_memory_exact(struct kernel *kernel, uint64_t address, void *out, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t got = kernel_memory(kernel, address + done, (char *)out + done,
					    bytes - done);

		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

const char *kernel_fd_name(struct kernel *kernel, int fd)
{
	if (fd < 0)
		return "an invalid fd";
	struct kernel_fd_name *name = &kernel->names[(unsigned)fd % KERNEL_NAMES_MAX];
	char link[KERNEL_TEXT_MAX];

	if (name->fd == fd && name->at_ns &&
	    kernel->now_ns - name->at_ns < FD_NAME_KEPT_NS)
		return name->text;
	name->fd = fd;
	name->at_ns = kernel->now_ns;
	name->text[0] = '\0';
	name->accepted = false;
	if (process_fd_link(&kernel->process, fd, link, sizeof(link)) <= 0)
		return name->text;
	char kind[KERNEL_KIND_MAX];
	unsigned long long inode;
	const char *socket = NULL;

	if (kernel_anon_name(kernel, fd, link, name->text, sizeof(name->text)))
		return name->text;
	if (sscanf(link, "socket:[%llu]", &inode) == 1) {
		socket = kernel_socket_name(kernel, inode);
		if (!socket)
			socket = kernel_socket_kind(kernel, fd, kind);
		/* Too new to have a name; try again in the next poll. */
		if (!socket)
			name->at_ns = 0;
		name->accepted = kernel_socket_accepted(kernel, inode);
	}
	snprintf(name->text, sizeof(name->text), "%s", socket ? socket : link);
	return name->text;
}

bool kernel_fd_accepted(const struct kernel *kernel, int fd)
{
	const struct kernel_fd_name *name;

	if (fd < 0)
		return false;
	name = &kernel->names[(unsigned)fd % KERNEL_NAMES_MAX];
	return name->fd == fd && name->accepted;
}

static const char *const state_kinds[STATE_COUNT] = {
	[STATE_CHAN_SEND] = "channel",  [STATE_CHAN_RECV] = "channel",
	[STATE_SELECT] = "channels",    [STATE_MUTEX] = "mutex",
	[STATE_RWLOCK_READ] = "rwlock", [STATE_RWLOCK_WRITE] = "rwlock",
	[STATE_COND] = "cond",          [STATE_SEMAPHORE] = "semaphore",
	[STATE_BARRIER] = "barrier",    [STATE_WAITGROUP] = "waitgroup",
	[STATE_JOIN] = "thread",        [STATE_FUTEX] = "futex",
	[STATE_IO_READ] = "fd",         [STATE_IO_WRITE] = "fd",
	[STATE_ACCEPT] = "fd",          [STATE_CONNECT] = "fd",
	[STATE_POLL] = "fds",           [STATE_DISK] = "fd",
	[STATE_FLOCK] = "fd",           [STATE_FSYNC] = "fd",
	[STATE_DNS] = "name",           [STATE_SLEEP] = "timer",
	[STATE_WAIT_CHILD] = "pid",     [STATE_SIGNAL_WAIT] = "signal",
};

const char *kernel_state_kind(enum task_state state)
{
	return (unsigned)state < STATE_COUNT ? state_kinds[state] : NULL;
}

void kernel_wait_none(struct kernel_wait *wait, enum task_state state)
{
	memset(wait, 0, sizeof(*wait));
	wait->state = state;
	wait->fd = -1;
}
