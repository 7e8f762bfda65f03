/* SPDX-License-Identifier: MIT */
/* The source in use may be replaced at any time. Identities and ages survive that because
 * the tracker stays. */
#include "session/look.h"

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
#define LOOK_INTERN_BYTES   (32u << 20)
/* The longest and the first interval between searches for a better source. */
#define LOOK_PROBE_NS       (2 * CLOCK_SECOND_NS)
#define LOOK_PROBE_FIRST_NS (CLOCK_SECOND_NS / 5)

int look_init(struct look *look, const struct look_options *options, struct err *e)
{
	memset(look, 0, sizeof(*look));
	look->options = *options;
	look->pidfd = -1;
	figures_init(&look->figures);
	look->intern = intern_new(LOOK_INTERN_BYTES);
	look->stacks = stack_table_new(SNAPSHOT_TASKS_MAX);
	look->track = track_new();
	look->verdicts = verdicts_new(&options->rule);
	look->holders = holders_new();
	look->grouping = grouping_new(options->acknowledge, e);
	if (!look->grouping ||
	    grouping_suppress(look->grouping, options->suppress, e) != 0)
		return e->code;
	if (!look->intern || !look->stacks || !look->track || !look->verdicts ||
	    !look->holders)
		return err_set(e, ERR_NOMEM, "out of memory: cannot watch a process");
	if (options->warm_up_ns > 0)
		grouping_set_least(look->grouping, options->warm_up_ns);
	look->target.intern = look->intern;
	look->target.stacks = look->stacks;
	look->target.text = look->text;
	look->target.threads = options->threads;
	look->target.runtime = options->runtime;
	look->target.ptrace = options->ptrace;
	look->target.rules = options->stack_rules;
	look->target.user = options->user;
	look->target.header = options->header;
	look->target.dump = options->dump;
	look->target.input_fd = -1;
	look->target.cancel = &look->cancel;
	return 0;
}

static void close_source(struct look *look)
{
	if (look->ops && look->ops->close)
		look->ops->close(look->ctx);
	free(look->ctx);
	look->ctx = NULL;
	look->ops = NULL;
}

static void close_job(void *arg)
{
	close_source(arg);
}

void look_detach(struct look *look)
{
	look_run_close(look, close_job, look);
	look->ops = NULL;
	look->ctx = NULL;
	if (look->pidfd >= 0)
		close(look->pidfd);
	look->pidfd = -1;
	look->target.pid = 0;
	snapshot_unref(look->recording.shown);
	memset(&look->recording, 0, sizeof(look->recording));
	figures_init(&look->figures);
	if (look->verdicts)
		verdicts_reset(look->verdicts);
	if (look->grouping)
		grouping_reset(look->grouping);
}

void look_release(struct look *look)
{
	look_detach(look);
	look_guard_release(look);
	if (look->guard.unfinished)
		return;
	track_free(look->track);
	verdicts_free(look->verdicts);
	holders_free(look->holders);
	grouping_free(look->grouping);
	stack_table_free(look->stacks);
	intern_free(look->intern);
}

struct track *look_new_track(void)
{
	return track_new();
}

static bool is_auto(const struct look *look)
{
	return !look->options.source || strcmp(look->options.source, "auto") == 0;
}

/* Opens a source and then closes the one in use. If that fails, the old one stays in
 * use. */
static int open_source(struct look *look, const struct source_ops *ops, struct err *e)
{
	void *ctx = calloc(1, ops->ctx_size ? ops->ctx_size : 1);
	int rc;

	if (!ctx)
		return err_set(e, ERR_NOMEM, "out of memory: cannot open the source %s",
			       ops->name);
	rc = ops->open(ctx, &look->target, e);
	if (rc != 0) {
		if (ops->close)
			ops->close(ctx);
		free(ctx);
		return rc;
	}
	close_source(look);
	look->ops = ops;
	look->ctx = ctx;
	return 0;
}

/* Opens any suitable source except `failed`, best first. e keeps the first error. */
static int open_another(struct look *look, const struct source_ops *failed, struct err *e)
{
	for (size_t i = 0; source_table[i]; i++) {
		struct err ignored;

		if (source_table[i] != failed &&
		    source_table[i]->probe(&look->target, &ignored) > 0 &&
		    open_source(look, source_table[i], &ignored) == 0)
			return 0;
	}
	return e->code ? e->code : ERR_UNSUPPORTED;
}

/* Probes often at first: a program that has just started may still change. */
static void set_next_probe(struct look *look)
{
	look->next_probe_ns = clock_mono_ns() + look->probe_every_ns;
	look->probe_every_ns *= 2;
	if (look->probe_every_ns > LOOK_PROBE_NS)
		look->probe_every_ns = LOOK_PROBE_NS;
}

