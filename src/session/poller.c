/* SPDX-License-Identifier: MIT */
/* The poller's thread. Samples are due at multiples of the interval. One that takes too
 * long replaces those it overlaps, and a pause of the same length follows it. */
#include "session/poller.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/threads.h"
#include "session/last.h"
#include "session/poller_internal.h"

/* How often to look for a process by name. */
#define WAIT_RETRY_NS      (200 * CLOCK_MS_NS)
#define PROVING_SAMPLE_NS  (250 * CLOCK_MS_NS)   /* while a proof of leaks is running */
#define SETTLE_NS          (3 * CLOCK_SECOND_NS) /* after attaching */
#define SETTLING_SAMPLE_NS (20 * CLOCK_MS_NS)
#define SLEEP_FOR_EVER_NS  INT64_MAX
#define REPLAY_LEAST_NS    (30 * CLOCK_MS_NS) /* between two snapshots of a recording */

static void wake_view(struct poller *poller)
{
	uint64_t one = 1;
	ssize_t written = write(poller->fresh_fd, &one, sizeof(one));

	(void)written; /* If the counter is full, the descriptor is readable already. */
}

/* Publishes a state and, unless it is NULL, a snapshot, whose reference it takes over. */
static void publish_status(struct poller *poller, enum feed_status status,
			   const char *message, struct snapshot *snapshot)
{
	struct snapshot *old = NULL;

	pthread_mutex_lock(&poller->lock);
	poller->state.status = status;
	snprintf(poller->state.message, sizeof(poller->state.message), "%s", message);
	poller->state.place = *session_place(poller->session);
	poller->state.recorder = poller->recorder.state;
	if (snapshot) {
		old = poller->latest;
		poller->latest = snapshot;
		poller->state.holds = poller->holds_number;
	}
	pthread_mutex_unlock(&poller->lock);
	snapshot_unref(old);
	wake_view(poller);
}

static void note_poll(struct poller *poller, int64_t begin_ns)
{
	int64_t took_ns = clock_mono_ns() - begin_ns;

	pthread_mutex_lock(&poller->lock);
	poller->state.poll_ns = took_ns;
	poller->state.polls++;
	pthread_mutex_unlock(&poller->lock);
}

/* "process 4711 (server) ended at 10:00:03 with exit status 3" */
static void describe_end(struct poller *poller, const struct snapshot *last, char *text,
			 size_t size)
{
	pid_t pid = poller->session->access.target.pid;
	time_t now = time(NULL);
	char when[16] = "", how[128] = "", name[80] = "";
	struct tm local;

	if (localtime_r(&now, &local))
		strftime(when, sizeof(when), "%H:%M:%S", &local);
	if (poller->options.describe_end)
		poller->options.describe_end(poller->options.end_ctx, pid, how,
					     sizeof(how));
	if (last && last->nr_members) {
		snprintf(text, size, "all processes of %.64s have ended, the last at %s",
			 last->target.name, when);
		return;
	}
	if (last)
		snprintf(name, sizeof(name), " (%.64s)", last->target.name);
	snprintf(text, size, "process %d%s ended at %s%s%s", (int)pid, name, when,
		 *how ? " with " : "", how);
}

static void target_ended(struct poller *poller)
{
	struct snapshot *last, *copy = NULL;
	char text[ERR_TEXT_MAX];

	pthread_mutex_lock(&poller->lock);
	last = poller->latest ? snapshot_ref(poller->latest) : NULL;
	pthread_mutex_unlock(&poller->lock);

	describe_end(poller, last, text, sizeof(text));
	if (last) {
		copy = last_copy(last);
		snprintf(poller->wait_name, sizeof(poller->wait_name), "%s",
			 last->target.name);
	}
	recorder_stop(&poller->recorder);
	poller->ended_pid = poller->session->access.target.pid;
	session_detach(poller->session);
	poller->mode = MODE_ENDED;
	if (poller->options.wait && poller->wait_name[0] && !(last && last->nr_members)) {
		size_t length = strlen(text);

		poller->mode = MODE_WAITING;
		snprintf(text + length, sizeof(text) - length,
			 "; waiting for the next %.64s", poller->wait_name);
	}
	publish_status(poller, poller->mode == MODE_WAITING ? FEED_WAITING : FEED_ENDED,
		       text, copy);
	snapshot_unref(last);
}

