/* SPDX-License-Identifier: MIT */
/*
 * Reading a process may block in the kernel forever, for instance at a page that
 * userfaultfd or a network file system never delivers. So a worker thread does the
 * reading, and it can be abandoned. Its memory is then left alone because the kernel may
 * still write to it. A lost worker no longer touches the tables that all samples share.
 */
#include "session/guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/worker.h"

#define STALL_NS       (2 * CLOCK_SECOND_NS)
#define STALL_CLOSE_NS (CLOCK_SECOND_NS / 4)
#define LEAVE_NS       CLOCK_SECOND_NS
/* At most this many workers are abandoned per target: each costs what its source had
 * read. */
#define TOTAL_MAX      8u

void guard_init(struct guard *guard, bool (*stopped)(void))
{
	memset(guard, 0, sizeof(*guard));
	guard->stopped = stopped;
	guard->stall_ns = STALL_NS;
}

void guard_share_pages(struct guard *guard)
{
	if (!guard->pages)
		guard->pages = pages_new(&guard->cancel);
}

void guard_release(struct guard *guard)
{
	worker_free(guard->worker);
	guard->worker = NULL;
	if (!guard->unfinished)
		pages_free(guard->pages);
	guard->pages = NULL;
}

static int say_mute(const struct access *access, struct err *e)
{
	return err_set(e, ERR_TIMEOUT, "the memory of %d does not answer",
		       (int)access->target.pid);
}

static void abandon_worker(struct guard *guard, struct access *access)
{
	if (access->nr_lost < ACCESS_LOST_MAX)
		access->lost[access->nr_lost++] = guard->worker;
	guard->worker = NULL;
	/* It may have been inside what the targets share. */
	guard->pages = NULL;
	access->total++;
	access->target.mute = true;
	access->target.pages = pages_new(&guard->cancel);
	access->ops = NULL;
	access->ctx = NULL;
}

bool guard_stopped(struct guard *guard)
{
	/* Sources that wait by themselves check this flag. */
	if (guard->stopped && guard->stopped())
		__atomic_store_n(&guard->cancel, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&guard->cancel, __ATOMIC_RELAXED);
}

static bool is_stopped(void *ctx)
{
	return guard_stopped(ctx);
}

int guard_run_several(struct guard *guard, struct access *const *current,
		      void (*job)(void *arg), void *arg, struct err *e)
{
	const struct worker_limits limits = {
		.stall_ns = guard->stall_ns, .stopped = is_stopped, .ctx = guard};

	if (!guard->worker)
		guard->worker = worker_new();
	if (!guard->worker) {
		job(arg);
		return 0;
	}
	if (worker_run(guard->worker, job, arg, &limits) == WORKER_DONE)
		return 0;
	abandon_worker(guard, *current);
	return say_mute(*current, e);
}

int guard_run(struct guard *guard, struct access *access, void (*job)(void *arg),
	      void *arg, struct err *e)
{
	/* Files, streams and URLs have timeouts of their own. */
	if (access->target.pid == 0) {
		job(arg);
		return 0;
	}
	if (!guard->worker && access->nr_lost == ACCESS_LOST_MAX)
		return say_mute(access, e);
	return guard_run_several(guard, &access, job, arg, e);
}

bool guard_run_close(struct guard *guard, struct access *access, void (*job)(void *arg),
		     void *arg)
{
	const struct worker_limits limits = {
		.stall_ns = STALL_CLOSE_NS, .any_call = true, .leave_ns = LEAVE_NS};
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
	else if (access->nr_lost < ACCESS_LOST_MAX)
		abandon_worker(guard, access);
	guard->worker = NULL;
	return false;
}

void guard_refresh(struct access *access)
{
	size_t kept = 0;

	for (size_t i = 0; i < access->nr_lost; i++)
		if (!worker_returned(access->lost[i]))
			access->lost[kept++] = access->lost[i];
	access->nr_lost = kept;
	if (access->target.mute && kept == 0 && access->total < TOTAL_MAX)
		access->target.mute = false;
}

void guard_attach(struct guard *guard, struct access *access, pid_t pid)
{
	if (access->guarded_pid != pid) {
		access->nr_lost = access->total = 0;
		access->target.mute = false;
		pages_free(access->target.pages);
		access->target.pages = pages_new_beside(&guard->cancel, guard->pages);
	}
	access->guarded_pid = pid;
}

void guard_detach(const struct guard *guard, struct access *access)
{
	if (guard->unfinished)
		return;
	pages_free(access->target.pages);
	access->target.pages = NULL;
}
