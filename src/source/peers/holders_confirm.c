/* SPDX-License-Identifier: MIT */
/*
 * Reads a cycle again to confirm it. A thread whose count of context switches is the same
 * before and after two reads that find it in the same system call has slept at least from
 * the first count until the last of those reads. The counts of all threads are read
 * first, then the waits with their owners, then the waits again: all threads sleep while
 * the owners are read, so no lock changes hands.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "source/peers/holders_private.h"
#include "source/proc/descriptors.h"

/* A cycle through more processes is not confirmed. */
#define PROCESSES_MAX 32u

#define GIL_BYTES     128u /* of the interpreter's lock */
#define GIL_TRIES     20

/* The first reading of a thread. */
struct reading {
	uint64_t switches;
	uint64_t call; /* hash of the kernel's line */
};

struct confirmer {
	struct holders *holders;
	struct snapshot *snapshot;
	struct kernel kernels[PROCESSES_MAX]; /* of the processes of the cycle */
	size_t nr_kernels;
};

static struct kernel *kernel_of(struct confirmer *c, uint32_t node)
{
	pid_t pid = graph_pid(c->snapshot, node);
	struct kernel *kernel = &c->kernels[c->nr_kernels];

	for (size_t i = 0; i < c->nr_kernels; i++)
		if (c->kernels[i].process.pid == pid)
			return &c->kernels[i];
	if (c->nr_kernels == PROCESSES_MAX || kernel_open(kernel, pid, NULL) != 0)
		return NULL;
	kernel->now_ns = c->snapshot->mono_ns;
	c->nr_kernels++;
	return kernel;
}

static bool read_switches(const struct kernel *kernel, pid_t tid, uint64_t *switches)
{
	char status[4096], field[32];

	if (process_thread_text(&kernel->process, tid, THREAD_STATUS, status,
				sizeof(status)) <= 0 ||
	    !proc_status_field(status, "voluntary_ctxt_switches", field, sizeof(field)))
		return false;
	*switches = strtoull(field, NULL, 10);
	return true;
}

/* Returns true if the socket has a timeout option set, or if that is unknown. */
static bool has_timeout(const struct kernel *kernel, const struct task *task)
{
	struct timeval limit = {0, 0};
	socklen_t size = sizeof(limit);
	int option = task->state == STATE_IO_WRITE ? SO_SNDTIMEO : SO_RCVTIMEO;
	int fd = process_fd_borrow(&kernel->process, task->waits.fd);
	bool known;

	known = fd >= 0 && getsockopt(fd, SOL_SOCKET, option, &limit, &size) == 0;
	if (fd >= 0)
		close(fd);
	return !known || limit.tv_sec != 0 || limit.tv_usec != 0;
}

/* Returns true if the thread sleeps on a word of the lock at this address. */
static bool is_word_of(const struct proc_call *call, uint64_t lock)
{
	return call->nr == SYS_futex && call->args[0] - lock < sizeof(pthread_rwlock_t);
}

/* Returns true if the kernel counts run time and the thread has not run since the
 * snapshot: its wait and the locks that it holds are unchanged. */
static bool has_rested(const struct kernel *kernel, const struct task *task)
{
	uint64_t turns = wait_more(task)->turns;
	unsigned long long run_ns, delay_ns, times;
	char text[96];

	/* Where an agent knows the ages, it counts waits instead. */
	if (!turns && !(task->flags & TASK_AGE_EXACT))
		turns = task->switches;
	return turns &&
	       process_thread_text(&kernel->process, task->tid, THREAD_TIMES, text,
				   sizeof(text)) > 0 &&
	       sscanf(text, "%llu %llu %llu", &run_ns, &delay_ns, &times) == 3 &&
	       times == turns;
}

