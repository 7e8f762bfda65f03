/* SPDX-License-Identifier: MIT */
/* A thread of the source does the proof; this file shows its progress. */
#include "cli/prove.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/span.h"

#define STEP_NS (50 * CLOCK_MS_NS)
#define STOP_NS (CLOCK_SECOND_NS / 2)

static void say_progress(const struct snapshot *snapshot)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rproof of leaks: %u %%\033[K",
			snapshot->proving.percent);
}

static int result_of(const struct proving *proving, struct err *e)
{
	if (proving->state == PROVING_DONE)
		return 0;
	if (proving->state == PROVING_CANCELLED)
		return err_set(e, ERR_GONE, "the proof of leaks was stopped");
	return err_set(e, ERR_UNSUPPORTED, "%s",
		       proving->why ? proving->why : "the proof of leaks failed");
}

int prove_and_wait(struct session *session, int64_t limit_ns, struct snapshot **snapshot,
		   struct err *e)
{
	int64_t begin_ns = clock_mono_ns(), stopped_ns = 0;
	struct source_focus all = {.all = true};
	struct snapshot *next = NULL;
	int rc = session_prove(session, true, e);

	if (rc)
		return rc;
	for (;;) {
		rc = session_sample(session, &all, &next, e);
		if (rc)
			break;
		snapshot_unref(*snapshot);
		*snapshot = next;
		if (next->proving.state != PROVING_RUNNING)
			break;
		if (span_stopped() || clock_mono_ns() - begin_ns > limit_ns) {
			session_prove(session, false, e);
			stopped_ns = stopped_ns ? stopped_ns : clock_mono_ns();
			/* It may be waiting for memory that does not answer. */
			if (clock_mono_ns() - stopped_ns > STOP_NS)
				return err_set(e, ERR_TIMEOUT,
					       "the proof of leaks did not stop in time");
		}
		say_progress(next);
		clock_sleep_ns(STEP_NS);
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	return rc ? rc : result_of(&(*snapshot)->proving, e);
}