static int open_best(struct look *look, struct err *e)
{
	/* All other sources read the target's memory. */
	const struct source_ops *ops =
		look->target.mute ? &source_native
				  : source_choose(look->options.source, &look->target, e);
	int rc;

	if (!ops)
		return e->code ? e->code
			       : err_set(e, ERR_UNSUPPORTED,
					 "no source can watch process %d",
					 (int)look->target.pid);
	rc = open_source(look, ops, e);
	if (rc != 0 && rc != ERR_GONE && is_auto(look) && !look->target.mute)
		rc = open_another(look, ops, e);
	look->probe_every_ns = LOOK_PROBE_FIRST_NS;
	set_next_probe(look);
	return rc;
}

/* Without access, rows would have no states and the process would look healthy. */
static int check_access(const struct look *look, struct err *e)
{
	char why[ERR_TEXT_MAX];

	if (look->options.partial || look->ops != &source_native ||
	    !kernel_denied(look->target.pid, why, sizeof(why)))
		return 0;
	return err_set(e, ERR_PERM, "%s; use --allow-partial to watch without it", why);
}

struct attach_job {
	struct look *look;
	struct err *e;
	int rc;
};

static void attach_job(void *arg)
{
	struct attach_job *job = arg;

	job->rc = open_best(job->look, job->e);
	if (job->rc == 0)
		job->rc = check_access(job->look, job->e);
}

/* The second attempt leaves out what did not answer in the first. */
static int attach_guarded(struct look *look, struct err *e)
{
	struct attach_job job = {look, e, 0};
	int rc = look_run(look, attach_job, &job, e);

	if (rc == ERR_TIMEOUT && !look_stopped(look))
		rc = look_run(look, attach_job, &job, e);
	return rc ? rc : job.rc;
}

int look_attach(struct look *look, pid_t pid, struct err *e)
{
	int rc;

	look_detach(look);
	look_guard_attach(look, pid);
	look->target.pid = pid;
	look->target.text = look->text;
	snprintf(look->text, sizeof(look->text), "%d", (int)pid);
	look->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (look->pidfd < 0 && errno == ESRCH) {
		look->target.pid = 0;
		return err_set(e, ERR_NOTFOUND,
			       "there is no process %d; 'grmon-c ls' lists the processes",
			       (int)pid);
	}
	rc = attach_guarded(look, e);
	if (rc != 0)
		look_detach(look);
	return rc;
}

static bool is_recording(const char *text, int input_fd)
{
	if (strcmp(text, "-") == 0)
		return replay_fits_stream(input_fd);
	return !source_is_url(text) && source_sniff_file(text, NULL) == SNIFF_GRMON;
}

int look_attach_other(struct look *look, const char *text, int input_fd, struct err *e)
{
	int rc;

	look_detach(look);
	look->target.text = text;
	look->target.input_fd = input_fd;
	if (is_auto(look))
		rc = open_source(
			look,
			is_recording(text, input_fd) ? &source_replay : &source_pprof, e);
	else
		rc = open_best(look, e);
	if (rc != 0)
		look_detach(look);
	return rc;
}

/* A better source can appear after an exec, when an agent starts late, or when Go's
 * runtime becomes ready. Probes only the sources that are better than the one in use; a
 * failure changes nothing. */
static void change_over(struct look *look)
{
	struct err ignored;

	if (look->target.pid == 0 || !is_auto(look) || look->target.mute ||
	    clock_mono_ns() < look->next_probe_ns)
		return;
	set_next_probe(look);
	for (size_t i = 0; source_table[i] && source_table[i] != look->ops; i++) {
		err_clear(&ignored);
		if (source_table[i]->probe(&look->target, &ignored) > 0 &&
		    open_source(look, source_table[i], &ignored) == 0)
			return;
	}
}

struct prove_job {
	struct look *look;
	bool start;
};

static void prove_job(void *arg)
{
	const struct prove_job *job = arg;

	job->look->ops->prove(job->look->ctx, job->start);
}

int look_prove(struct look *look, bool start, struct err *e)
{
	struct prove_job job = {look, start};

	if (!look->ops || !look->ops->prove)
		return err_set(
			e, ERR_UNSUPPORTED,
			"leaks can be proved only in Go programs that run on this "
			"machine, because their heap must be read; this source is %s",
			look->ops ? look->ops->name : "not open");
	return look_run(look, prove_job, &job, e);
}

