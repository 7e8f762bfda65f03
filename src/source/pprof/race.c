/* SPDX-License-Identifier: MIT */
/* Race detector reports: the two accesses with their stacks, and who created the
 * goroutines. Each goroutine becomes a row. */
#include <string.h>

#include "base/array.h"
#include "source/pprof/grammar.h"

/* Two goroutines race; only a malicious text has more rows than this. */
#define ROWS_LOOKED_AT 16u

/* "Previous write at 0x00c000018090 by goroutine 7:", "Read at 0x… by main goroutine:" */
static bool take_access(struct pprof_grammar *grammar, const char *line, size_t length)
{
	static const char *const words[] = {"Read at 0x", "Write at 0x", "Previous ",
					    "Atomic ", "Concurrent "};
	static const char by[] = " by goroutine ", by_main[] = " by main goroutine";
	const char *end = line + length, *at = NULL;
	struct label *label;
	bool known = false;
	uint64_t id = 1;

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		known |= pprof_starts(line, length, words[i]);
	if (!known || !memmem(line, length, " at 0x", 6))
		return false;
	at = memmem(line, length, by, sizeof(by) - 1);
	if (at)
		id = pprof_number(at + sizeof(by) - 1, end);
	else
		at = memmem(line, length, by_main, sizeof(by_main) - 1);
	if (!at)
		return false;
	pprof_end_record(grammar);
	pprof_open_record(grammar, id);
	grammar->task.kind = TASK_GOROUTINE;
	grammar->task.state = id == 1 ? STATE_RUNNING : STATE_UNKNOWN;
	grammar->task.raw = intern_text(grammar->out.intern, "data race", 9);
	label = arena_alloc(&grammar->out.snapshot->arena, sizeof(*label));
	if (label) {
		label->key = "race";
		label->text = arena_strndup(&grammar->out.snapshot->arena, line,
					    (size_t)(at - line));
		grammar->task.labels = label->text ? label : NULL;
		grammar->task.nr_labels = label->text ? 1 : 0;
	}
	return true;
}

static size_t find_row(const struct pprof_grammar *grammar, uint64_t id)
{
	const struct snapshot *snapshot = grammar->out.snapshot;
	size_t least = snapshot->nr_tasks - grammar->base > ROWS_LOOKED_AT
			       ? snapshot->nr_tasks - ROWS_LOOKED_AT
			       : grammar->base;

	for (size_t i = snapshot->nr_tasks; i > least; i--)
		if (snapshot->tasks[i - 1].id == id)
			return i - 1;
	return SIZE_MAX;
}

/* "Goroutine 7 (running) created at:" */
static bool take_creation(struct pprof_grammar *grammar, const char *line, size_t length)
{
	static const char word[] = "Goroutine ";
	const char *end = line + length;
	struct task *task;
	uint64_t id;

	if (!pprof_starts(line, length, word) || !memmem(line, length, " created at", 11))
		return false;
	id = pprof_number(line + sizeof(word) - 1, end);
	pprof_end_record(grammar);
	grammar->race_row = find_row(grammar, id);
	if (grammar->race_row == SIZE_MAX) {
		pprof_open_record(grammar, id);
		grammar->task.kind = TASK_GOROUTINE;
		grammar->unavailable = true;
		pprof_end_record(grammar);
		grammar->race_row = find_row(grammar, id);
		if (grammar->race_row == SIZE_MAX)
			return true;
	}
	task = &grammar->out.snapshot->tasks[grammar->race_row];
	if (memmem(line, length, "(running)", 9)) {
		task->state = STATE_RUNNING;
	} else if (memmem(line, length, "(finished)", 10)) {
		task->state = STATE_UNKNOWN;
		task->raw = intern_text(grammar->out.intern, "finished", 8);
	}
	grammar->in_record = true;
	grammar->part = PPROF_RACE_CREATOR;
	grammar->nr_frames = 0;
	grammar->pending = grammar->stray = grammar->cut = false;
	grammar->blanks = grammar->spacing = 0;
	grammar->weak_bytes = 0;
	return true;
}

bool pprof_race_take(struct pprof_grammar *grammar, const char *line, size_t length)
{
	if (pprof_starts(line, length, "WARNING: DATA RACE")) {
		pprof_begin_dump(grammar);
		grammar->now.race = grammar->now.whole = true;
		return true;
	}
	if (!grammar->now.race)
		return false;
	if (pprof_starts(line, length, "==================")) {
		pprof_end_record(grammar);
		return true;
	}
	if (grammar->in_record &&
	    pprof_starts(line, length, "[failed to restore the stack]")) {
		grammar->unavailable = true;
		return true;
	}
	return take_access(grammar, line, length) || take_creation(grammar, line, length);
}
