/* SPDX-License-Identifier: MIT */
/* The source in use may be replaced at any time. Identities and ages survive that because
 * the tracker stays. */
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/agent/agent.h"
#include "source/replay.h"
#include "source/sniff.h"

/* Limits what a hostile target can make the client store. */
#define SESSION_INTERN_BYTES   (32u << 20)
/* The longest and the first interval between searches for a better source. */
#define SESSION_PROBE_NS       (2 * CLOCK_SECOND_NS)
#define SESSION_PROBE_FIRST_NS (CLOCK_SECOND_NS / 5)

int session_init(struct session *session, const struct session_options *options,
		 struct err *e)
{
	memset(session, 0, sizeof(*session));
	session->options = *options;
	session->pidfd = -1;
	figures_init(&session->figures);
	session->intern = intern_new(SESSION_INTERN_BYTES);
	session->stacks = stack_table_new(SNAPSHOT_TASKS_MAX);
	session->track = track_new();
	session->verdicts = verdicts_new(&options->rule);
	session->holders = holders_new();
	session->grouping = grouping_new(options->acknowledge, e);
	if (!session->grouping ||
	    grouping_suppress(session->grouping, options->suppress, e) != 0)
		return e->code;
	if (!session->intern || !session->stacks || !session->track ||
	    !session->verdicts || !session->holders)
		return err_set(e, ERR_NOMEM, "out of memory: cannot watch a process");
	if (options->warm_up_ns > 0)
		grouping_set_least(session->grouping, options->warm_up_ns);
	session->target.intern = session->intern;
	session->target.stacks = session->stacks;
	session->target.text = session->text;
	session->target.threads = options->threads;
	session->target.runtime = options->runtime;
	session->target.ptrace = options->ptrace;
	session->target.rules = options->stack_rules;
	session->target.user = options->user;
	session->target.header = options->header;
	session->target.dump = options->dump;
	session->target.input_fd = -1;
	session->target.cancel = &session->cancel;
	return 0;
}

static void close_source(struct session *session)
{
	if (session->ops && session->ops->close)
		session->ops->close(session->ctx);
	free(session->ctx);
	session->ctx = NULL;
	session->ops = NULL;
}

static void close_job(void *arg)
{
	close_source(arg);
}

