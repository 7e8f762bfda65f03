/* SPDX-License-Identifier: MIT */
/* The cost of a key press in a view of 100,000 tasks: a new filter, then the sort; and of
 * the verdicts of as many tasks. Prints medians of CPU time over several turns, in each of
 * which everything is measured once. With an argument, measures only figures with that
 * text; the others are 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "bench.h"
#include "core/rows.h"
#include "core/stack.h"
#include "core/verdict.h"

#define TASKS       100000u
#define STACKS      500u
#define TURNS       15
/* Figures: filters, and a sort by each column. */
#define FIGURES_MAX (16 + COLUMN_COUNT)

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

/* What is measured, and the CPU time of each turn. */
struct figure {
	char what[64];
	const char *goal;
	const char *filter;
	enum column_id column;
	bool descending;
	bool distinct; /* each task has a stack of its own */
	double ms[TURNS];
};

/* Returns the CPU time of a new filter and the rows after it, as after a key press. */
static double measure_rows(struct rows *rows, struct snapshot *snapshot,
			   const struct figure *figure)
{
	struct rows_options options = {.class = -1,
				       .sort = {figure->column, figure->descending}};
	double start_ms;

	/* Another snapshot: no order is known. */
	snapshot->number += 1000;
	start_ms = bench_cpu_ms();
	options.query = figure->filter ? need(query_new(figure->filter, NULL)) : NULL;
	if (rows_update(rows, snapshot, &options, snapshot->mono_ns, NULL) < 0)
		exit(1);
	query_free(options.query);
	return bench_cpu_ms() - start_ms;
}

static double measure_track(struct track *track, struct verdicts *verdicts,
			    struct snapshot *snapshot)
{
	double start_ms = bench_cpu_ms();

	snapshot->mono_ns += CLOCK_SECOND_NS;
	if (track_update(track, snapshot, NULL) < 0)
		exit(1);
	verdicts_update(verdicts, track, snapshot);
	return bench_cpu_ms() - start_ms;
}

static void print(const char *what, double *ms, const char *goal)
{
	char name[96];
	struct bench_row row = {.name = name, .unit = "ms", .goal = goal};

	snprintf(name, sizeof(name), "%s, 100000 rows", what);
	bench_print(&row, bench_interval(ms, TURNS));
}

/* Lists what is measured. Returns how much it is. */
static size_t list_figures(struct figure figures[FIGURES_MAX])
{
	static const struct {
		const char *what, *goal, *filter;
		bool distinct;
	} filters[] = {
		{"filter word + sort age", "<=16", "orders/77", false},
		{"filter word that nothing has + sort age", "<=16", "xyzzy", false},
		{"filter state + sort age", "<=8", "state:chan-send age>1s", false},
		{"filter regex on function + sort age", "<=8", "fn~^handler_1.*_3$",
		 false},
		{"filter regex on name + sort age", "<=8", "name~^worker-0[0-9]+7$",
		 false},
		{"filter five terms + sort age", "<=8",
		 "(worker orders | state:io) !idle cpu<90", false},
		{"filter word, all stacks distinct + sort age", "<=32", "xyzzy", true},
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct figure *figure = &figures[count++];

		*figure = (struct figure){.goal = filters[i].goal,
					  .filter = filters[i].filter,
					  .column = COLUMN_AGE,
					  .descending = true,
					  .distinct = filters[i].distinct};
		snprintf(figure->what, sizeof(figure->what), "%s", filters[i].what);
	}
	for (int i = 0; i <= COLUMN_COUNT; i++) {
		bool distinct = i == COLUMN_COUNT;
		enum column_id id = distinct ? COLUMN_FUNCTION : (enum column_id)i;
		struct figure *figure = &figures[count++];

		*figure = (struct figure){.goal = "<=8",
					  .column = id,
					  .descending = column_info(id)->descending,
					  .distinct = distinct};
		snprintf(figure->what, sizeof(figure->what), "sort %s%s",
			 column_info(id)->key, distinct ? ", all stacks distinct" : "");
	}
	return count;
}

int main(int argc, char **argv)
{
	static struct figure figures[FIGURES_MAX];
	struct intern *intern = need(intern_new(64u << 20));
	struct stack_table *stacks = need(stack_table_new(1u << 20));
	int64_t now_ns = 100000 * CLOCK_SECOND_NS;
	struct snapshot *snapshot = make_snapshot(intern, stacks, STACKS, now_ns);
	struct snapshot *distinct = make_snapshot(intern, stacks, TASKS, now_ns);
	size_t nr_figures = list_figures(figures);
	struct track *track = need(track_new());
	struct thresholds rule;
	struct verdicts *verdicts;
	double rule_ms[TURNS] = {0};
	struct rows rows;

	thresholds_init(&rule);
	verdicts = need(verdicts_new(&rule));
	rows_init(&rows);
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t i = 0; i < nr_figures; i++) {
			struct figure *figure = &figures[i];

			if (argc > 1 && !strstr(figure->what, argv[1]))
				continue;
			figure->ms[turn] = measure_rows(
				&rows, figure->distinct ? distinct : snapshot, figure);
		}
		if (argc < 2 || strstr("stuck rule", argv[1]))
			rule_ms[turn] = measure_track(track, verdicts, snapshot);
	}
	for (size_t i = 0; i < nr_figures; i++)
		print(figures[i].what, figures[i].ms, figures[i].goal);
	print("stuck rule", rule_ms, "<=15");
	rows_release(&rows);
	track_free(track);
	verdicts_free(verdicts);
	snapshot_unref(snapshot);
	snapshot_unref(distinct);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}
