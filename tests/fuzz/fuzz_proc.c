/* SPDX-License-Identifier: MIT */
/*
 * Everything that is read from the files of /proc about one process: waits by their
 * system calls, whose arguments point into arbitrary memory, descriptors, locks, sockets,
 * mappings, limits. The first byte chooses what is asked; see world.h for the rest.
 */
// link: -Wl,--wrap=fdio_read_small,--wrap=fdio_read_file,--wrap=fdio_read_all,--wrap=open,--wrap=openat,--wrap=readlink,--wrap=readlinkat,--wrap=getxattr,--wrap=pages_read
#include "fuzz/world.h"

#include "base/clock.h"
#include "source/kernel/kernel.h"
#include "source/proc/file_lock.h"
#include "source/resource/resource.h"
#include "source/thread/thread.h"

#define INODE 4711u

static void check_wait(const struct kernel_wait *wait)
{
	require((unsigned)wait->state < STATE_COUNT && wait->fd >= -1);
	require(memchr(wait->text, '\0', sizeof(wait->text)) != NULL);
	require(wait->owner_tid >= 0 && wait->owner_pid >= 0);
}

/* The first piece is the state and the text of the call. */
static void explain(struct kernel *kernel)
{
	char text[256], limit[KERNEL_TEXT_MAX];
	ssize_t got = world_copy(text, sizeof(text) - 1);
	struct snapshot *out = snapshot_new();
	struct kernel_wait wait;
	struct proc_call call;

	text[got > 0 ? got : 0] = '\0';
	require(out != NULL);
	if (got > 1 && proc_parse_call(text + 1, &call)) {
		kernel_explain(kernel, getpid(), text[0], &call, &wait);
		check_wait(&wait);
		require(strlen(kernel_limit_text(&wait, limit)) < sizeof(limit));
		kernel_wait_to_task(&wait, out, snapshot_add(out));
		for (int state = STATE_MUTEX; state <= STATE_JOIN; state++) {
			pid_t pid;

			kernel_lock_owner(kernel, (enum task_state)state, call.args[0],
					  &pid);
			kernel_lock_object(kernel, (enum task_state)state, call.args[0]);
			kernel_explain_musl(kernel, &call, (enum task_state)state, &wait);
			check_wait(&wait);
		}
		kernel_explain_refused(kernel, getpid(), &call, &wait);
	}
	snapshot_unref(out);
}

static void name_descriptors(struct kernel *kernel)
{
	for (int fd = 3; fd < 6; fd++)
		require(strlen(kernel_fd_name(kernel, fd)) < KERNEL_TEXT_MAX);
}

static void name_sockets(struct kernel *kernel)
{
	const char *name = kernel_socket_name(kernel, INODE);

	require(!name || name[0]);
	kernel_socket_accepted(kernel, INODE);
}

static void find_locks(struct kernel *kernel)
{
	struct file_locks locks;

	if (file_lock_holders(42, file_lock_kind(&kernel->process, 42), INODE, &locks))
		require(locks.nr >= 1 && locks.nr <= FILE_LOCKS_MAX);
	file_lock_held(&kernel->process, &kernel->process, 0);
}

static void read_resources(struct kernel *kernel)
{
	struct resource_reader reader;
	struct snapshot *out = snapshot_new();
	struct err e = {0};
	pid_t tid = getpid();

	require(out != NULL);
	resource_init(&reader, kernel);
	for (int look = 0; look < 2; look++) {
		if (resource_read(&reader, &tid, 1, out, &e) != 0)
			require(e.text[0]);
		kernel->now_ns += 3 * CLOCK_SECOND_NS;
	}
	for (size_t i = 0; i < FD_KIND_COUNT; i++)
		require(out->resources.by_kind[i] >= -1);
	for (size_t i = 0; i < SOCKET_STATE_COUNT; i++)
		require(out->resources.by_socket[i] >= -1);
	snapshot_unref(out);
}

static void find_threads(struct kernel *kernel)
{
	struct proc_facts facts;
	struct err e = {0};
	pid_t pid;

	if (process_facts(&kernel->process, &facts, &e) != 0)
		require(e.text[0]);
	kernel->facts.nested = true;
	kernel->pids.no_ns = true;
	kernel_outer_tid(kernel, 7);
	require(kernel_outer_any(kernel, 7, &pid) >= 0);
	kernel_shares(kernel, 0x7f0000001000, 1);
	process_thread_leaves(&kernel->process, 1);
	require(process_thread_exec_start_ns(&kernel->process, 1) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const questions[])(struct kernel * kernel) = {
		explain,    name_descriptors, name_sockets,
		find_locks, read_resources,   find_threads,
	};
	static int proc_dir = -1, task_dir = -1;
	struct kernel kernel = {.process = process_named(getpid())};
	size_t question = size ? (size_t)(bytes[0] - 'a') : SIZE_MAX;

	if (question >= sizeof(questions) / sizeof(questions[0]))
		return -1;
	if (proc_dir < 0) {
		proc_dir = __real_open("/proc/self", O_RDONLY | O_DIRECTORY);
		task_dir = __real_open("/proc/self/task", O_RDONLY | O_DIRECTORY);
		require(proc_dir >= 0 && task_dir >= 0);
	}
	world_begin(bytes + 1, size - 1);
	kernel.process.dir = dup(proc_dir);
	kernel.process.tasks = dup(task_dir);
	kernel.pids.ns_fd = -1;
	kernel.facts.inner_pid = kernel.process.pid;
	kernel.now_ns = 1000 * CLOCK_SECOND_NS;
	kernel.names = calloc(KERNEL_NAMES_MAX, sizeof(*kernel.names));
	require(kernel.names != NULL);
	questions[question](&kernel);
	kernel_close(&kernel);
	return 0;
}
