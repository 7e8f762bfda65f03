/* SPDX-License-Identifier: MIT */
/* A thread of the source does the proof; this file shows its progress. */
#include "cli/prove.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/span.h"

#define STEP_NS (10 * CLOCK_MS_NS)
#define STOP_NS (CLOCK_SECOND_NS / 2)

static void say_progress(unsigned percent)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rproof of leaks: %u %%\033[K", percent);
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

/* Waits for the proof, and stops it when the user wants to end or time is up. Takes no
 * samples: of many tasks they would cost more than the proof. */
static int wait_for_proof(struct session *session, int64_t end_ns, struct err *e)
{
	int64_t stopped_ns = 0;
	unsigned percent;

	while (session_proving(session, &percent) && !session_ended(session)) {
		int64_t now_ns = clock_mono_ns();

		if (span_stopped() || now_ns > end_ns) {
			session_prove(session, false, e);
			stopped_ns = stopped_ns ? stopped_ns : now_ns;
			/* It may be waiting for memory that does not answer. */
			if (now_ns - stopped_ns > STOP_NS)
				return err_set(e, ERR_TIMEOUT,
					       "the proof of leaks did not stop in time");
		}
		say_progress(percent);
		clock_sleep_ns(STEP_NS);
	}
	return 0;
}

int prove_and_wait(struct session *session, int64_t limit_ns, struct snapshot **snapshot,
		   struct err *e)
{
	int64_t end_ns = clock_add(clock_mono_ns(), limit_ns);
	struct source_focus all = {.all = true};
	struct snapshot *next = NULL;
	int rc = session_prove(session, true, e);

	if (rc)
		return rc;
	do {
		rc = wait_for_proof(session, end_ns, e);
		if (rc == 0)
			rc = session_sample(session, &all, &next, e);
		if (rc)
			break;
		snapshot_unref(*snapshot);
		*snapshot = next;
	} while (next->proving.state == PROVING_RUNNING);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	return rc ? rc : result_of(&(*snapshot)->proving, e);
}
