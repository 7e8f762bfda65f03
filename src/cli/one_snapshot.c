/* SPDX-License-Identifier: MIT */
/* Takes two samples a moment apart: a task is stuck if it is in both, and CPU shares are
 * those of the time between them. */
#include "cli/one_snapshot.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/target.h"

#define BETWEEN_SAMPLES_NS (100 * CLOCK_MS_NS)
/* More samples if the first two leave something open. */
#define FURTHER_SAMPLES    8

static int attach_target(struct session *session, const struct options *options,
			 struct err *e)
{
	struct target target;
	int rc = target_find(options, &target);

	if (rc == CLI_FINE && target_attach(&target, session, STDIN_FILENO, e) != 0) {
		cli_complain("%s", e->text);
		rc = cli_exit_of(e);
	}
	target_release(&target);
	return rc;
}

/* Moves to another snapshot of the recording than the last one. */
static int seek_recording(struct session *session, enum snapshot_choice which,
			  const char *at, struct snapshot **snapshot)
{
	struct source_focus all = {.all = true};
	const struct feed_place *place = session_place(session);
	struct when_range range = {place->first_real_ns, place->last_real_ns,
				   place->last_real_ns};
	int64_t real_ns = place->first_real_ns;
	struct err e = {0};

	if (!(*snapshot)->target.replay) {
		cli_complain(which == CHOOSE_AT
				     ? "--at is for recordings; this target has only one "
				       "snapshot"
				     : "only a recording can be compared with itself, "
				       "its first snapshot with its last; give a second "
				       "target: grmon-c diff A B");
		return CLI_USAGE;
	}
	if (which == CHOOSE_AT && at[0] == '+')
		range.shown_ns = place->first_real_ns;
	if (which == CHOOSE_AT && when_parse(at, &range, &real_ns, &e) != 0) {
		cli_complain_at("--at", at, &e);
		return CLI_USAGE;
	}
	snapshot_unref(*snapshot);
	*snapshot = NULL;
	if (which == CHOOSE_FIRST)
		session_move(session, -INT32_MAX, 0);
	else
		session_seek(session, real_ns);
	if (session_sample(session, &all, snapshot, &e) == 0)
		return CLI_FINE;
	cli_complain("%s", e.text);
	return cli_exit_of(&e);
}

/* Returns false if a row changed while it was read or between samples: it has not been
 * judged twice. */
static bool is_settled(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (state_blocks(task->state) &&
		    (task->flags & TASK_SUSPECT ||
		     (task->evidence.why >= WHY_LONG &&
		      !(task->flags & (TASK_STUCK | TASK_LONG)))))
			return false;
	}
	return true;
}

/* Takes the second sample, and more if that leaves something open. */
static int take_further_samples(struct session *session, int64_t due_ns,
				struct snapshot **snapshot, struct err *e)
{
	struct source_focus all = {.all = true};
	int rc;

	for (int i = 0;; i++) {
		snapshot_unref(*snapshot);
		*snapshot = NULL;
		while (!clock_sleep_until(due_ns))
			continue;
		rc = session_sample(session, &all, snapshot, e);
		if (rc != 0 || i == FURTHER_SAMPLES || is_settled(*snapshot))
			return rc;
		due_ns = clock_mono_ns() + BETWEEN_SAMPLES_NS / 4;
	}
}

static int take(struct session *session, const struct options *options,
		enum snapshot_choice which, const char *at, struct snapshot **snapshot)
{
	struct source_focus all = {.all = true};
	int64_t begin_ns = clock_mono_ns();
	struct err e = {0};
	int rc = attach_target(session, options, &e);

	*snapshot = NULL;
	if (rc != CLI_FINE)
		return rc;
	if (session_sample(session, &all, snapshot, &e) != 0)
		goto failed;
	if (which != CHOOSE_LAST)
		return seek_recording(session, which, at, snapshot);
	if ((*snapshot)->target.replay)
		return CLI_FINE;
	if (take_further_samples(session, begin_ns + BETWEEN_SAMPLES_NS, snapshot, &e) ==
	    0)
		return CLI_FINE;
failed:
	if (e.code == ERR_GONE)
		cli_complain("%s ended before %s second sample",
			     target_is_several(options) ? "the processes" : "the process",
			     target_is_several(options) ? "their" : "its");
	else
		cli_complain("%s", e.text);
	return cli_exit_of(&e);
}

int one_snapshot_take(struct session *session, const struct options *options,
		      enum snapshot_choice which, const char *at,
		      struct snapshot **snapshot)
{
	int rc = take(session, options, which, at, snapshot);

	target_say_waiting(NULL);
	return rc;
}
