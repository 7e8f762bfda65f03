/* SPDX-License-Identifier: MIT */
/* The thread of one target: it samples at the interval and publishes the result under the
 * lock. If the target cannot be attached, it tries again. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/export_private.h"
#include "cli/session_options.h"

#define RETRY_NS (5 * CLOCK_SECOND_NS)

/* Counts the tasks created and ended between two samples: from the new ones and the
 * change of the total. A row of a profile stands for many goroutines and can grow without
 * being new. */
static void count_changes(struct watched *one, const struct snapshot *snapshot)
{
	struct metrics *metrics = &one->taken;
	uint64_t count = 0, fresh = 0;

	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		uint32_t weight = task_weight(&snapshot->tasks[i]);

		count += weight;
		fresh += snapshot->tasks[i].flags & TASK_NEW ? weight : 0;
	}
	if (count > one->last_count + fresh)
		fresh = count - one->last_count;
	if (metrics->counting) {
		metrics->created += fresh;
		metrics->ended += one->last_count + fresh - count;
	}
	metrics->counting = true;
	one->last_count = count;
}

/* Waits until due_ns. Returns false if the thread has to end. */
static bool pause_until(struct watched *one, int64_t due_ns)
{
	struct timespec due = clock_to_timespec(due_ns);
	struct exports *exports = one->exports;
	bool stop;

	pthread_mutex_lock(&exports->lock);
	while (!one->stop && clock_mono_ns() < due_ns)
		pthread_cond_timedwait(&exports->woken, &exports->lock, &due);
	stop = one->stop;
	pthread_mutex_unlock(&exports->lock);
	return !stop;
}

static void publish_metrics(struct watched *one, bool ended)
{
	struct exports *exports = one->exports;

	pthread_mutex_lock(&exports->lock);
	one->metrics = one->taken;
	one->sampled_ns = clock_mono_ns();
	if (ended)
		one->ended_ns = one->sampled_ns;
	pthread_mutex_unlock(&exports->lock);
}

/* Returns false if the process has ended. */
static bool take_sample(struct watched *one, struct session *session)
{
	/* Asking for whole stacks would read every thread from outside. */
	struct source_focus none = {0};
	int64_t begin_ns = clock_mono_ns();
	struct snapshot *snapshot;
	struct err e = {0};
	int rc = session_sample(session, &none, &snapshot, &e);
	bool ended = rc == ERR_GONE && one->pid > 0;

	one->taken.up = rc == 0;
	if (rc == 0) {
		count_changes(one, snapshot);
		one->taken.skip_zero = one->exports->options.skip_zero;
		metrics_take(&one->taken, snapshot, one->exports->options.nr_groups);
		if (one->pid == 0)
			snprintf(one->taken.target, sizeof(one->taken.target), "%s",
				 one->word->text);
		snapshot_unref(snapshot);
	}
	one->taken.sample_ns = clock_mono_ns() - begin_ns;
	publish_metrics(one, ended);
	return !ended;
}

static void watch_loop(struct watched *one, struct session *session)
{
	int64_t interval_ns = one->exports->options.options->settings.interval_ns;
	int64_t due_ns = clock_mono_ns();

	while (pause_until(one, due_ns) && take_sample(one, session)) {
		due_ns += interval_ns;
		if (due_ns < clock_mono_ns())
			due_ns = clock_mono_ns() + interval_ns / 2;
	}
}

/* Tries until it succeeds. Returns false if the process or the exporter ends first. */
static bool attach_with_retry(struct watched *one, struct session *session)
{
	bool said = false;

	for (;;) {
		struct err e = {0};
		int rc = one->pid == 0
				 ? session_attach_other(session, one->word->text, -1, &e)
				 : session_attach(session, one->pid, &e);
		bool ended = one->pid > 0 && (rc == ERR_NOTFOUND || rc == ERR_GONE);

		if (rc == 0)
			return true;
		if (!said && !ended)
			cli_complain("%s", e.text);
		said = true;
		publish_metrics(one, ended);
		if (ended || !pause_until(one, clock_mono_ns() + RETRY_NS))
			return false;
	}
}

static void share_session(struct watched *one, struct session *session)
{
	pthread_mutex_lock(&one->exports->lock);
	one->session = session;
	if (session && one->stop)
		__atomic_store_n(&session->guard.cancel, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&one->exports->lock);
}

static void *watch_main(void *argument)
{
	struct watched *one = argument;
	const struct export_options *options = &one->exports->options;
	struct session_options session_options = session_options_from(options->options);
	struct session session;
	struct err e = {0};

	if (session_init(&session, &session_options, &e) == 0) {
		share_session(one, &session);
		if (attach_with_retry(one, &session))
			watch_loop(one, &session);
		share_session(one, NULL);
	} else {
		cli_complain("%s", e.text);
		publish_metrics(one, true);
	}
	session_release(&session);
	return NULL;
}

bool export_watch_start(struct watched *one)
{
	return threads_start(&one->thread, watch_main, one) == 0;
}

void export_watch_cancel(struct watched *one)
{
	one->stop = true;
	if (one->session)
		__atomic_store_n(&one->session->guard.cancel, 1, __ATOMIC_RELAXED);
}