static void take_sample(struct poller *poller)
{
	int64_t begin_ns = clock_mono_ns();
	struct source_focus focus = poller->focus;
	struct snapshot *snapshot;
	struct err e = {0};
	int rc;

	focus.all |= poller->recorder.state.on; /* a recording needs whole stacks */
	focus.holds = poller->holds;
	focus.nr_holds = poller->nr_holds;
	rc = session_sample(poller->session, &focus, &snapshot, &e);
	note_poll(poller, begin_ns);
	poller->partial = rc == 0 && snapshot->partial;
	poller->proving = rc == 0 && snapshot->proving.state == PROVING_RUNNING;
	if (rc == 0 && !snapshot->target.replay)
		recorder_put(&poller->recorder, snapshot);
	/* While the kernel still knows the process, an end that only the source reports
	 * is either temporary or will be seen by the next sample. */
	if (rc == 0 && snapshot->target.replay)
		publish_status(poller, FEED_REPLAY, "", snapshot);
	else if (rc == 0 && snapshot->target.ended)
		publish_status(poller, FEED_ENDED,
			       snapshot->nr_notes > 0 ? snapshot->notes[0]
						      : "a saved dump",
			       snapshot);
	else if (rc == 0)
		publish_status(poller, FEED_LIVE, "", snapshot);
	else if (session_ended(poller->session) ||
		 (rc == ERR_GONE && session_end_fd(poller->session) < 0))
		target_ended(poller);
	else
		publish_status(poller, FEED_FAILING, e.text, NULL);
}

/* Switches to another process, whose tasks start with an empty history. */
static void attach_to(struct poller *poller, pid_t pid)
{
	struct track *track = session_new_track(), *old = track;
	struct snapshot *snapshot = NULL;
	struct err e = {0};

	recorder_stop(&poller->recorder);
	if (track) {
		pthread_mutex_lock(&poller->lock);
		old = poller->track;
		poller->track = poller->session->track = track;
		if (poller->mode != MODE_WAITING) {
			snapshot = poller->latest;
			poller->latest = NULL;
		}
		pthread_mutex_unlock(&poller->lock);
	}
	track_free(old);
	snapshot_unref(snapshot);
	poller->mode = MODE_LIVE;
	poller->next_ns = clock_mono_ns();
	poller->settled_ns = poller->next_ns + SETTLE_NS;
	if (session_attach(poller->session, pid, &e) == 0) {
		publish_status(poller, FEED_CONNECTING, "", NULL);
		return;
	}
	poller->mode =
		poller->options.wait && poller->wait_name[0] ? MODE_WAITING : MODE_NOBODY;
	publish_status(poller, FEED_FAILING, e.text, NULL);
}

/* Of several processes with this name, returns the one that started first, which is
 * usually the parent of the others. */
static pid_t find_first(const char *name, pid_t not_this)
{
	struct processes *list = source_processes_new(0);
	const struct process_row *rows;
	size_t count;
	pid_t found = 0;

	if (list && source_processes(list, &rows, &count, NULL) == 0) {
		for (size_t i = 0; i < count && found == 0; i++) {
			if (strcmp(rows[i].name, name) == 0 && rows[i].pid != not_this &&
			    rows[i].allowed)
				found = rows[i].pid;
		}
	}
	source_processes_free(list);
	return found;
}

static void look_for_name(struct poller *poller)
{
	struct err e = {0};
	pid_t pid = 0;
	int rc = source_resolve(poller->wait_name, false, &pid, &e);

	if (rc == ERR_USAGE || (rc == 0 && pid == poller->ended_pid))
		pid = find_first(poller->wait_name, poller->ended_pid);
	else if (rc != 0)
		pid = 0;
	if (pid > 0)
		attach_to(poller, pid);
}

