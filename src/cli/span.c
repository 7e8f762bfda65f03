/* SPDX-License-Identifier: MIT */
/* Samples a live target until the time is over. A recording is read from its first
 * snapshot to its last, without waiting. */
#include "cli/span.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/session_options.h"
#include "source/sniff.h"

#define SAMPLES_LEAST  40 /* samples in the time given */
#define INTERVAL_LEAST (CLOCK_SECOND_NS / 20)
#define FIXED_AGAIN_NS (CLOCK_SECOND_NS / 20)
#define LEAST_OPEN_NS  (5 * CLOCK_SECOND_NS) /* for a watch without a given end */

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
	stop_signal = number;
}

bool span_stopped(void)
{
	return stop_signal != 0;
}

void span_end_by_signal(void)
{
	if (stop_signal == 0)
		return;
	signal(stop_signal, SIG_DFL);
	raise(stop_signal);
}

int span_length(const struct options *options, int64_t usual_ns, int64_t *for_ns,
		struct err *e)
{
	const char *text = options->value[OPTION_FOR];

	*for_ns = usual_ns;
	if (!text)
		return 0;
	if (option_duration(OPTION_FOR, text, for_ns, e) != 0)
		return ERR_USAGE;
	if (*for_ns < CLOCK_SECOND_NS)
		return err_set(
			e, ERR_USAGE,
			"--for: '%.40s' is too short to judge anything; give at least 1s",
			text);
	return 0;
}

static void set_times(struct span *span, const struct options *options, int64_t for_ns)
{
	span->least_ns = for_ns > 0 ? for_ns / 2 : LEAST_OPEN_NS;
	if (span->least_ns > TREND_LEAST_NS)
		span->least_ns = TREND_LEAST_NS;
	span->interval_ns = options->settings.interval_ns;
	if (for_ns > 0 && span->interval_ns > for_ns / SAMPLES_LEAST)
		span->interval_ns = for_ns / SAMPLES_LEAST;
	if (for_ns == 0 && !options->value[OPTION_INTERVAL])
		span->interval_ns = CLOCK_SECOND_NS / 4;
	if (span->interval_ns < INTERVAL_LEAST)
		span->interval_ns = INTERVAL_LEAST;
	span->due_ns = clock_mono_ns();
	span->end_ns = for_ns > 0 ? clock_add(span->due_ns, for_ns) : INT64_MAX;
	grouping_set_least(span->session.grouping, span->least_ns);
}

/* Rewinds to the first snapshot and takes the recording's whole time as watched. */
static int rewind_recording(struct span *span, struct err *e)
{
	struct source_focus all = {.all = true};
	struct snapshot *snapshot = NULL;
	int64_t last_ns;

	if (session_sample(&span->session, &all, &snapshot, e) != 0)
		return e->code;
	span->replay = snapshot->target.replay;
	last_ns = snapshot->real_ns;
	snapshot_unref(snapshot);
	if (!span->replay)
		return 0;
	session_move(&span->session, -INT_MAX, 0);
	if (session_sample(&span->session, &all, &snapshot, e) != 0)
		return e->code;
	/* A recording may contain several processes, one after the other. */
	last_ns = (last_ns - snapshot->real_ns) / 4;
	grouping_set_least(span->session.grouping,
			   last_ns < TREND_LEAST_NS ? last_ns : TREND_LEAST_NS);
	snapshot_unref(snapshot);
	session_move(&span->session, -INT_MAX, 0);
	return 0;
}

void span_catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction hangup;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Under nohup, SIGHUP stays ignored. */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
}

int span_open(struct span *span, const struct options *options, struct target *target,
	      int64_t for_ns)
{
	struct session_options session_options = session_options_from(options);
	const char *other = target->other;
	struct err e = {0};
	int rc;

	session_options.stopped = span_stopped;
	rc = session_init(&span->session, &session_options, &e);
	span->opened = true;
	/* Before anything that may take long. A stream is waited for with the default
	 * actions. */
	if (!other)
		span_catch_signals();
	if (rc == 0)
		rc = target_attach(target, &span->session, STDIN_FILENO, &e);
	if (rc == 0 && other)
		rc = rewind_recording(span, &e);
	if (rc != 0 && span_stopped()) {
		cli_complain("a signal ended it before the first sample");
		return CLI_ENDED;
	}
	if (rc != 0) {
		cli_complain("%s", e.text);
		return cli_exit_of(&e);
	}
	span->fixed = other && !span->replay && !source_is_url(other);
	if (span->replay)
		span->end_ns = INT64_MAX;
	else
		set_times(span, options, for_ns);
	/* A task is stuck if it is in two samples, and one has just been taken. */
	if (span->fixed)
		span->due_ns += FIXED_AGAIN_NS;
	span_catch_signals();
	return CLI_FINE;
}

