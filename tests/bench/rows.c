/* SPDX-License-Identifier: MIT */
/* The cost of a key press in a view of 100,000 tasks: a new filter, then the sort; and of
 * the verdicts of as many tasks. Prints the best of several runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "core/rows.h"
#include "core/stack.h"
#include "core/verdict.h"

#define TASKS  100000u
#define STACKS 500u
#define RUNS   9

static uint64_t random_state = 88172645463325252ull;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % limit;
}

static void *need(void *memory)
{
	if (!memory) {
		fprintf(stderr, "rows: no memory\n");
		exit(1);
	}
	return memory;
}

static const struct stack *make_stack(struct intern *intern, struct stack_table *stacks,
				      uint32_t number)
{
	static const char *const plumbing[] = {"__futex_abstimed_wait_common64",
					       "pthread_cond_wait", "queue_pop"};
	struct frame frames[10];
	char text[64];

	memset(frames, 0, sizeof(frames));
	for (uint32_t i = 0; i < 10; i++) {
		if (i < 3)
			snprintf(text, sizeof(text), "%s", plumbing[i]);
		else
			snprintf(text, sizeof(text), "handler_%u_stage_%u", number, i);
		frames[i].function = intern_text(intern, text, sizeof(text));
		snprintf(text, sizeof(text), "/srv/build/server/stage_%u.c", number % 40);
		frames[i].file = i < 2 ? NULL : intern_text(intern, text, sizeof(text));
		frames[i].line = (int)(number + i);
		frames[i].address = 0x400000 + number * 64 + i;
	}
	return stack_intern(stacks, frames, 10, false);
}

static struct snapshot *make_snapshot(struct intern *intern, struct stack_table *stacks,
				      size_t nr_stacks, int64_t now_ns)
{
	struct snapshot *snapshot = need(snapshot_new());
	const struct stack **known = need(calloc(nr_stacks, sizeof(struct stack *)));

	for (uint32_t i = 0; i < nr_stacks; i++)
		known[i] = make_stack(intern, stacks, i);
	snapshot->mono_ns = now_ns;
	for (uint32_t i = 0; i < TASKS; i++) {
		struct task *task = need(snapshot_add(snapshot));
		struct label *label = need(arena_alloc(&snapshot->arena, sizeof(*label)));

		/* Slots are reused, so ids are not in order. */
		task->id = 1000 + (i * 7919u) % TASKS;
		task->state = (enum task_state)(1 + random_below(STATE_COUNT - 1));
		task->since_ns = now_ns - 1 - (int64_t)random_below(2000000000) * 30;
		task->flags = TASK_AGE_EXACT;
		task->name = need(arena_printf(&snapshot->arena, "worker-%05u", i));
		task->waits.kind = "channel";
		task->waits.address = 0x7f0000000000 + random_below(1000) * 64;
		task->waits.text = need(arena_printf(&snapshot->arena,
						     "chan jobs cap %u, len 0, 3 senders",
						     random_below(64)));
		task->stack = known[random_below((uint32_t)nr_stacks)];
		task->created_by = known[random_below((uint32_t)nr_stacks)];
		label->key = "request";
		label->text = need(arena_printf(&snapshot->arena, "/api/v1/orders/%u",
						random_below(5000)));
		task->labels = label;
		task->nr_labels = 1;
		task->cpu_percent = (float)random_below(1000) / 10;
		task->switches = random_below(1000000);
	}
	free(known);
	return snapshot;
}

/* Returns the milliseconds of a new filter and the rows after it, as after a key
 * press. */
static double measure(struct snapshot *snapshot, const char *filter,
		      enum column_id column, bool descending)
{
	struct rows_options options = {.class = -1, .sort = {column, descending}};
	double best = 1e9;
	struct rows rows;

	rows_init(&rows);
	for (int run = 0; run < RUNS; run++) {
		int64_t start_ns;
		double ms;

		/* Another snapshot: no order is known. */
		snapshot->number += 1000;
		start_ns = clock_mono_ns();
		options.query = filter ? need(query_new(filter, NULL)) : NULL;
		if (rows_update(&rows, snapshot, &options, snapshot->mono_ns, NULL) < 0)
			exit(1);
		ms = (double)(clock_mono_ns() - start_ns) / 1e6;
		query_free(options.query);
		if (ms < best)
			best = ms;
	}
	rows_release(&rows);
	return best;
}

static void print(const char *what, double ms, const char *goal)
{
	printf("%s, 100000 rows\t%.1f\tms\t%s\n", what, ms, goal);
}

static double measure_track(struct snapshot *snapshot)
{
	struct thresholds rule;
	struct track *track;
	struct verdicts *verdicts;
	double best = 1e9;

	thresholds_init(&rule);
	track = need(track_new());
	verdicts = need(verdicts_new(&rule));
	for (int run = 0; run < RUNS; run++) {
		int64_t start_ns = clock_mono_ns();
		double ms;

		snapshot->mono_ns += CLOCK_SECOND_NS;
		if (track_update(track, snapshot, NULL) < 0)
			exit(1);
		verdicts_update(verdicts, track, snapshot);
		ms = (double)(clock_mono_ns() - start_ns) / 1e6;
		if (run > 0 && ms < best)
			best = ms;
	}
	track_free(track);
	verdicts_free(verdicts);
	return best;
}

int main(void)
{
	static const struct {
		const char *what;
		const char *filter;
	} filters[] = {
		{"filter word + sort age", "orders/77"},
		{"filter word that nothing has + sort age", "xyzzy"},
		{"filter state + sort age", "state:chan-send age>1s"},
		{"filter regex on function + sort age", "fn~^handler_1.*_3$"},
		{"filter regex on name + sort age", "name~^worker-0[0-9]+7$"},
		{"filter five terms + sort age",
		 "(worker orders | state:io) !idle cpu<90"},
	};
	struct intern *intern = need(intern_new(64u << 20));
	struct stack_table *stacks = need(stack_table_new(1u << 20));
	int64_t now_ns = 100000 * CLOCK_SECOND_NS;
	struct snapshot *snapshot = make_snapshot(intern, stacks, STACKS, now_ns);
	struct snapshot *distinct = make_snapshot(intern, stacks, TASKS, now_ns);
	char what[80];

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		print(filters[i].what,
		      measure(snapshot, filters[i].filter, COLUMN_AGE, true), "<=16");
	print("filter word, all stacks distinct + sort age",
	      measure(distinct, "xyzzy", COLUMN_AGE, true), "");
	for (int i = 0; i < COLUMN_COUNT; i++) {
		const struct column *column = column_info((enum column_id)i);

		snprintf(what, sizeof(what), "sort %s", column->key);
		print(what,
		      measure(snapshot, NULL, (enum column_id)i, column->descending),
		      "<=16");
	}
	print("sort function, all stacks distinct",
	      measure(distinct, NULL, COLUMN_FUNCTION, false), "");
	print("stuck rule", measure_track(snapshot), "<=15");
	snapshot_unref(snapshot);
	snapshot_unref(distinct);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}
