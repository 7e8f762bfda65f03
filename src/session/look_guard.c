/* SPDX-License-Identifier: MIT */
/*
 * Reading a process may block in the kernel forever, for instance at a page that
 * userfaultfd or a network file system never delivers. So a worker thread does the
 * reading, and it can be abandoned. Its memory is then left alone because the kernel may
 * still write to it. A lost worker no longer touches the tables that all samples share.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/worker.h"
#include "session/look.h"

#define STALL_NS       (2 * CLOCK_SECOND_NS)
#define STALL_CLOSE_NS (CLOCK_SECOND_NS / 4)
#define LEAVE_NS       CLOCK_SECOND_NS
/* At most this many workers are abandoned per target: each costs what its source had
 * read. */
#define TOTAL_MAX      8u

static int say_mute(const struct look *look, struct err *e)
{
	return err_set(e, ERR_TIMEOUT, "the memory of %d does not answer",
		       (int)look->target.pid);
}

static void abandon_worker(struct look *look)
{
	struct look_guard *guard = &look->guard;
	struct holders *holders = holders_new();

	guard->lost[guard->nr_lost++] = guard->worker;
	guard->worker = NULL;
	guard->total++;
	look->target.mute = true;
	look->target.pages = pages_new(&look->cancel);
	look->ops = NULL;
	look->ctx = NULL;
	if (holders)
		look->holders = holders;
}

bool look_stopped(struct look *look)
{
	/* Sources that wait by themselves check this flag. */
	if (look->options.stopped && look->options.stopped())
		__atomic_store_n(&look->cancel, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&look->cancel, __ATOMIC_RELAXED);
}

static bool is_stopped(void *ctx)
{
	return look_stopped(ctx);
}

int look_run(struct look *look, void (*job)(void *arg), void *arg, struct err *e)
{
	const struct worker_limits limits = {
		.stall_ns = STALL_NS, .stopped = is_stopped, .ctx = look};
	struct look_guard *guard = &look->guard;

	if (look->target.pid > 0 && !guard->worker) {
		if (guard->nr_lost == LOOK_LOST_MAX)
			return say_mute(look, e);
		guard->worker = worker_new();
	}
	/* Files, streams and URLs have timeouts of their own. */
	if (look->target.pid == 0 || !guard->worker) {
		job(arg);
		return 0;
	}
	if (worker_run(guard->worker, job, arg, &limits) == WORKER_DONE)
		return 0;
	abandon_worker(look);
	return say_mute(look, e);
}

bool look_run_close(struct look *look, void (*job)(void *arg), void *arg)
{
	const struct worker_limits limits = {
		.stall_ns = STALL_CLOSE_NS, .any_call = true, .leave_ns = LEAVE_NS};
	struct look_guard *guard = &look->guard;
	enum worker_end end;

	if (!guard->worker) {
		job(arg);
		return true;
	}
	end = worker_run(guard->worker, job, arg, &limits);
	if (end == WORKER_DONE)
		return true;
	if (end == WORKER_LEFT)
		guard->unfinished = true;
	else if (guard->nr_lost < LOOK_LOST_MAX)
		abandon_worker(look);
	guard->worker = NULL;
	return false;
}

void look_guard_refresh(struct look *look)
{
	struct look_guard *guard = &look->guard;
	size_t kept = 0;

	for (size_t i = 0; i < guard->nr_lost; i++)
		if (!worker_returned(guard->lost[i]))
			guard->lost[kept++] = guard->lost[i];
	guard->nr_lost = kept;
	if (look->target.mute && kept == 0 && guard->total < TOTAL_MAX)
		look->target.mute = false;
}

void look_guard_attach(struct look *look, pid_t pid)
{
	struct look_guard *guard = &look->guard;

	if (guard->pid != pid) {
		guard->nr_lost = guard->total = 0;
		look->target.mute = false;
		pages_free(look->target.pages);
		look->target.pages = pages_new(&look->cancel);
	}
	guard->pid = pid;
}

void look_guard_release(struct look *look)
{
	worker_free(look->guard.worker);
	look->guard.worker = NULL;
	if (look->guard.unfinished)
		return;
	pages_free(look->target.pages);
	look->target.pages = NULL;
}