/* Returns true if the kernel shows the same wait as the snapshot. */
static bool same_wait(struct kernel *kernel, const struct task *task,
		      const struct proc_call *call, const struct kernel_wait *wait)
{
	const struct waits_on *waits = &task->waits;
	struct kernel_wait refused;
	pid_t owner_pid;
	bool is_refused;

	/* A wait with a timeout counts only if it is retried until it succeeds. */
	if (wait->limited && !(waits->retries && waits->owner_tid))
		return false;
	if (waits_more(waits)->actors)
		return wait->state == task->state &&
		       (wait->state == STATE_WAIT_CHILD || wait->fd == waits->fd);
	if (state_info(wait->state)->class != CLASS_LOCK)
		return false;
	if (wait->owner_tid == waits->owner_tid)
		return true;
	is_refused = kernel_explain_refused(kernel, task->tid, call, &refused);
	if (!waits->address)
		return is_refused && refused.owner_tid == waits->owner_tid;
	/* The agent or the stack may identify a lock that the futex alone does not. The
	 * thread may have slept on another one since. */
	if (is_refused || is_word_of(call, waits->address))
		return kernel_lock_owner(kernel, task->state, waits->address,
					 &owner_pid) == waits->owner_tid;
	/* A lock of a runtime, such as a Java monitor. */
	return has_rested(kernel, task);
}

/* Reads the kernel's line for a thread that sleeps in a system call. */
static bool read_call(struct confirmer *c, uint32_t node, struct proc_call *call,
		      uint64_t *hash)
{
	struct kernel *kernel = kernel_of(c, node);
	char text[PROC_TEXT_MAX];

	if (!kernel ||
	    process_thread_text(&kernel->process, graph_task(c->snapshot, node)->tid,
				THREAD_CALL, text, sizeof(text)) <= 0 ||
	    !proc_parse_call(text, call) || call->running)
		return false;
	*hash = hash_bytes(0, text, strlen(text));
	return true;
}

static bool read_count(struct confirmer *c, uint32_t node, uint64_t *switches)
{
	const struct kernel *kernel = kernel_of(c, node);

	return kernel &&
	       read_switches(kernel, graph_task(c->snapshot, node)->tid, switches);
}

/* Returns false unless the thread is certainly in the wait that the snapshot has. */
static bool read_wait(struct confirmer *c, uint32_t node, uint64_t *hash)
{
	const struct task *task = graph_task(c->snapshot, node);
	struct kernel_wait wait;
	struct proc_call call;

	if (!read_call(c, node, &call, hash))
		return false;
	kernel_explain(kernel_of(c, node), task->tid, 'S', &call, &wait);
	return same_wait(kernel_of(c, node), task, &call, &wait);
}

/* Returns true if the other ends, searched again, are the same, and no socket has a
 * timeout. */
static bool same_actors(struct confirmer *c, uint32_t node)
{
	const struct task *task = graph_task(c->snapshot, node);
	const struct wait_actors *was = wait_more(task)->actors, *is;
	struct kernel *kernel = kernel_of(c, node);

	if (!was)
		return true;
	if (strcmp(was->how, "socket") == 0 && has_timeout(kernel, task))
		return false;
	peers_refresh(c->holders->peers);
	c->holders->nr_answers = 0;
	is = holders_find(c->holders, c->snapshot, kernel->process.pid, task);
	return is && is->complete && is->nr_pids == was->nr_pids &&
	       memcmp(is->pids, was->pids, is->nr_pids * sizeof(is->pids[0])) == 0;
}

/* The interpreter's lock is asked for every few milliseconds, so its waiters do not sleep
 * through a confirmation. They cannot get it while its holder sleeps. */
static bool asks_for_gil(const struct task *task)
{
	return task->waits.kind && strcmp(task->waits.kind, WAITS_GIL) == 0;
}

/* Returns true if the thread still asks for the interpreter's lock, and the holder has not
 * run since the snapshot. */