void session_detach(struct session *session)
{
	session_run_close(session, close_job, session);
	session->ops = NULL;
	session->ctx = NULL;
	if (session->pidfd >= 0)
		close(session->pidfd);
	session->pidfd = -1;
	session->target.pid = 0;
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
	session_guard_release(session);
	if (session->guard.unfinished)
		return;
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

static bool is_auto(const struct session *session)
{
	return !session->options.source || strcmp(session->options.source, "auto") == 0;
}

/* Opens a source and then closes the one in use. If that fails, the old one stays in
 * use. */
static int open_source(struct session *session, const struct source_ops *ops,
		       struct err *e)
{
	void *ctx = calloc(1, ops->ctx_size ? ops->ctx_size : 1);
	int rc;

	if (!ctx)
		return err_set(e, ERR_NOMEM, "out of memory: cannot open the source %s",
			       ops->name);
	rc = ops->open(ctx, &session->target, e);
	if (rc != 0) {
		if (ops->close)
			ops->close(ctx);
		free(ctx);
		return rc;
	}
	close_source(session);
	session->ops = ops;
	session->ctx = ctx;
	return 0;
}

/* Opens any suitable source except `failed`, best first. e keeps the first error. */
static int open_another(struct session *session, const struct source_ops *failed,
			struct err *e)
{
	for (size_t i = 0; source_table[i]; i++) {
		struct err ignored;

		if (source_table[i] != failed &&
		    source_table[i]->probe(&session->target, &ignored) > 0 &&
		    open_source(session, source_table[i], &ignored) == 0)
			return 0;
	}
	return e->code ? e->code : ERR_UNSUPPORTED;
}

/* Probes often at first: a program that has just started may still change. */
static void set_next_probe(struct session *session)
{
	session->next_probe_ns = clock_mono_ns() + session->probe_every_ns;
	session->probe_every_ns *= 2;
	if (session->probe_every_ns > SESSION_PROBE_NS)
		session->probe_every_ns = SESSION_PROBE_NS;
}

static int open_best(struct session *session, struct err *e)
{
	/* All other sources read the target's memory. */
	const struct source_ops *ops =
		session->target.mute
			? &source_native
			: source_choose(session->options.source, &session->target, e);
	int rc;

	if (!ops)
		return e->code ? e->code
			       : err_set(e, ERR_UNSUPPORTED,
					 "no source can watch process %d",
					 (int)session->target.pid);
	rc = open_source(session, ops, e);
	if (rc != 0 && rc != ERR_GONE && is_auto(session) && !session->target.mute)
		rc = open_another(session, ops, e);
	session->probe_every_ns = SESSION_PROBE_FIRST_NS;
	set_next_probe(session);
	return rc;
}

/* Without access, rows would have no states and the process would look healthy. */
static int check_access(const struct session *session, struct err *e)
{
	char why[ERR_TEXT_MAX];

	if (session->options.partial || session->ops != &source_native ||
	    !kernel_denied(session->target.pid, why, sizeof(why)))
		return 0;
	return err_set(e, ERR_PERM, "%s; use --allow-partial to watch without it", why);
}

struct attach_job {
	struct session *session;
	struct err *e;
	int rc;
};

static void attach_job(void *arg)
{
	struct attach_job *job = arg;

	job->rc = open_best(job->session, job->e);
	if (job->rc == 0)
		job->rc = check_access(job->session, job->e);
}

/* The second attempt leaves out what did not answer in the first. */
static int attach_guarded(struct session *session, struct err *e)
{
	struct attach_job job = {session, e, 0};
	int rc = session_run(session, attach_job, &job, e);

	if (rc == ERR_TIMEOUT && !session_stopped(session))
		rc = session_run(session, attach_job, &job, e);
	return rc ? rc : job.rc;
}

int session_attach(struct session *session, pid_t pid, struct err *e)
{
	int rc;

	session_detach(session);
	session_guard_attach(session, pid);
	session->target.pid = pid;
	session->target.text = session->text;
	snprintf(session->text, sizeof(session->text), "%d", (int)pid);
	session->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (session->pidfd < 0 && errno == ESRCH) {
		session->target.pid = 0;
		return err_set(e, ERR_NOTFOUND,
			       "there is no process %d; 'grmon-c ls' lists the processes",
			       (int)pid);
	}
	rc = attach_guarded(session, e);
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
	int rc;

	session_detach(session);
	session->target.text = text;
	session->target.input_fd = input_fd;
	if (is_auto(session))
		rc = open_source(
			session,
			is_recording(text, input_fd) ? &source_replay : &source_pprof, e);
	else
		rc = open_best(session, e);
	if (rc != 0)
		session_detach(session);
	return rc;
}

/* A better source can appear after an exec, when an agent starts late, or when Go's
 * runtime becomes ready. Probes only the sources that are better than the one in use; a
 * failure changes nothing. */
static void change_over(struct session *session)
{
	struct err ignored;

	if (session->target.pid == 0 || !is_auto(session) || session->target.mute ||
	    clock_mono_ns() < session->next_probe_ns)
		return;
	set_next_probe(session);
	for (size_t i = 0; source_table[i] && source_table[i] != session->ops; i++) {
		err_clear(&ignored);
		if (source_table[i]->probe(&session->target, &ignored) > 0 &&
		    open_source(session, source_table[i], &ignored) == 0)
			return;
	}
}

struct prove_job {
	struct session *session;
	bool start;
};

static void prove_job(void *arg)
{
	const struct prove_job *job = arg;

	job->session->ops->prove(job->session->ctx, job->start);
}

int session_prove(struct session *session, bool start, struct err *e)
{
	struct prove_job job = {session, start};

	if (!session->ops || !session->ops->prove)
		return err_set(
			e, ERR_UNSUPPORTED,
			"leaks can be proved only in Go programs that run on this "
			"machine, because their heap must be read; this source is %s",
			session->ops ? session->ops->name : "not open");
	return session_run(session, prove_job, &job, e);
}

bool session_ended(const struct session *session)
{
	struct pollfd ended = {.fd = session->pidfd, .events = POLLIN};

	return session->pidfd >= 0 && poll(&ended, 1, 0) > 0;
}

static bool cannot_confirm(void *ctx, struct snapshot *snapshot,
			   const struct cycle *cycle)
{
	return false;
}

static int sample_once(struct session *session, const struct source_focus *focus,
		       struct snapshot **snapshot, struct err *e)
{
	int rc;

	/* Recorded snapshots are complete, and the steps below are about a process that
	 * runs now. */
	if (session->ops == &source_replay)
		return session_recorded(session, focus->all, snapshot, e);
	*snapshot = snapshot_new();
	if (!*snapshot)
		return err_set(e, ERR_NOMEM, "out of memory: cannot take a snapshot");
	rc = session->ops->sample(session->ctx, focus, *snapshot, e);
	if (stack_table_full(session->stacks))
		snapshot_note(*snapshot,
			      "the table of stacks is full: some tasks have no stack");
	/* The memory of other processes may be just as unresponsive. */
	if (rc == 0 && !session->target.mute)
		holders_fill(session->holders, *snapshot);
	if (rc == 0)
		rc = track_update(session->track, *snapshot, e);
	if (rc == 0)
		rc = graph_build(*snapshot, e);
	if (rc == 0)
		graph_settle(*snapshot,
			     session->target.mute ? cannot_confirm : holders_confirm,
			     session->holders);
	if (rc == 0)
		verdicts_update(session->verdicts, session->track, *snapshot);
	if (rc == 0)
		figures_update(&session->figures, *snapshot);
	/* Another source uses other identities: every task would seem to end and a new
	 * one to appear. */
	if (rc == 0 && session->grouped != session->ops)
		grouping_reset(session->grouping);
	session->grouped = session->ops;
	if (rc == 0)
		grouping_update(session->grouping, *snapshot);
	if (rc != 0) {
		snapshot_unref(*snapshot);
		*snapshot = NULL;
	}
	return rc;
}

static int sample_and_recover(struct session *session, const struct source_focus *focus,
			      struct snapshot **snapshot, struct err *e)
{
	const struct source_ops *failed;
	int rc = 0;

	*snapshot = NULL;
	if (session_ended(session))
		return err_set(e, ERR_GONE, "process %d ended", (int)session->target.pid);
	if (session->ops)
		change_over(session);
	else
		rc = open_best(session, e);
	if (rc != 0 || !session->ops)
		return rc ? rc : ERR_UNSUPPORTED;
	rc = sample_once(session, focus, snapshot, e);
	if (rc == 0)
		goto out;
	if (session->target.pid == 0)
		return rc;
	failed = session->ops;
	close_source(session);
	if (session_ended(session))
		return err_set(e, ERR_GONE, "process %d ended", (int)session->target.pid);
	/* Without a pidfd, the source's word that the target ended is taken. */
	if ((rc == ERR_GONE && session->pidfd < 0) || !is_auto(session))
		return rc;
	if (open_another(session, failed, e) == 0 && session->ops) {
		struct err first = *e;

		rc = sample_once(session, focus, snapshot, e);
		if (rc == 0)
			snapshot_note(*snapshot, "%s", first.text);
		else
			close_source(session);
	}
out:
	if (rc == 0 && *snapshot && session->ops && session->options.ptrace &&
	    session->ops != &source_native && !(*snapshot)->target.replay &&
	    (*snapshot)->proving.state == PROVING_NONE)
		snapshot_note(
			*snapshot,
			"--ptrace has no effect: the source %s never stops a thread",
			session->ops->name);
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

	job->rc = sample_and_recover(job->session, job->focus, job->snapshot, job->e);
}

/* Tries again without what did not answer: rows without it are better than none. */
int session_sample(struct session *session, const struct source_focus *focus,
		   struct snapshot **snapshot, struct err *e)
{
	struct sample_job job = {session, focus, snapshot, e, 0};
	bool mute = session->target.mute;
	int rc;

	session_guard_refresh(session);
	if (mute && !session->target.mute)
		session_run_close(session, close_job, session);
	rc = session_run(session, sample_job, &job, e);
	if (rc == ERR_TIMEOUT && !session_stopped(session))
		rc = session_run(session, sample_job, &job, e);
	if (rc != 0)
		*snapshot = NULL; /* the worker may still be filling it */
	return rc ? rc : job.rc;
}
