/* SPDX-License-Identifier: MIT */
/* `grmon-c dump` prints one snapshot. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/holds.h"
#include "cli/one_snapshot.h"
#include "cli/prove.h"
#include "cli/session_options.h"
#include "cli/sink.h"
#include "cli/timeline.h"
#include "out/out.h"

static int print_rows(const struct options *options, const struct snapshot *snapshot,
		      struct sink *sink, int width, struct err *e)
{
	const char *format = options->value[OPTION_FORMAT];
	const struct settings *settings = &options->settings;
	struct rows_options show = {
		.class = -1, .hide_idle = settings->hide_idle, .sort = settings->sort};
	struct rows rows;
	struct out_request request = {.snapshot = snapshot,
				      .rows = &rows,
				      .settings = settings,
				      .width = width,
				      .stacks = options->value[OPTION_STACKS] != NULL,
				      .holds = options->value[OPTION_HOLDS] != NULL,
				      .flush = sink_flush,
				      .flush_ctx = sink};
	struct buf out;
	int rc;

	show.query = query_new(settings->filter, e);
	if (!show.query)
		return e->code;
	rows_init(&rows);
	buf_init(&out, 0);
	rc = rows_update(&rows, snapshot, &show, snapshot->mono_ns, e);
	/* A person looks at the first screen. */
	if (rc == 0 && !options->value[OPTION_SORT] &&
	    (!format || strcmp(format, "text") == 0))
		rows_put_marked_first(&rows, snapshot);
	if (rc == 0)
		rc = out_by_name(format ? format : "text")->write(&request, &out, e);
	buf_release(&out);
	rows_release(&rows);
	query_free(show.query);
	return rc;
}

static int print_snapshot(const struct options *options, const struct snapshot *snapshot)
{
	struct sink sink;
	struct err e = {0};
	int width, rc = sink_open(options, &sink, &width, &e);

	if (rc == 0)
		rc = print_rows(options, snapshot, &sink, width, &e);
	return sink_close(&sink, rc, &e);
}

static int print_timeline(const struct options *options)
{
	struct buf out;
	int rc;

	buf_init(&out, 0);
	rc = timeline_dump(options, &out);
	if (rc == CLI_FINE)
		rc = sink_put(options, &out);
	buf_release(&out);
	return rc;
}

/* If nothing can be proved, the rows are printed anyway and a message says why. */
static int prove_rows(const struct options *options, struct session *session,
		      struct snapshot **snapshot)
{
	struct err e = {0};

	/* The result needs another one; of a million rows, only one fits in memory well. */
	snapshot_unref(*snapshot);
	*snapshot = NULL;
	if (prove_and_wait(session, PROVE_NO_LIMIT, snapshot, &e) == 0)
		return CLI_FINE;
	if (*snapshot && (*snapshot)->proving.state == PROVING_FAILED)
		print_snapshot(options, *snapshot);
	cli_complain("%s", e.text);
	return cli_exit_of(&e);
}

/* Warns on stderr as well, for users who read only the rows. */
static void say_silence(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_notes; i++)
		if (snapshot_note_is_silence(snapshot->notes[i]) &&
		    !snapshot->target.replay)
			cli_complain("%s", snapshot->notes[i]);
}

int command_dump(struct options *options)
{
	struct session_options session_options = session_options_from(options);
	const char *at = options->value[OPTION_AT];
	struct snapshot *snapshot = NULL;
	struct session session;
	struct err e = {0};
	int rc;

	if (!holds_fit_format(options))
		return CLI_USAGE;
	if (timeline_wanted(options))
		return print_timeline(options);
	if (session_init(&session, &session_options, &e) != 0) {
		cli_complain("%s", e.text);
		rc = CLI_UNWATCHABLE;
	} else {
		rc = one_snapshot_take(&session, options, at ? CHOOSE_AT : CHOOSE_LAST,
				       at, &snapshot);
	}
	if (rc == CLI_FINE && options->value[OPTION_PROVE])
		rc = prove_rows(options, &session, &snapshot);
	if (rc == CLI_FINE && options->value[OPTION_HOLDS])
		rc = holds_take(options, &session, &snapshot);
	if (rc == CLI_FINE) {
		say_silence(snapshot);
		rc = print_snapshot(options, snapshot);
	}
	snapshot_unref(snapshot);
	session_release(&session);
	return rc;
}
