/* SPDX-License-Identifier: MIT */
/* Collects the warnings and orders them; and those about tasks in one state, which come
 * last, because they are about the tasks that no other warning is about. */
#include "core/warnings_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/order.h"
#include "core/verdict.h"

/* A source says so in a note; otherwise all tasks are in that state. */
static void find_stopped(struct finder *finder)
{
	const struct snapshot *s = finder->snapshot;
	const struct snapshot_counts *counts = &s->counts;
	bool all = counts->tasks > 0 && counts->by_state[STATE_STOPPED] == counts->tasks;
	struct warned warned = {0};
	struct warning *warning;
	const char *note = NULL;

	for (size_t i = 0; i < s->nr_notes && !note; i++)
		if (snapshot_note_is_stop(s->notes[i]))
			note = s->notes[i];
	if (!note && !all)
		return;
	if (s->nr_members > 0 && !all)
		warned.pid = (pid_t)strtol(note + sizeof("process ") - 1, NULL, 10);
	warning = warning_add(finder, WARNING_STOPPED, true, 0, &warned);
	if (!warning)
		return;
	warning_say(finder, warning,
		    s->nr_members == 0 ? "stopped: nothing runs"
		    : all              ? "all processes are stopped"
				       : "stopped",
		    NULL, "");
	warning_explain(warning, "%s", note ? note : "all tasks are stopped");
}

static void find_proven(struct finder *finder)
{
	const struct snapshot *s = finder->snapshot;
	struct warned warned = {0};
	struct warning *warning;
	char count[NUMBER_TEXT_MAX], before[NUMBER_TEXT_MAX + 32];

	for (size_t i = 0; i < s->nr_tasks; i++) {
		if (!(s->tasks[i].flags & TASK_UNREACHABLE) ||
		    (s->tasks[i].flags & TASK_DEADLOCK))
			continue;
		warned_add(&warned, s, i);
		finder->told[i] = true;
	}
	if (warned.tasks == 0)
		return;
	warning = warning_add(finder, WARNING_PROVEN, true, 0, &warned);
	if (!warning)
		return;
	number_format(warned.tasks, count);
	snprintf(before, sizeof(before), "%s can never run again", count);
	warning_say(finder, warning, before, warned.function, "");
	warning_explain(warning,
			"proven: %s task%s can never run again, because nothing alive "
			"can reach what %s",
			count, warned.tasks == 1 ? "" : "s",
			warned.tasks == 1 ? "it waits on" : "they wait on");
	snprintf(warning->filter, WARNING_FILTER_MAX, "state:proven");
}

static void add_stuck(struct finder *finder, enum task_state state,
		      const struct warned *warned)
{
	const struct snapshot *s = finder->snapshot;
	const struct task *oldest = &s->tasks[warned->oldest];
	struct warning *warning =
		warning_add(finder, WARNING_STUCK, true, (uint64_t)state, warned);
	char count[NUMBER_TEXT_MAX], before[NUMBER_TEXT_MAX + 48], id[TASK_ID_MAX];
	char why[VERDICT_TEXT_MAX];

	if (!warning)
		return;
	snprintf(before, sizeof(before), "%s stuck in %s",
		 number_format(warned->tasks, count), state_info(state)->name);
	warning_say(finder, warning, before, warned->function, "");
	task_format_id(oldest, id);
	warning_explain(warning, "%s task%s stuck in %s; ", count,
			warned->tasks == 1 ? " is" : "s are", state_info(state)->name);
	warning_explain(warning, "%s%s: %s", warned->tasks == 1 ? "" : "the oldest is ",
			id, verdict_explain(oldest, s->mono_ns, why));
	snprintf(warning->filter, WARNING_FILTER_MAX, "state=%s state:stuck",
		 state_info(state)->name);
}

static void find_stuck(struct finder *finder)
{
	const struct snapshot *s = finder->snapshot;
	struct warned warned[STATE_COUNT] = {0};

	for (size_t i = 0; i < s->nr_tasks; i++)
		if ((s->tasks[i].flags & TASK_STUCK) && !finder->told[i])
			warned_add(&warned[s->tasks[i].state], s, i);
	for (int state = 0; state < STATE_COUNT; state++)
		if (warned[state].tasks > 0)
			add_stuck(finder, (enum task_state)state, &warned[state]);
}

static int compare(const void *left, const void *right)
{
	const struct warning *a = left, *b = right;

	if (a->sure != b->sure)
		return a->sure ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->tasks != b->tasks)
		return a->tasks > b->tasks ? -1 : 1;
	return ORDER(a->key, b->key);
}

void warnings_find(struct warnings *out, const struct snapshot *snapshot)
{
	struct finder finder = {.snapshot = snapshot, .out = out};

	out->count = out->left_out = 0;
	finder.told = calloc(snapshot->nr_tasks + 1, sizeof(*finder.told));
	if (!finder.told)
		return;
	find_stopped(&finder);
	find_proven(&finder);
	warnings_find_locks(&finder);
	warnings_find_growth(&finder);
	find_stuck(&finder);
	free(finder.told);
	qsort(out->list, out->count, sizeof(out->list[0]), compare);
}
