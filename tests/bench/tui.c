/* SPDX-License-Identifier: MIT */
/* The time from a key to the finished frame with 100,000 rows, on a pseudo-terminal of
 * 200x50 that is read all the time: sort, filter, moving; and from a new snapshot to its
 * frame. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/intern.h"
#include "bench.h"
#include "core/stack.h"
#include "tui/app.h"
#include "tui/current.h"

#define NR_ROWS   100000
#define ROUNDS    41

#define NR_STACKS 500

static struct snapshot *current;
static const struct stack *stacks[NR_STACKS];

static void make_stacks(struct intern *intern, struct stack_table *table)
{
	struct frame frames[8];
	char text[64];

	for (int number = 0; number < NR_STACKS; number++) {
		memset(frames, 0, sizeof(frames));
		for (int i = 0; i < 8; i++) {
			int n = snprintf(text, sizeof(text), "handler_%d_stage_%d",
					 number, i);

			frames[i].function = intern_text(intern, text, (size_t)n);
			n = snprintf(text, sizeof(text), "/srv/server/stage_%d.c",
				     number % 40);
			frames[i].file = intern_text(intern, text, (size_t)n);
			frames[i].line = number + i;
			frames[i].address = 0x400000 + (uint64_t)(number * 64 + i);
		}
		stacks[number] = stack_intern(table, frames, 8, false);
	}
}

static struct snapshot *make_snapshot(void)
{
	static const enum task_state states[] = {STATE_CHAN_SEND, STATE_MUTEX,
						 STATE_POLL,      STATE_COND,
						 STATE_SLEEP,     STATE_RUNNING};
	struct snapshot *s = snapshot_new();
	int64_t now = clock_mono_ns();

	if (!s)
		exit(2);
	s->mono_ns = now;
	s->real_ns = clock_real_ns();
	s->target = (struct snapshot_target){
		.pid = 4711, .name = "server", .sources = "agent, native"};
	for (uint64_t i = 0; i < NR_ROWS; i++) {
		struct task *task = snapshot_add(s);

		if (!task)
			exit(2);
		task->id = 1000 + i;
		task->serial = i + 1;
		task->tid = (pid_t)task->id;
		task->state = states[i * 7 % 6];
		task->since_ns = now - (int64_t)(i * 2654435761u % 100000) * 1000000;
		task->name = arena_printf(&s->arena, "worker-%llu",
					  (unsigned long long)(i * 40503 % NR_ROWS));
		task->waits = (struct waits_on){
			.kind = "mutex",
			.address = 0x7f0000000000 + i % 64 * 40,
			.text = arena_printf(&s->arena, "mutex 0x%llx",
					     0x7f0000000000ull + i % 64 * 40),
			.fd = -1,
			.owner_tid = (pid_t)(1000 + i % 64)};
		task->stack = stacks[i * 31 % NR_STACKS];
		task->created_by = stacks[i % 16];
		task->switches = i * 977 % 1000;
		task->cpu_percent = (float)(i % 100) / 10;
	}
	snapshot_count(s);
	return s;
}

static int feed_fd(void *ctx)
{
	(void)ctx;
	return -1;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void no_focus(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial)
{
	(void)ctx;
	(void)kind;
	(void)id;
	(void)serial;
}

static size_t no_history(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial,
			 struct history_entry *out, size_t max)
{
	(void)ctx;
	(void)kind;
	(void)id;
	(void)serial;
	(void)out;
	(void)max;
	return 0;
}

static struct snapshot *feed_latest(void *ctx, struct feed_state *state)
{
	(void)ctx;
	state->status = FEED_LIVE;
	state->polls++;
	return snapshot_ref(current);
}

static const struct feed_ops ops = {.fd = feed_fd,
				    .clear = nothing,
				    .latest = feed_latest,
				    .refresh = nothing,
				    .focus = no_focus,
				    .history = no_history};

static void *drain(void *arg)
{
	char bytes[65536];

	while (read(*(int *)arg, bytes, sizeof(bytes)) > 0)
		;
	return NULL;
}

static int open_pty(void)
{
	struct winsize size = {.ws_row = 50, .ws_col = 200};
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int slave;

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) != 0)
		return -1;
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	return master;
}

/* CPU time says what we need; the time on a clock what a user waits, also for others. */
static void report(FILE *out, const char *name, double *cpu_ms, double *clock_ms)
{
	struct bench_interval cpu = bench_interval(cpu_ms, ROUNDS);

	fprintf(out, "%s, 100,000 rows: CPU time\t%.2f\tms\t<=16\t%.2f-%.2f\n", name,
		cpu.median, cpu.low, cpu.high);
	fprintf(out, "%s, 100,000 rows: CPU time, worst of %d\t%.2f\tms\t<=16\n", name,
		ROUNDS, cpu_ms[ROUNDS - 1]);
	fprintf(out, "%s, 100,000 rows: on a clock\t%.2f\tms\t\n", name,
		bench_median(clock_ms, ROUNDS));
}

