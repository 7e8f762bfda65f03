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
#include "session/session.h"

#define STALL_NS       (2 * CLOCK_SECOND_NS)
#define STALL_CLOSE_NS (CLOCK_SECOND_NS / 4)
#define LEAVE_NS       CLOCK_SECOND_NS
/* At most this many workers are abandoned per target: each costs what its source had
 * read. */
#define TOTAL_MAX      8u

static int say_mute(const struct session *session, struct err *e)
{
	return err_set(e, ERR_TIMEOUT, "the memory of %d does not answer",
		       (int)session->target.pid);
}

static void abandon_worker(struct session *session)
{
	struct session_guard *guard = &session->guard;
	struct holders *holders = holders_new();

	guard->lost[guard->nr_lost++] = guard->worker;
	guard->worker = NULL;
	guard->total++;
	session->target.mute = true;
	session->target.pages = pages_new(&session->cancel);
	session->ops = NULL;
	session->ctx = NULL;
	if (holders)
		session->holders = holders;
}

bool session_stopped(struct session *session)
{
	/* Sources that wait by themselves check this flag. */
	if (session->options.stopped && session->options.stopped())
		__atomic_store_n(&session->cancel, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&session->cancel, __ATOMIC_RELAXED);
}

static bool is_stopped(void *ctx)
{
	return session_stopped(ctx);
}

int session_run(struct session *session, void (*job)(void *arg), void *arg, struct err *e)
{
	const struct worker_limits limits = {
		.stall_ns = STALL_NS, .stopped = is_stopped, .ctx = session};
	struct session_guard *guard = &session->guard;

	if (session->target.pid > 0 && !guard->worker) {
		if (guard->nr_lost == SESSION_LOST_MAX)
			return say_mute(session, e);
		guard->worker = worker_new();
	}
	/* Files, streams and URLs have timeouts of their own. */
	if (session->target.pid == 0 || !guard->worker) {
		job(arg);
		return 0;
	}
	if (worker_run(guard->worker, job, arg, &limits) == WORKER_DONE)
		return 0;
	abandon_worker(session);
	return say_mute(session, e);
}

bool session_run_close(struct session *session, void (*job)(void *arg), void *arg)
{
	const struct worker_limits limits = {
		.stall_ns = STALL_CLOSE_NS, .any_call = true, .leave_ns = LEAVE_NS};
	struct session_guard *guard = &session->guard;
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
	else if (guard->nr_lost < SESSION_LOST_MAX)
		abandon_worker(session);
	guard->worker = NULL;
	return false;
}

void session_guard_refresh(struct session *session)
{
	struct session_guard *guard = &session->guard;
	size_t kept = 0;

	for (size_t i = 0; i < guard->nr_lost; i++)
		if (!worker_returned(guard->lost[i]))
			guard->lost[kept++] = guard->lost[i];
	guard->nr_lost = kept;
	if (session->target.mute && kept == 0 && guard->total < TOTAL_MAX)
		session->target.mute = false;
}

void session_guard_attach(struct session *session, pid_t pid)
{
	struct session_guard *guard = &session->guard;

	if (guard->pid != pid) {
		guard->nr_lost = guard->total = 0;
		session->target.mute = false;
		pages_free(session->target.pages);
		session->target.pages = pages_new(&session->cancel);
	}
	guard->pid = pid;
}

void session_guard_release(struct session *session)
{
	worker_free(session->guard.worker);
	session->guard.worker = NULL;
	if (session->guard.unfinished)
		return;
	pages_free(session->target.pages);
	session->target.pages = NULL;
}