static void take_recording_wishes(struct poller *poller,
				  const struct poller_wishes *wishes)
{
	struct err e;

	if (wishes->new_acknowledge)
		grouping_set_acknowledge(poller->session->grouping, wishes->acknowledge,
					 &e);
	if (wishes->stop_recording)
		recorder_stop(&poller->recorder);
	if (wishes->record && poller->mode == MODE_LIVE)
		recorder_start(&poller->recorder, wishes->record_path);
	if (!wishes->record && !wishes->stop_recording)
		return;
	pthread_mutex_lock(&poller->lock);
	poller->state.recorder = poller->recorder.state;
	pthread_mutex_unlock(&poller->lock);
	wake_view(poller);
}

/* Takes the view's requests. Returns false if the thread has to end. */
static bool take_wishes(struct poller *poller)
{
	struct poller_wishes wishes;

	pthread_mutex_lock(&poller->lock);
	wishes = poller->wishes;
	poller->wishes.refresh = false;
	poller->wishes.new_rule = false;
	poller->wishes.prove = poller->wishes.unprove = false;
	poller->wishes.attach = 0;
	poller->wishes.samples = 0;
	poller->wishes.by_ns = 0;
	poller->wishes.seek = poller->wishes.play = false;
	poller->wishes.record = poller->wishes.stop_recording = false;
	poller->wishes.new_acknowledge = false;
	poller->wishes.new_holds = false;
	poller->wishes.holds = NULL;
	pthread_mutex_unlock(&poller->lock);

	if (wishes.new_holds) {
		free(poller->holds);
		poller->holds = wishes.holds;
		poller->nr_holds = wishes.nr_holds;
		poller->holds_number = wishes.holds_number;
	}
	if (wishes.interval_ns != poller->interval_ns) {
		poller->interval_ns = wishes.interval_ns;
		poller->next_ns = clock_mono_ns() + poller->interval_ns;
	}
	if (wishes.new_rule) {
		poller->session->options.rule = wishes.rule;
		verdicts_set_thresholds(poller->session->verdicts, &wishes.rule);
	}
	poller->focus = wishes.focus;
	if (wishes.stop)
		return false;
	if (wishes.attach > 0)
		attach_to(poller, wishes.attach);
	if (wishes.samples != 0 || wishes.by_ns != 0)
		session_move(poller->session, wishes.samples, wishes.by_ns);
	take_recording_wishes(poller, &wishes);
	if (wishes.seek)
		session_seek(poller->session, wishes.seek_ns);
	if (wishes.play)
		session_play(poller->session, wishes.speed);
	if (wishes.prove || wishes.unprove)
		session_prove(poller->session, wishes.prove, &(struct err){0});
	if (wishes.refresh || wishes.new_rule)
		poller->next_ns = clock_mono_ns();
	return true;
}

/* Sleeps until the next sample is due, the view has a request, or the target ends. */
static void sleep_until(struct poller *poller, int64_t due_ns)
{
	struct pollfd fds[] = {
		{.fd = poller->wake_fd, .events = POLLIN},
		{.fd = poller->mode == MODE_LIVE ? session_end_fd(poller->session) : -1,
		 .events = POLLIN},
	};
	int64_t left_ns = due_ns - clock_mono_ns();
	struct timespec timeout = clock_to_timespec(left_ns);
	uint64_t count;

	if (left_ns <= 0)
		return;
	if (ppoll(fds, 2, due_ns == SLEEP_FOR_EVER_NS ? NULL : &timeout, NULL) <= 0)
		return;
	if ((fds[0].revents & POLLIN) && read(poller->wake_fd, &count, sizeof(count)) < 0)
		return;
	if (fds[1].revents & POLLIN)
		poller->next_ns = clock_mono_ns();
}

/* Plans the next multiple of the interval such that at most half of the time is spent
 * sampling. */
