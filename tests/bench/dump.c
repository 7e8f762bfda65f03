/* SPDX-License-Identifier: MIT */
/* What a dump of 1,000,000 goroutines costs once the snapshot is there: its rows, and each
 * format. Prints the median of the CPU time. The bytes are counted and dropped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "bench.h"
#include "core/stack.h"
#include "out/out.h"

#define TASKS      1000000u
#define FEW_STACKS 50u
#define TURNS      3

static void *need(void *memory)
{
	if (!memory) {
		fprintf(stderr, "dump: no memory\n");
		exit(1);
	}
	return memory;
}

static const struct stack *make_stack(struct intern *intern, struct stack_table *table,
				      uint32_t number)
{
	struct frame frames[8];
	char text[64];

	memset(frames, 0, sizeof(frames));
	for (uint32_t i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "example.com/shop/orders.(*Server).stage%u",
			 i);
		frames[i].function = intern_text(intern, text, sizeof(text));
		frames[i].file =
			intern_text(intern, "/home/build/src/orders/server.go", 32);
		frames[i].line = (int)(1 + number);
		frames[i].address = 0x400000 + number * 64 + i;
	}
	return need((void *)(uintptr_t)stack_intern(table, frames, 8, false));
}

static struct snapshot *make_snapshot(struct intern *intern, struct stack_table *table)
{
	static const struct stack *stacks[FEW_STACKS];
	struct snapshot *s = need(snapshot_new());

	for (uint32_t i = 0; i < FEW_STACKS; i++)
		stacks[i] = make_stack(intern, table, i);
	s->mono_ns = 1000 * CLOCK_SECOND_NS;
	s->target = (struct snapshot_target){
		.pid = 4711, .name = "server", .sources = "goruntime"};
	for (uint32_t i = 0; i < TASKS; i++) {
		struct task *task = need(snapshot_add(s));

		task->id = 17 + i;
		task->kind = TASK_GOROUTINE;
		task->state = STATE_CHAN_RECV;
		task->raw = "chan receive";
		task->since_ns = s->mono_ns - (40 + i % 7) * CLOCK_SECOND_NS;
		task->flags = TASK_LONG;
		task->evidence.why = WHY_LONG;
		task->name = stacks[0]->frames[7].function;
		task->waits.kind = "channel";
		task->waits.address = 0xc000000000 + i * 112ull;
		task->waits.text = "chan cap 0, 1 receiver";
		waits_edit(&task->waits, &s->arena)->detail = need(arena_printf(
			&s->arena,
			"chan recv 0x%llx cap 0, elements of 8 bytes, 1 receiver, open",
			(unsigned long long)task->waits.address));
		task->stack = stacks[i * 7 % FEW_STACKS];
		task->created_by = stacks[i % 3];
		task->creator_id = 1;
	}
	snapshot_count(s);
	return s;
}

static int drop(void *ctx, struct buf *out, struct err *e)
{
	(void)e;
	*(size_t *)ctx += out->length;
	buf_clear(out);
	return 0;
}

static void measure(const struct out_request *request, const char *format,
		    const char *goal)
{
	char name[64];
	struct bench_row row = {.name = name, .unit = "s", .goal = goal};
	double seconds[TURNS];
	struct buf out;
	size_t *bytes = request->flush_ctx;

	for (int turn = 0; turn < TURNS; turn++) {
		double start_ms = bench_cpu_ms();

		*bytes = 0;
		buf_init(&out, 0);
		if (out_by_name(format)->write(request, &out, NULL) != 0)
			exit(1);
		buf_release(&out);
		seconds[turn] = (bench_cpu_ms() - start_ms) / 1e3;
	}
	snprintf(name, sizeof(name), "1000000 tasks as %s, %.0f MB", format,
		 (double)*bytes / 1e6);
	bench_print(&row, bench_interval(seconds, TURNS));
}

int main(void)
{
	struct intern *intern = need(intern_new(64u << 20));
	struct stack_table *table = need(stack_table_new(1u << 20));
	struct snapshot *snapshot = make_snapshot(intern, table);
	struct rows_options show = {.class = -1, .sort = {COLUMN_AGE, true}};
	struct settings settings;
	struct rows rows;
	size_t bytes = 0;
	struct out_request request = {.snapshot = snapshot,
				      .rows = &rows,
				      .settings = &settings,
				      .flush = drop,
				      .flush_ctx = &bytes};
	double start_ms = bench_cpu_ms();

	settings_default(&settings);
	rows_init(&rows);
	if (rows_update(&rows, snapshot, &show, snapshot->mono_ns, NULL) != 0)
		return 1;
	printf("1000000 tasks, their order\t%.2f\ts\t\n",
	       (bench_cpu_ms() - start_ms) / 1e3);
	measure(&request, "json", "<=2");
	measure(&request, "text", "");
	measure(&request, "folded", "");
	measure(&request, "pprof", "");
	rows_release(&rows);
	snapshot_unref(snapshot);
	stack_table_free(table);
	intern_free(intern);
	return 0;
}
