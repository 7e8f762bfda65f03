/* SPDX-License-Identifier: MIT */
/* `grmon-c report` watches a target for a while, or reads a whole recording, and reports
 * what leaks, what is stuck and what is in a deadlock. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/holds.h"
#include "cli/prove.h"
#include "cli/sink.h"
#include "cli/span.h"
#include "core/graph.h"
#include "out/report.h"
#include "source/code_file.h"

#define USUAL_NS (30 * CLOCK_SECOND_NS)

static void say_progress(const struct span *span)
{
	char left[CLOCK_DURATION_MAX];

	if (!isatty(STDERR_FILENO) || !span->last)
		return;
	fprintf(stderr, "\r%u tasks, %u stuck, %zu leaks", span->last->counts.tasks,
		span->last->counts.stuck,
		report_leaks(span->last, VERDICT_LEAK) +
			timers_leaks(span->last->timers, VERDICT_LEAK));
	if (!span->replay)
		fprintf(stderr, "; %s to go, ^C stops",
			clock_format_duration(span->end_ns - clock_mono_ns(), left));
	fprintf(stderr, "\033[K");
}

/* Returns the width to wrap text at: $COLUMNS, or that of the terminal. 0 if there is
 * none. */
static size_t report_width(const struct options *options)
{
	const char *columns = getenv("COLUMNS");
	int64_t width = 0;

	if (options->value[OPTION_OUTPUT])
		return 0;
	if (columns && number_parse(columns, INT_MAX, &width) && width > 0)
		return (size_t)width;
	return (size_t)cli_width();
}

static int write_report(const struct options *options, const struct span *span,
			const struct report_history *history)
{
	const char *format = options->value[OPTION_FORMAT];
	struct report_request request = {.snapshot = span->last,
					 .history = history,
					 .nr_samples = span->nr_samples,
					 .watched_ns = span->last_ns - span->first_ns,
					 .width = report_width(options),
					 .read_code = code_file_read,
					 .ascii = options->settings.ascii,
					 .holds = options->value[OPTION_HOLDS] != NULL};
	struct buf out;
	int rc;

	buf_init(&out, 0);
	report_by_name(format ? format : "text")->write(&request, &out);
	rc = sink_put(options, &out);
	buf_release(&out);
	return rc;
}

static int watch_and_report(const struct options *options, struct span *span)
{
	struct report_history history = {.count = 0};
	struct err e = {0};
	int rc;

	while (span_next(span, &e)) {
		report_history_note(&history, span->last);
		say_progress(span);
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	if (!span->last) {
		cli_complain(
			"%s",
			e.code ? e.text
			       : "there was no time for a sample; give a longer --for");
		return e.code ? cli_exit_of(&e) : CLI_ENDED;
	}
	if (options->value[OPTION_PROVE] && !span->ended && !e.code)
		prove_and_wait(&span->session, PROVE_NO_LIMIT, &span->last, &e);
	if (options->value[OPTION_HOLDS] && !span->ended && !e.code)
		holds_take_leaks(&span->session, &span->last);
	if (span->ended)
		cli_complain("the target ended; the report covers the time until then");
	else if (e.code)
		cli_complain("%s", e.text);
	rc = write_report(options, span, &history);
	if (rc == CLI_FINE && options->value[OPTION_FAIL] &&
	    (report_leaks(span->last, VERDICT_LEAK) > 0 ||
	     timers_leaks(span->last->timers, VERDICT_LEAK) > 0 ||
	     graph_cycles(span->last) > 0))
		return CLI_FOUND;
	return rc;
}

int command_report(struct options *options)
{
	struct span span = {.last = NULL};
	struct target target;
	struct err e = {0};
	int64_t for_ns;
	int rc = target_find(options, &target);

	if (rc == CLI_FINE && span_length(options, USUAL_NS, &for_ns, &e) != 0) {
		cli_complain("%s", e.text);
		rc = CLI_USAGE;
	}
	if (rc == CLI_FINE)
		rc = span_open(&span, options, &target, for_ns);
	target_release(&target);
	if (rc == CLI_FINE)
		rc = watch_and_report(options, &span);
	span_close(&span);
	return rc;
}