void span_close(struct span *span)
{
	if (!span->opened)
		return;
	snapshot_unref(span->last);
	span->last = NULL;
	session_release(&span->session);
}

bool span_woken(const struct span *span)
{
	struct pollfd wake = {.fd = span->wake_fd ? *span->wake_fd : -1,
			      .events = POLLIN};

	return span->wake_fd && poll(&wake, 1, 0) > 0;
}

void span_hurry(struct span *span, int64_t in_ns)
{
	int64_t due_ns = clock_mono_ns() + in_ns;

	if (due_ns < span->due_ns)
		span->due_ns = due_ns;
}

static void wait_until(struct span *span, int64_t due_ns)
{
	struct pollfd wake = {.fd = span->wake_fd ? *span->wake_fd : -1,
			      .events = POLLIN};
	int64_t left_ns = due_ns - clock_mono_ns();
	struct timespec left = clock_to_timespec(left_ns > 0 ? left_ns : 0);

	if (!stop_signal)
		ppoll(&wake, 1, &left, NULL);
	span->woken = span_woken(span);
}

/* Another source starts with no history, so the rest of the time has to be enough. */
static void note_source(struct span *span)
{
	int64_t left_ns = span->end_ns - clock_mono_ns();

	if (span->ops && span->ops != span->session.access.ops &&
	    left_ns / 2 < span->least_ns)
		grouping_set_least(span->session.grouping, left_ns / 2);
	span->ops = span->session.access.ops;
}

static void keep_snapshot(struct span *span, struct snapshot *snapshot)
{
	snapshot_unref(span->last);
	span->last = snapshot;
	span->last_ns = snapshot->mono_ns;
	if (span->nr_samples++ == 0)
		span->first_ns = snapshot->mono_ns;
}

/* After a partial line of a killed recorder, the previous snapshot is read again. */
static bool is_new(const struct span *span, const struct snapshot *snapshot)
{
	return span->nr_samples == 0 || snapshot->real_ns > span->last->real_ns ||
	       (snapshot->real_ns < span->last->real_ns &&
		snapshot->mono_ns > span->last_ns);
}

static const char *note_with(const struct snapshot *snapshot, const char *begin)
{
	for (size_t i = 0; i < snapshot->nr_notes; i++)
		if (text_starts_with(snapshot->notes[i], begin))
			return snapshot->notes[i];
	return NULL;
}

/* Reports once, at the end, the first gap and an incomplete last line. */
static void note_unread(struct span *span, const struct snapshot *snapshot)
{
	const char *why = note_with(snapshot, "the recording is "), *end;

	if (snapshot->target.unread && span->unread++ == 0 && why) {
		end = strstr(why, ": th");
		snprintf(span->unread_why, sizeof(span->unread_why), "%.*s",
			 (int)(end ? end - why : (long)strlen(why)), why);
	}
	if (!span->replay_over)
		return;
	why = note_with(snapshot, "the recording has ");
	if (why)
		cli_complain("%s", why);
	why = note_with(snapshot, "the recording ends ");
	if (why)
		cli_complain("%s", why);
}

static bool next_recorded(struct span *span, struct err *e)
{
	struct source_focus all = {.all = true};
	struct snapshot *snapshot;
	const struct feed_place *place = session_place(&span->session);

	while (!stop_signal && !span->replay_over) {
		if (span->nr_samples > 0)
			session_move(&span->session, 1, 0);
		if (session_sample(&span->session, &all, &snapshot, e) != 0)
			return false;
		span->replay_over = place->at + 1 >= place->count;
		note_unread(span, snapshot);
		if (is_new(span, snapshot)) {
			keep_snapshot(span, snapshot);
			return true;
		}
		snapshot_unref(snapshot);
	}
	if (span->replay_over && span->unread > 0)
		cli_complain("%zu of the %zu snapshots cannot be read: %s", span->unread,
			     place->count, span->unread_why);
	span->unread = 0;
	return false;
}

bool span_next(struct span *span, struct err *e)
{
	struct source_focus all = {.all = true};
	struct snapshot *snapshot;
	int rc;

	if (span->replay)
		return next_recorded(span, e);
	if (span->fixed && span->nr_samples > 0)
		return false;
	for (;;) {
		wait_until(span, span->due_ns);
		if (stop_signal || span->woken || span->due_ns >= span->end_ns)
			return false;
		span->due_ns += span->interval_ns;
		if (span->due_ns < clock_mono_ns())
			span->due_ns = clock_mono_ns();
		rc = session_sample(&span->session, &all, &snapshot, e);
		if (rc == 0) {
			note_source(span);
			keep_snapshot(span, snapshot);
			return true;
		}
		span->ended = rc == ERR_GONE;
		if (span->ended || span->nr_samples == 0)
			return false;
		err_clear(e); /* the error may be temporary */
	}
}
