/* SPDX-License-Identifier: MIT */
#include "cli/timeline.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/span.h"
#include "out/timeline.h"

bool timeline_wanted(const struct options *options)
{
	const char *format = options->value[OPTION_FORMAT];

	return format && strcmp(format, "speedscope") == 0 &&
	       !options->value[OPTION_AT] && target_other(options);
}

static int add_snapshot(struct timeline *timeline, const struct options *options,
			const struct snapshot *snapshot, struct query *query,
			struct rows *rows, struct err *e)
{
	struct rows_options show = {.query = query,
				    .class = -1,
				    .hide_idle = options->settings.hide_idle,
				    .sort = options->settings.sort};

	if (rows_update(rows, snapshot, &show, snapshot->mono_ns, e) != 0)
		return e->code;
	return timeline_add(timeline, snapshot, rows, e);
}

static int add_all_snapshots(struct timeline *timeline, const struct options *options,
			     struct span *span, struct err *e)
{
	struct query *query = query_new(options->settings.filter, e);
	struct rows rows;
	int rc = query ? 0 : e->code;

	rows_init(&rows);
	while (rc == 0 && span_next(span, e)) {
		rc = add_snapshot(timeline, options, span->last, query, &rows, e);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%llu snapshots\033[K",
				(unsigned long long)span->nr_samples);
		if (!span->replay)
			break; /* printed goroutines are a single snapshot */
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	rows_release(&rows);
	query_free(query);
	return rc ? rc : e->code;
}

int timeline_dump(const struct options *options, struct buf *out)
{
	struct timeline *timeline = timeline_new();
	struct span span = {.last = NULL};
	struct target target = {.other = target_other(options)};
	struct err e = {0};
	int rc = span_open(&span, options, &target, 0);

	if (rc == CLI_FINE &&
	    (!timeline || add_all_snapshots(timeline, options, &span, &e) != 0)) {
		cli_complain("%s", timeline ? e.text : "out of memory for the output");
		rc = timeline ? cli_exit_of(&e) : CLI_UNWATCHABLE;
	}
	if (rc == CLI_FINE)
		timeline_write(timeline, out);
	timeline_free(timeline);
	span_close(&span);
	return rc;
}