bool look_ended(const struct look *look)
{
	struct pollfd ended = {.fd = look->pidfd, .events = POLLIN};

	return look->pidfd >= 0 && poll(&ended, 1, 0) > 0;
}

static bool cannot_confirm(void *ctx, struct snapshot *snapshot,
			   const struct cycle *cycle)
{
	return false;
}

static int sample_once(struct look *look, const struct source_focus *focus,
		       struct snapshot **snapshot, struct err *e)
{
	int rc;

	/* Recorded snapshots are complete, and the steps below are about a process that
	 * runs now. */
	if (look->ops == &source_replay)
		return look_recorded(look, focus->all, snapshot, e);
	*snapshot = snapshot_new();
	if (!*snapshot)
		return err_set(e, ERR_NOMEM, "out of memory: cannot take a snapshot");
	rc = look->ops->sample(look->ctx, focus, *snapshot, e);
	if (stack_table_full(look->stacks))
		snapshot_note(*snapshot,
			      "the table of stacks is full: some tasks have no stack");
	/* The memory of other processes may be just as unresponsive. */
	if (rc == 0 && !look->target.mute)
		holders_fill(look->holders, *snapshot);
	if (rc == 0)
		rc = track_update(look->track, *snapshot, e);
	if (rc == 0)
		rc = graph_build(*snapshot, e);
	if (rc == 0)
		graph_settle(*snapshot,
			     look->target.mute ? cannot_confirm : holders_confirm,
			     look->holders);
	if (rc == 0)
		verdicts_update(look->verdicts, look->track, *snapshot);
	if (rc == 0)
		figures_update(&look->figures, *snapshot);
	/* Another source uses other identities: every task would seem to end and a new
	 * one to appear. */
	if (rc == 0 && look->grouped != look->ops)
		grouping_reset(look->grouping);
	look->grouped = look->ops;
	if (rc == 0)
		grouping_update(look->grouping, *snapshot);
	if (rc != 0) {
		snapshot_unref(*snapshot);
		*snapshot = NULL;
	}
	return rc;
}

static int sample_and_recover(struct look *look, const struct source_focus *focus,
			      struct snapshot **snapshot, struct err *e)
{
	const struct source_ops *failed;
	int rc = 0;

	*snapshot = NULL;
	if (look_ended(look))
		return err_set(e, ERR_GONE, "process %d ended", (int)look->target.pid);
	if (look->ops)
		change_over(look);
	else
		rc = open_best(look, e);
	if (rc != 0 || !look->ops)
		return rc ? rc : ERR_UNSUPPORTED;
	rc = sample_once(look, focus, snapshot, e);
	if (rc == 0)
		goto out;
	if (look->target.pid == 0)
		return rc;
	failed = look->ops;
	close_source(look);
	if (look_ended(look))
		return err_set(e, ERR_GONE, "process %d ended", (int)look->target.pid);
	/* Without a pidfd, the source's word that the target ended is taken. */
	if ((rc == ERR_GONE && look->pidfd < 0) || !is_auto(look))
		return rc;
	if (open_another(look, failed, e) == 0 && look->ops) {
		struct err first = *e;

		rc = sample_once(look, focus, snapshot, e);
		if (rc == 0)
			snapshot_note(*snapshot, "%s", first.text);
		else
			close_source(look);
	}
out:
	if (rc == 0 && *snapshot && look->ops && look->options.ptrace &&
	    look->ops != &source_native && !(*snapshot)->target.replay &&
	    (*snapshot)->proving.state == PROVING_NONE)
		snapshot_note(
			*snapshot,
			"--ptrace has no effect: the source %s never stops a thread",
			look->ops->name);
	return rc;
}

struct sample_job {
	struct look *look;
	const struct source_focus *focus;
	struct snapshot **snapshot;
	struct err *e;
	int rc;
};

static void sample_job(void *arg)
{
	struct sample_job *job = arg;

	job->rc = sample_and_recover(job->look, job->focus, job->snapshot, job->e);
}

/* Tries again without what did not answer: rows without it are better than none. */
int look_sample(struct look *look, const struct source_focus *focus,
		struct snapshot **snapshot, struct err *e)
{
	struct sample_job job = {look, focus, snapshot, e, 0};
	bool mute = look->target.mute;
	int rc;

	look_guard_refresh(look);
	if (mute && !look->target.mute)
		look_run_close(look, close_job, look);
	rc = look_run(look, sample_job, &job, e);
	if (rc == ERR_TIMEOUT && !look_stopped(look))
		rc = look_run(look, sample_job, &job, e);
	if (rc != 0)
		*snapshot = NULL; /* the worker may still be filling it */
	return rc ? rc : job.rc;
}
