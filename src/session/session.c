/* SPDX-License-Identifier: MIT */
/* The source in use may be replaced at any time. Identities and ages survive that because
 * the tracker stays. */
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/members.h"
#include "source/replay.h"
#include "source/sniff.h"

/* Limits what a hostile target can make the client store. */
#define SESSION_INTERN_BYTES (32u << 20)

static void init_target(struct session *session, const struct session_options *options)
{
	struct access *access = &session->access;
	struct source_target *target = &access->target;

	access->source = options->source;
	access->partial = options->partial;
	access->pidfd = -1;
	target->intern = session->intern;
	target->stacks = session->stacks;
	target->text = access->text;
	target->threads = options->threads;
	target->runtime = options->runtime;
	target->ptrace = options->ptrace;
	target->rules = options->stack_rules;
	target->user = options->user;
	target->header = options->header;
	target->dump = options->dump;
	target->input_fd = -1;
	target->follow = options->follow;
	target->cancel = &session->guard.cancel;
}

int session_init(struct session *session, const struct session_options *options,
		 struct err *e)
{
	memset(session, 0, sizeof(*session));
	session->options = *options;
	guard_init(&session->guard, options->stopped);
	figures_init(&session->figures);
	session->intern = intern_new(SESSION_INTERN_BYTES);
	session->stacks = stack_table_new(SNAPSHOT_TASKS_MAX);
	session->track = track_new();
	session->verdicts = verdicts_new(&options->rule);
	session->holders = holders_new();
	session->grouping = grouping_new(options->acknowledge, e);
	init_target(session, options);
	if (!session->grouping ||
	    grouping_suppress(session->grouping, options->suppress, e) != 0)
		return e->code;
	if (!session->intern || !session->stacks || !session->track ||
	    !session->verdicts || !session->holders)
		return err_set(e, ERR_NOMEM, "out of memory: cannot watch a process");
	if (options->warm_up_ns > 0)
		grouping_set_least(session->grouping, options->warm_up_ns);
	return 0;
}

/* A lost worker may have been writing into the holders. */
static int run(struct session *session, void (*job)(void *arg), void *arg, struct err *e)
{
	struct access *access = &session->access;
	int rc = session->members
			 ? guard_run_several(&session->guard, &access, job, arg, e)
			 : guard_run(&session->guard, access, job, arg, e);
	struct holders *holders = rc == ERR_TIMEOUT ? holders_new() : NULL;

	if (holders)
		session->holders = holders;
	return rc;
}

static void close_job(void *arg)
{
	access_close(arg);
}

void session_detach(struct session *session)
{
	struct access *access = &session->access;

	guard_run_close(&session->guard, access, close_job, access);
	access_forget(access);
	members_free(session->members);
	session->members = NULL;
	snapshot_unref(session->recording.shown);
	memset(&session->recording, 0, sizeof(session->recording));
	figures_init(&session->figures);
	if (session->verdicts)
		verdicts_reset(session->verdicts);
	if (session->grouping)
		grouping_reset(session->grouping);
}

void session_release(struct session *session)
{
	session_detach(session);
	guard_release(&session->guard);
	if (session->guard.unfinished)
		return;
	guard_detach(&session->guard, &session->access);
	track_free(session->track);
	verdicts_free(session->verdicts);
	holders_free(session->holders);
	grouping_free(session->grouping);
	stack_table_free(session->stacks);
	intern_free(session->intern);
}

struct track *session_new_track(void)
{
	return track_new();
}

struct open_job {
	struct access *access;
	struct err *e;
	int rc;
};

static void open_job(void *arg)
{
	struct open_job *job = arg;

	job->rc = access_open(job->access, job->e);
}

/* The second attempt leaves out what did not answer in the first. */
static int open_guarded(struct session *session, struct err *e)
{
	struct open_job job = {&session->access, e, 0};
	int rc = run(session, open_job, &job, e);

	if (rc == ERR_TIMEOUT && !guard_stopped(&session->guard))
		rc = run(session, open_job, &job, e);
	return rc ? rc : job.rc;
}

int session_attach(struct session *session, pid_t pid, struct err *e)
{
	int rc;

	session_detach(session);
	guard_attach(&session->guard, &session->access, pid);
	rc = access_name(&session->access, pid, e);
	if (rc == 0)
		rc = open_guarded(session, e);
	if (rc != 0)
		session_detach(session);
	return rc;
}

static bool is_recording(const char *text, int input_fd)
{
	if (strcmp(text, "-") == 0)
		return replay_fits_stream(input_fd);
	return !source_is_url(text) && source_sniff_file(text, NULL) == SNIFF_GRMON;
}

int session_attach_other(struct session *session, const char *text, int input_fd,
			 struct err *e)
{
	struct access *access = &session->access;
	int rc;

	session_detach(session);
	access->target.text = text;
	access->target.input_fd = input_fd;
	if (access_is_auto(access))
		rc = access_open_source(
			access,
			is_recording(text, input_fd) ? &source_replay : &source_pprof, e);
	else
		rc = access_open(access, e);
	if (rc != 0)
		session_detach(session);
	return rc;
}

int session_attach_several(struct session *session, struct words *words, struct err *e)
{
	int rc;

	session_detach(session);
	session->members = members_new(words, &session->access, &session->guard);
	if (!session->members)
		return err_set(e, ERR_NOMEM, "out of memory: cannot watch processes");
	rc = members_find(session->members, e);
	if (rc != 0)
		session_detach(session);
	return rc;
}

