/* SPDX-License-Identifier: MIT */
#include "cli/holds.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cli/cli.h"
#include "core/holds_group.h"
#include "core/rows.h"
#include "out/out.h"
#include "out/report.h"

/* For a report. */
#define SITES_MAX 20u
#define ALL_MAX   4000u

bool holds_fit_format(const struct options *options)
{
	const char *format = options->value[OPTION_FORMAT];

	if (!options->value[OPTION_HOLDS] || !format || out_by_name(format)->holds)
		return true;
	cli_complain("--holds: the format %s has no place for what tasks hold; use text "
		     "or json",
		     format);
	return false;
}

struct choice {
	struct holds_wish list[HOLDS_ASK_MAX];
	size_t nr;        /* of those, with some outside of the rows */
	size_t rows, all; /* tasks of the rows that are asked, and all that could be */
};

/* Takes the tasks of the rows, in their order, and some others. */
static int take_rows(struct choice *choice, const struct snapshot *snapshot,
		     const struct rows *rows, struct err *e)
{
	bool *outside = malloc(snapshot->nr_tasks + 1);

	if (!outside)
		return err_set(e, ERR_NOMEM, "out of memory: cannot ask what tasks hold");
	memset(outside, true, snapshot->nr_tasks + 1);
	for (size_t i = 0; i < rows->count; i++) {
		const struct task *task = &snapshot->tasks[rows->index[i]];

		outside[rows->index[i]] = false;
		if (!holds_can(task))
			continue;
		if (choice->rows < HOLDS_TASKS_MAX)
			choice->list[choice->rows++] = holds_wish_of(task);
		choice->all++;
	}
	choice->nr = choice->rows +
		     holds_ask_outside(snapshot, outside, choice->list + choice->rows);
	free(outside);
	return 0;
}

/* Returns 0 or an error: out of memory, or the filter is not valid. */
static int choose(struct choice *choice, const struct options *options,
		  const struct snapshot *snapshot, struct err *e)
{
	const struct settings *settings = &options->settings;
	struct rows_options show = {
		.class = -1, .hide_idle = settings->hide_idle, .sort = settings->sort};
	struct rows rows;
	int rc;

	choice->nr = choice->rows = choice->all = 0;
	show.query = query_new(settings->filter, e);
	if (!show.query)
		return e->code;
	rows_init(&rows);
	rc = rows_update(&rows, snapshot, &show, snapshot->mono_ns, e);
	if (rc == 0)
		rc = take_rows(choice, snapshot, &rows, e);
	rows_release(&rows);
	query_free(show.query);
	return rc;
}

static bool any_recorded(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (task_more(&snapshot->tasks[i])->holds)
			return true;
	return false;
}

/* Complains if it cannot be asked what tasks hold. */
static bool can_ask(const struct snapshot *snapshot)
{
	static const struct task goroutine = {.kind = TASK_GOROUTINE};
	const char *why;

	if (!holds_possible(snapshot, &why)) {
		cli_complain("--holds: %s", why);
		return false;
	}
	if (!snapshot->target.replay || any_recorded(snapshot))
		return true;
	cli_complain("--holds: %s", holds_missing(snapshot, &goroutine));
	return false;
}

int holds_take(const struct options *options, struct session *session,
	       struct snapshot **snapshot)
{
	struct source_focus focus = {.all = true};
	struct choice choice;
	struct snapshot *next = NULL;
	struct err e = {0};

	if (!can_ask(*snapshot))
		return CLI_UNWATCHABLE;
	if ((*snapshot)->target.replay)
		return CLI_FINE;
	if (choose(&choice, options, *snapshot, &e) != 0)
		goto failed;
	focus.holds = choice.list;
	focus.nr_holds = choice.nr;
	if (session_sample(session, &focus, &next, &e) != 0)
		goto failed;
	if (choice.all > choice.rows)
		snapshot_note(next,
			      "%zu of %zu tasks were asked what they hold: the "
			      "first ones in sort order; a filter chooses others",
			      choice.rows, choice.all);
	snapshot_unref(*snapshot);
	*snapshot = next;
	return CLI_FINE;
failed:
	cli_complain("%s", e.text);
	return cli_exit_of(&e);
}

struct asked {
	struct holds_wish *list;
	size_t nr, capacity;
};

/* Adds the tasks to ask for one leak or group, unless there are enough. */
static void ask_for(struct asked *asked, const struct snapshot *snapshot,
		    struct holds_who who)
{
	size_t members, all, nr;

	if (asked->nr >= ALL_MAX ||
	    !array_reserve(&asked->list, &asked->capacity, asked->nr + HOLDS_ASK_MAX))
		return;
	nr = holds_group_ask(snapshot, who, asked->list + asked->nr, &members, &all);
	asked->nr += nr;
}

static void ask_for_all(struct asked *asked, const struct snapshot *snapshot)
{
	const struct groups *groups = snapshot->groups;
	const struct group *list[SITES_MAX];

	for (size_t i = 0; groups && i < groups->nr_leaks && i < SITES_MAX; i++)
		ask_for(asked, snapshot, (struct holds_who){.leak = &groups->leaks[i]});
	for (int is_long = 0; is_long < 2; is_long++) {
		size_t count = report_stuck(snapshot, is_long, list, SITES_MAX);

		for (size_t i = 0; i < count; i++)
			ask_for(asked, snapshot, (struct holds_who){.group = list[i]});
	}
}

void holds_take_leaks(struct session *session, struct snapshot **snapshot)
{
	struct source_focus focus = {.all = true};
	struct asked asked = {.nr = 0};
	struct snapshot *next = NULL;
	struct err e = {0};

	if (!can_ask(*snapshot) || (*snapshot)->target.replay)
		return;
	ask_for_all(&asked, *snapshot);
	focus.holds = asked.list;
	focus.nr_holds = asked.nr;
	if (asked.nr > 0 && session_sample(session, &focus, &next, &e) == 0) {
		snapshot_unref(*snapshot);
		*snapshot = next;
	} else if (asked.nr > 0) {
		cli_complain("what the tasks hold could not be read: %s", e.text);
	}
	free(asked.list);
}