static bool still_asks(struct confirmer *c, uint32_t node)
{
	const struct task *task = graph_task(c->snapshot, node);
	uint32_t holder = c->snapshot->graph->next[node];
	const struct kernel *kernel = kernel_of(c, node);
	struct proc_call call;
	uint64_t ignored;

	if (holder == GRAPH_NONE || !kernel ||
	    !has_rested(kernel, graph_task(c->snapshot, holder)))
		return false;
	for (int i = 0; i < GIL_TRIES; i++) {
		if (read_call(c, node, &call, &ignored))
			return call.nr == SYS_futex &&
			       call.args[0] - task->waits.address < GIL_BYTES;
		clock_sleep_ns(CLOCK_MS_NS);
	}
	return false;
}

static bool confirmed_before(const struct holders *holders, uint64_t mark)
{
	for (size_t i = 0; i < CONFIRMED_MAX; i++)
		if (holders->confirmed[i] == mark)
			return true;
	return false;
}

static bool read_first(struct confirmer *c, const struct cycle *cycle,
		       struct reading *first, uint64_t *mark)
{
	*mark = 1;
	for (size_t i = 0; i < cycle->nr_support; i++)
		if (!read_count(c, cycle->support[i], &first[i].switches))
			return false;
	for (size_t i = 0; i < cycle->nr_support; i++) {
		if (asks_for_gil(graph_task(c->snapshot, cycle->support[i]))) {
			if (!still_asks(c, cycle->support[i]))
				return false;
			first[i] = (struct reading){0, 0};
		} else if (!read_wait(c, cycle->support[i], &first[i].call)) {
			return false;
		}
		*mark = hash_mix(*mark ^ first[i].call, first[i].switches);
		*mark = hash_mix(
			*mark, (uint64_t)graph_task(c->snapshot, cycle->support[i])->tid);
	}
	return true;
}

static bool read_again(struct confirmer *c, const struct cycle *cycle,
		       const struct reading *first)
{
	for (size_t i = 0; i < cycle->nr_support; i++) {
		struct proc_call call;
		struct reading again;

		if (asks_for_gil(graph_task(c->snapshot, cycle->support[i])))
			continue;
		/* Read the count after the call; otherwise the thread could have woken up
		 * and slept in between. */
		if (!read_call(c, cycle->support[i], &call, &again.call) ||
		    !read_count(c, cycle->support[i], &again.switches) ||
		    again.call != first[i].call || again.switches != first[i].switches)
			return false;
	}
	return true;
}

static bool read_twice(struct confirmer *c, const struct cycle *cycle,
		       struct reading *first)
{
	uint64_t mark;

	if (!read_first(c, cycle, first, &mark))
		return false;
	/* No thread of the cycle has run since it was confirmed. */
	if (confirmed_before(c->holders, mark))
		return true;
	for (size_t i = 0; i < cycle->nr_support; i++)
		if (!same_actors(c, cycle->support[i]))
			return false;
	if (!read_again(c, cycle, first))
		return false;
	c->holders->confirmed[c->holders->next_confirmed++ % CONFIRMED_MAX] = mark;
	return true;
}

/* Tasks of one thread are no concern of the kernel. Their source has read each twice around
 * the reading of what they hold, and another sample has found the same waits. */
static bool are_coroutines(const struct snapshot *snapshot, const struct cycle *cycle,
			   bool *confirmed)
{
	*confirmed = true;
	for (size_t i = 0; i < cycle->nr_support; i++) {
		const struct task *task = graph_task(snapshot, cycle->support[i]);

		if (task->kind != TASK_COROUTINE)
			return false;
		*confirmed &= task->since_ns < snapshot->mono_ns;
	}
	return true;
}

bool holders_confirm(void *holders, struct snapshot *snapshot, const struct cycle *cycle)
{
	struct confirmer c = {.holders = holders, .snapshot = snapshot};
	struct reading *first;
	bool held;

	if (are_coroutines(snapshot, cycle, &held))
		return held;
	first = calloc(cycle->nr_support, sizeof(*first));
	held = first && read_twice(&c, cycle, first);
	for (size_t i = 0; i < c.nr_kernels; i++)
		kernel_close(&c.kernels[i]);
	free(first);
	return held;
}
