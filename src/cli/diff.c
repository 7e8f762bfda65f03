/* SPDX-License-Identifier: MIT */
/* `grmon-c diff A B` compares two snapshots, each from a recording, a dump or a process.
 * With a single recording, it compares the first snapshot with the last. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/one_snapshot.h"
#include "cli/session_options.h"
#include "cli/sink.h"
#include "out/diff.h"

struct side {
	struct session session;
	struct snapshot *snapshot;
	struct rows rows;
};

static int open_side(struct side *side, const struct options *options, char *word,
		     enum snapshot_choice which)
{
	struct options own = *options;
	struct session_options session_options = session_options_from(options);
	struct rows_options show = {.class = -1, .sort = {COLUMN_ID, false}};
	char *words[] = {word, NULL};
	struct err e = {0};
	int rc;

	rows_init(&side->rows);
	if (session_init(&side->session, &session_options, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_UNWATCHABLE;
	}
	own.words = words;
	own.nr_words = 1;
	rc = one_snapshot_take(&side->session, &own, which, NULL, &side->snapshot);
	if (rc != CLI_FINE)
		return rc;
	show.query = query_new(options->settings.filter, &e);
	show.hide_idle = options->settings.hide_idle;
	if (!show.query || rows_update(&side->rows, side->snapshot, &show,
				       side->snapshot->mono_ns, &e) != 0) {
		cli_complain("%s", e.text);
		rc = CLI_USAGE;
	}
	query_free(show.query);
	return rc;
}

static void close_side(struct side *side)
{
	rows_release(&side->rows);
	snapshot_unref(side->snapshot);
	session_release(&side->session);
}

static int print_comparison(const struct options *options,
			    const struct diff_request *request)
{
	const char *format = options->value[OPTION_FORMAT];
	struct buf out;
	int rc;

	buf_init(&out, 0);
	diff_by_name(format ? format : "text")->write(request, &out);
	rc = sink_put(options, &out);
	buf_release(&out);
	return rc;
}

static int compare_sides(const struct options *options, struct side sides[2])
{
	struct diff_side both[] = {{sides[0].snapshot, &sides[0].rows},
				   {sides[1].snapshot, &sides[1].rows}};
	int last = options->nr_words - 1, rc;
	struct diff diff;
	struct err e = {0};
	struct diff_request request = {
		.diff = &diff,
		.sides = both,
		.names = {options->words[0], options->words[last]},
		.stacks = options->value[OPTION_STACKS] != NULL,
		.ascii = options->settings.ascii,
		.width = options->value[OPTION_OUTPUT] ? 0 : (size_t)cli_width(),
	};

	if (diff_build(&diff, both, &e) != 0) {
		cli_complain("%s", e.text);
		rc = CLI_UNWATCHABLE;
	} else {
		rc = print_comparison(options, &request);
	}
	if (rc == CLI_FINE && options->value[OPTION_FAIL] &&
	    diff.groups_of[DIFF_NEW] + diff.groups_of[DIFF_GROWN] > 0)
		rc = CLI_FOUND;
	diff_release(&diff);
	return rc;
}

int command_diff(struct options *options)
{
	bool two = options->nr_words == 2;
	struct side sides[2];
	int rc, opened = 1;

	if (strcmp(options->words[0], "-") == 0 &&
	    strcmp(options->words[two], "-") == 0) {
		cli_complain("only one of A and B can be read from the standard input");
		return CLI_USAGE;
	}
	memset(sides, 0, sizeof(sides));
	rc = open_side(&sides[0], options, options->words[0],
		       two ? CHOOSE_LAST : CHOOSE_FIRST);
	if (rc == CLI_FINE) {
		opened = 2;
		rc = open_side(&sides[1], options, options->words[two], CHOOSE_LAST);
	}
	if (rc == CLI_FINE)
		rc = compare_sides(options, sides);
	for (int i = 0; i < opened; i++)
		close_side(&sides[i]);
	return rc;
}