static void plan_next(struct poller *poller)
{
	int64_t now_ns = clock_mono_ns();
	int64_t earliest_ns = now_ns + poller->state.poll_ns;

	if (poller->proving && poller->interval_ns > PROVING_SAMPLE_NS) {
		poller->next_ns = now_ns + PROVING_SAMPLE_NS;
		return;
	}
	if (poller->partial && now_ns < poller->settled_ns &&
	    poller->interval_ns > SETTLING_SAMPLE_NS) {
		poller->next_ns = now_ns + SETTLING_SAMPLE_NS;
		return;
	}
	poller->next_ns += poller->interval_ns;
	if (poller->next_ns <= earliest_ns)
		poller->next_ns += (earliest_ns - poller->next_ns) / poller->interval_ns *
					   poller->interval_ns +
				   poller->interval_ns;
	/* A recording has its own clock. */
	if (session_due_ns(poller->session) < poller->next_ns)
		poller->next_ns = session_due_ns(poller->session);
	if (poller->next_ns < now_ns + REPLAY_LEAST_NS)
		poller->next_ns = now_ns + REPLAY_LEAST_NS;
}

static void *poller_thread(void *arg)
{
	struct poller *poller = arg;

	poller->next_ns = clock_mono_ns();
	poller->settled_ns = poller->next_ns + SETTLE_NS;
	while (take_wishes(poller)) {
		switch (poller->mode) {
		case MODE_LIVE:
			if (clock_mono_ns() >= poller->next_ns) {
				take_sample(poller);
				plan_next(poller);
			}
			if (poller->mode == MODE_LIVE)
				sleep_until(poller, poller->next_ns);
			break;
		case MODE_WAITING:
			look_for_name(poller);
			if (poller->mode == MODE_WAITING)
				sleep_until(poller, clock_mono_ns() + WAIT_RETRY_NS);
			break;
		case MODE_NOBODY:
		case MODE_ENDED:
			sleep_until(poller, SLEEP_FOR_EVER_NS);
			break;
		}
	}
	recorder_stop(&poller->recorder);
	return NULL;
}

static void poller_free(struct poller *poller)
{
	snapshot_unref(poller->latest);
	source_processes_free(poller->processes);
	free(poller->wishes.holds);
	free(poller->holds);
	if (poller->wake_fd >= 0)
		close(poller->wake_fd);
	if (poller->fresh_fd >= 0)
		close(poller->fresh_fd);
	pthread_mutex_destroy(&poller->lock);
	free(poller);
}

struct poller *poller_start(const struct poller_options *options, struct session *session,
			    struct err *e)
{
	struct poller *poller = calloc(1, sizeof(*poller));
	int rc;

	if (!poller) {
		err_set(e, ERR_NOMEM, "out of memory: cannot open the view");
		return NULL;
	}
	poller->options = *options;
	poller->session = session;
	poller->track = poller->session->track;
	poller->interval_ns = poller->wishes.interval_ns = options->interval_ns;
	pthread_mutex_init(&poller->lock, NULL);
	poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	poller->fresh_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (options->wait_name)
		snprintf(poller->wait_name, sizeof(poller->wait_name), "%s",
			 options->wait_name);
	poller->mode = options->live ? MODE_LIVE : MODE_NOBODY;
	if (poller->mode == MODE_NOBODY && options->wait && poller->wait_name[0]) {
		poller->mode = MODE_WAITING;
		poller->state.status = FEED_WAITING;
		snprintf(poller->state.message, sizeof(poller->state.message),
			 "waiting for a process named %.64s", poller->wait_name);
	}
	rc = poller->wake_fd < 0 || poller->fresh_fd < 0
		     ? errno
		     : threads_start(&poller->thread, poller_thread, poller);
	if (rc != 0) {
		err_sys(e, rc, "cannot start the thread that samples the target");
		poller_free(poller);
		return NULL;
	}
	return poller;
}

void poller_stop(struct poller *poller)
{
	uint64_t one = 1;
	ssize_t written;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.stop = true;
	pthread_mutex_unlock(&poller->lock);
	__atomic_store_n(&poller->session->guard.cancel, 1, __ATOMIC_RELAXED);
	written = write(poller->wake_fd, &one, sizeof(one));
	(void)written;
	pthread_join(poller->thread, NULL);
	poller_free(poller);
}

struct feed poller_feed(struct poller *poller)
{
	return (struct feed){&poller_feed_ops, poller};
}