static void press(struct tui *t, int key)
{
	tui_input(t, &(struct input_event){.kind = INPUT_KEY, .key = key});
}

/* Presses the keys in turn, and measures the frame of each. */
static void measure(FILE *out, struct tui *t, const char *name, const char *keys)
{
	double ms[ROUNDS], cpu_ms[ROUNDS];
	size_t count = strlen(keys);

	for (int round = 0; round < ROUNDS; round++) {
		int64_t start = clock_mono_ns();
		double start_ms = bench_cpu_ms();

		press(t, keys[(size_t)round % count]);
		tui_tick(t);
		tui_draw(t);
		ms[round] = (double)(clock_mono_ns() - start) / 1e6;
		cpu_ms[round] = bench_cpu_ms() - start_ms;
	}
	report(out, name, cpu_ms, ms);
}

static void measure_snapshots(FILE *out, struct tui *t)
{
	struct snapshot *two[2] = {current, make_snapshot()};
	double ms[ROUNDS], cpu_ms[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		int64_t start;
		double start_ms;

		current = two[round % 2 == 0];
		start_ms = bench_cpu_ms();
		start = clock_mono_ns();
		tui_take(t);
		tui_tick(t);
		tui_draw(t);
		ms[round] = (double)(clock_mono_ns() - start) / 1e6;
		cpu_ms[round] = bench_cpu_ms() - start_ms;
	}
	report(out, "new snapshot to frame", cpu_ms, ms);
	current = two[0];
	snapshot_unref(two[1]);
}

int main(void)
{
	struct tui_options options = {.feed = {&ops, NULL}, .title = "bench"};
	struct intern *intern = intern_new(0);
	struct stack_table *table = stack_table_new(NR_STACKS);
	FILE *out = fdopen(dup(STDOUT_FILENO), "w");
	struct tui t;
	struct err e = {0};
	pthread_t reader;
	int master;

	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	master = open_pty();
	if (!out || master < 0 || pthread_create(&reader, NULL, drain, &master) != 0) {
		perror("pty");
		return 2;
	}
	make_stacks(intern, table);
	settings_default(&options.settings);
	current = make_snapshot();
	if (tui_open(&t, &options, &e) != 0 ||
	    terminal_open(&t.terminal, true, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		return 2;
	}
	color_init(&options.settings);
	tui_take(&t);
	tui_draw(&t);
	measure(out, &t, "key to frame, sort by the next column (>)", ">");
	measure(out, &t, "key to frame, reverse (S)", "S");
	press(&t, '/');
	measure(out, &t, "key to frame, filter as typed (word)", "worker-1\x15");
	measure(out, &t, "key to frame, filter as typed (no match)", "zzyx\x15");
	press(&t, 0x15); /* ctrl-u shows all rows again */
	press(&t, '\r');
	press(&t, '\\');
	measure(out, &t, "key to frame, search as typed (word)", "worker-1\x15");
	measure(out, &t, "key to frame, search as typed (no match)", "zzyx\x15");
	press(&t, 27);
	press(&t, '/');
	for (const char *c = "\x15state:mutex age"; *c != '\0'; c++)
		press(&t, *c);
	measure(out, &t, "key to frame, filter as typed (age>30)",
		">30s \x08\x08\x08\x08\x08");
	press(&t, 27);
	measure(out, &t, "key to frame, quick filter (2, 0)", "20");
	measure(out, &t, "key to frame, one row down (j)", "j");
	measure(out, &t, "key to frame, to the end and back (G g)", "Gg");
	measure_snapshots(out, &t);
	terminal_close(&t.terminal);
	tui_close(&t);
	snapshot_unref(current);
	stack_table_free(table);
	intern_free(intern);
	fclose(out);
	return 0;
}