struct prove_job {
	struct session *session;
	bool start;
};

static void prove_job(void *arg)
{
	const struct prove_job *job = arg;

	job->session->access.ops->prove(job->session->access.ctx, job->start);
}

int session_prove(struct session *session, bool start, struct err *e)
{
	const struct source_ops *ops = session->access.ops;
	struct prove_job job = {session, start};

	if (session->members && members_prove(session->members, start))
		return 0;
	if (!ops || !ops->prove)
		return err_set(
			e, ERR_UNSUPPORTED,
			"leaks can be proved only in Go programs that run on this "
			"machine, because their heap must be read; this source is %s",
			session->members ? "native"
			: ops            ? ops->name
					 : "not open");
	return run(session, prove_job, &job, e);
}

bool session_proving(const struct session *session, unsigned *percent)
{
	return session->members ? members_proving(session->members, percent)
				: access_proving(&session->access, percent);
}

bool session_ended(const struct session *session)
{
	return session->members ? members_ended(session->members)
				: access_ended(&session->access);
}

int session_end_fd(const struct session *session)
{
	return session->access.pidfd;
}

bool session_is_live(const struct session *session)
{
	return session->members || session->access.target.pid > 0;
}

bool session_has_target(const struct session *session)
{
	return session->members || session->access.ops;
}

static bool cannot_confirm(void *ctx, struct snapshot *snapshot,
			   const struct cycle *cycle)
{
	return false;
}

/* Derives what takes more than one sample, or other processes. */
static int complete(struct session *session, struct snapshot *snapshot, struct err *e)
{
	/* The memory of other processes may be just as unresponsive. */
	bool mute = session->access.target.mute;
	int rc;

	if (stack_table_full(session->stacks))
		snapshot_note(snapshot,
			      "the table of stacks is full: some tasks have no stack");
	if (!mute)
		holders_fill(session->holders, snapshot);
	snapshot_name_processes(snapshot);
	rc = track_update(session->track, snapshot, e);
	if (rc == 0)
		rc = graph_build(snapshot, e);
	if (rc != 0)
		return rc;
	graph_settle(snapshot, mute ? cannot_confirm : holders_confirm, session->holders);
	verdicts_update(session->verdicts, session->track, snapshot);
	figures_update(&session->figures, snapshot);
	/* Another source uses other identities: every task would seem to end and a new
	 * one to appear. */
	if (session->grouped != session->access.ops)
		grouping_reset(session->grouping);
	session->grouped = session->access.ops;
	grouping_update(session->grouping, snapshot);
	return 0;
}

static void note_ptrace(const struct session *session, struct snapshot *snapshot)
{
	const struct source_ops *ops = session->access.ops;

	if (ops && session->options.ptrace && ops != &source_native &&
	    snapshot->proving.state == PROVING_NONE)
		snapshot_note(
			snapshot,
			"--ptrace has no effect: the source %s never stops a thread",
			ops->name);
}

static int sample_one(struct session *session, const struct source_focus *focus,
		      struct snapshot **snapshot, struct err *e)
{
	struct access *access = &session->access;
	int rc = access_renew(access, e);

	if (rc != 0)
		return rc;
	/* Recorded snapshots are complete, and the steps below are about a process that
	 * runs now. */
	if (access->ops == &source_replay)
		return session_recorded(session, focus->all, snapshot, e);
	rc = access_sample(access, focus, snapshot, e);
	if (rc != 0)
		return rc;
	rc = complete(session, *snapshot, e);
	if (rc == 0)
		note_ptrace(session, *snapshot);
	return rc;
}

struct sample_job {
	struct session *session;
	const struct source_focus *focus;
	struct snapshot **snapshot;
	struct err *e;
	int rc;
};

static void sample_job(void *arg)
{
	struct sample_job *job = arg;

	job->rc = sample_one(job->session, job->focus, job->snapshot, job->e);
}

static void complete_job(void *arg)
{
	struct sample_job *job = arg;

	job->rc = complete(job->session, *job->snapshot, job->e);
}

/* Runs the job. Tries again without what did not answer: rows without it are better than
 * none. */
static int run_twice(struct session *session, void (*function)(void *arg),
		     struct sample_job *job)
{
	int rc = run(session, function, job, job->e);

	if (rc == ERR_TIMEOUT && !guard_stopped(&session->guard))
		rc = run(session, function, job, job->e);
	if (rc != 0)
		*job->snapshot = NULL; /* the worker may still be filling it */
	rc = rc ? rc : job->rc;
	if (rc != 0) {
		snapshot_unref(*job->snapshot);
		*job->snapshot = NULL;
	}
	return rc;
}

static int sample_several(struct session *session, struct sample_job *job)
{
	int rc = members_sample(session->members, job->focus, job->snapshot, job->e);

	guard_refresh(&session->access);
	return rc ? rc : run_twice(session, complete_job, job);
}

int session_sample(struct session *session, const struct source_focus *focus,
		   struct snapshot **snapshot, struct err *e)
{
	struct sample_job job = {session, focus, snapshot, e, 0};
	struct access *access = &session->access;
	bool mute = access->target.mute;

	*snapshot = NULL;
	if (session->members)
		return sample_several(session, &job);
	guard_refresh(access);
	if (mute && !access->target.mute)
		guard_run_close(&session->guard, access, close_job, access);
	return run_twice(session, sample_job, &job);
}
