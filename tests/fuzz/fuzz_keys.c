/* SPDX-License-Identifier: MIT */
/*
 * The view under any keys: raw bytes go through curses into every view, menu and prompt, over
 * tasks whose texts are hostile, on screens of any size. Input: a byte for height, one for
 * width, texts that end with a zero each, the last of them empty, and the bytes of a terminal.
 */
// max_len: 256
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "base/clock.h"
#include "core/graph.h"
#include "core/group.h"
#include "core/stack.h"
#include "tui/app.h"
#include "tui/picture.h"

#define TASKS        24u
#define TEXTS        8u
#define KEYS_AT_ONCE 24u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* What is watched: two pictures by turns, of which the second lacks tasks. */
struct world {
	struct stack_table *stacks;
	struct grouping *grouping;
	struct snapshot *pictures[2];
	char *texts[TEXTS];
	size_t turn;
	struct feed_recorder recorder;
};

static void fill_task(struct world *w, struct snapshot *out, unsigned i, unsigned dice)
{
	const struct frame frames[] = {
		{"read", w->texts[1], 3, 1, false, true},
		{w->texts[2], w->texts[3], (int)i, 2, false, false},
		{"main.work", "main.c", 7, 3 + i % 3, false, false},
	};
	struct label *label = arena_alloc(&out->arena, sizeof(*label));
	struct task *task = snapshot_add(out);

	require(task && label);
	task->id = 1 + i;
	task->tid = 100 + (pid_t)i;
	task->serial = i;
	task->kind = (enum task_kind)((dice + i) % 3);
	task->state = (enum task_state)((dice + i * 5) % STATE_COUNT);
	/* Only marks make those. */
	task->flags = i % 2 ? dice * i & ~(uint32_t)(TASK_GONE | TASK_MOVED) : 0;
	task->since_ns = out->mono_ns - i * (dice + 1) * CLOCK_SECOND_NS;
	task->start_ns = 1;
	task->name = w->texts[0];
	task->raw = i % 3 ? w->texts[1] : NULL;
	task->stack = stack_intern(w->stacks, frames + i % 2, 3 - i % 2, false);
	task->created_by = i % 4 ? task->stack : NULL;
	if (i % 2) {
		task->waits.kind = "mutex";
		task->waits.address = 0x1000 + i % 4 * 8;
		task->waits.text = w->texts[4];
		task->waits.owner_tid = 100 + (pid_t)((i + 2) % TASKS);
	}
	*label = (struct label){w->texts[5], w->texts[6]};
	task->labels = label;
	task->nr_labels = i % 2;
	task->switches = dice * i;
	task->cpu_percent = i % 5 ? -1 : (float)i;
}

static struct snapshot *make_picture(struct world *w, unsigned nr, unsigned dice,
				     int64_t mono_ns)
{
	struct snapshot *out = snapshot_new();

	require(out != NULL);
	out->mono_ns = mono_ns;
	out->real_ns = 1800000000 * CLOCK_SECOND_NS;
	out->target.pid = 100;
	out->target.name = w->texts[0];
	out->target.sources = "native";
	out->resources.rss_bytes = dice * 1000;
	out->resources.fds = dice;
	for (unsigned i = 0; i < nr; i++)
		fill_task(w, out, i * (1 + dice % 2), dice);
	snapshot_note(out, "%s", w->texts[7]);
	snapshot_count(out);
	graph_build(out, NULL);
	grouping_update(w->grouping, out);
	return out;
}

static int feed_fd(void *ctx)
{
	(void)ctx;
	return -1;
}

static void feed_nothing(void *ctx)
{
	(void)ctx;
}

static struct snapshot *feed_latest(void *ctx, struct feed_state *state)
{
	struct world *w = ctx;

	state->status = (enum feed_status)(w->turn % 6);
	state->polls = w->turn;
	state->recorder = w->recorder;
	if (state->status == FEED_REPLAY) {
		state->place.at = w->turn % 8;
		state->place.count = 8;
		state->place.last_real_ns = 1800000000 * CLOCK_SECOND_NS;
	}
	return snapshot_ref(w->pictures[w->turn++ / 2 % 2]);
}

static void feed_interval(void *ctx, int64_t interval_ns)
{
	(void)ctx;
	require(interval_ns > 0);
}

static void feed_rule(void *ctx, const struct stuck_rule *rule)
{
	(void)ctx, (void)rule;
}

static void feed_move(void *ctx, int samples, int64_t by_ns)
{
	(void)ctx, (void)samples, (void)by_ns;
}

static void feed_seek(void *ctx, int64_t real_ns)
{
	(void)ctx, (void)real_ns;
}

static void feed_play(void *ctx, double speed)
{
	(void)ctx, (void)speed;
}

static void feed_focus(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial)
{
	(void)ctx, (void)kind, (void)id, (void)serial;
}

static size_t feed_history(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial,
			   struct history_entry *out, size_t max)
{
	(void)ctx, (void)kind, (void)id, (void)serial;
	if (max > 3)
		max = 3;
	memset(out, 0, max * sizeof(*out));
	return max;
}

static int feed_processes(void *ctx, const struct process_row **rows, size_t *count,
			  struct err *e)
{
	static struct process_row list[TASKS];
	struct world *w = ctx;

	for (unsigned i = 0; i < TASKS; i++)
		list[i] = (struct process_row){
			.pid = 1 + (pid_t)i,
			.source = i % 2 ? "native" : "?",
			.tasks = i,
			.rss_bytes = i * 100000,
			.cpu_percent = i % 3 ? -1 : i,
			.user = w->texts[5],
			.name = w->texts[0],
			.command = w->texts[6],
			.allowed = i % 2,
		};
	*rows = list;
	*count = w->turn % 5 ? TASKS : 0;
	return w->turn % 7 ? 0 : err_set(e, ERR_SYS, "%s", w->texts[7]);
}

static int feed_attach(void *ctx, pid_t pid, struct err *e)
{
	struct world *w = ctx;

	return pid % 2 ? 0 : err_set(e, ERR_NOTFOUND, "%s", w->texts[7]);
}

static int feed_record(void *ctx, const struct snapshot *snapshot, bool on, struct err *e)
{
	struct world *w = ctx;

	(void)snapshot, (void)e;
	w->recorder.on = on;
	return 0;
}

static void feed_prove(void *ctx, bool start)
{
	(void)ctx, (void)start;
}

static int feed_acknowledge(void *ctx, const char *filters, struct err *e)
{
	struct world *w = ctx;

	return grouping_set_acknowledge(w->grouping, filters, e);
}

static int feed_dump(void *ctx, const struct snapshot *snapshot, char *path, size_t size,
		     struct err *e)
{
	(void)ctx, (void)snapshot, (void)e;
	snprintf(path, size, "dump.json");
	return 0;
}

static const struct feed_ops feed_ops = {
	.fd = feed_fd,
	.clear = feed_nothing,
	.latest = feed_latest,
	.refresh = feed_nothing,
	.set_interval = feed_interval,
	.set_rule = feed_rule,
	.move = feed_move,
	.seek = feed_seek,
	.play = feed_play,
	.focus = feed_focus,
	.history = feed_history,
	.processes = feed_processes,
	.attach = feed_attach,
	.record = feed_record,
	.prove = feed_prove,
	.set_acknowledge = feed_acknowledge,
	.write_dump = feed_dump,
};

/* One screen for all inputs; curses keeps what it once allocated. */
static int keyboard = -1;

static void open_screen(struct terminal *terminal)
{
	static FILE *in, *out;
	int ends[2];

	if (!in) {
		require(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
		keyboard = ends[1];
		in = fdopen(ends[0], "r");
		out = fopen("/dev/null", "w");
		require(in && out && newterm("xterm-256color", out, in) != NULL);
		cbreak();
		noecho();
		keypad(stdscr, TRUE);
		nodelay(stdscr, TRUE);
		typeahead(-1);
		set_escdelay(0);
		mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
		color_init(false);
	}
	terminal->in_fd = terminal->out_fd = fileno(in);
	terminal->utf8 = true;
}

static void type(struct tui *t, const uint8_t *bytes, size_t size)
{
	int key, y = 0, x = 0;

	if (size)
		require(write(keyboard, bytes, size) == (ssize_t)size);
	while ((key = terminal_key(&t->terminal)) != TERMINAL_NO_KEY && !t->quit) {
		if (key == TERMINAL_KEY(KEY_MOUSE)) {
			enum mouse_event event = terminal_mouse(&y, &x);

			tui_mouse(t, event, y, x);
		} else if (key != TERMINAL_KEY(KEY_RESIZE)) {
			tui_key(t, key);
		}
	}
}

static void use(struct world *w, bool choose, const uint8_t *keys, size_t size)
{
	struct tui_options options = {
		.feed = {&feed_ops, w}, .title = "server", .choose = choose};
	struct err e = {0};
	struct tui t;

	settings_default(&options.settings);
	options.settings.ascii = choose;
	require(tui_open(&t, &options, &e) == 0);
	open_screen(&t.terminal);
	while (!t.quit) {
		size_t length = size < KEYS_AT_ONCE ? size : KEYS_AT_ONCE;

		tui_take(&t);
		tui_tick(&t);
		tui_draw(&t);
		if (!size)
			break;
		type(&t, keys, length);
		keys += length;
		size -= length;
	}
	while (terminal_key(&t.terminal) != TERMINAL_NO_KEY)
		;
	tui_close(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct world w = {.turn = 0};
	struct terminal terminal;
	size_t used = 2;

	if (size < 3)
		return -1;
	w.stacks = stack_table_new(1000);
	w.grouping = grouping_new(NULL, NULL);
	require(w.stacks && w.grouping);
	for (size_t i = 0; i < TEXTS; i++) {
		w.texts[i] = strndup((const char *)bytes + used, size - used);
		used += strlen(w.texts[i]);
		used += used < size && w.texts[i][0];
	}
	used += used < size;
	open_screen(&terminal);
	resizeterm(1 + bytes[0] % 60, 1 + bytes[1] % 200);
	w.pictures[0] =
		make_picture(&w, TASKS, bytes[0], clock_mono_ns() - CLOCK_SECOND_NS);
	w.pictures[1] = make_picture(&w, TASKS / 2, bytes[0] + 1u, clock_mono_ns());
	use(&w, bytes[1] & 1, bytes + used, size - used);
	for (size_t i = 0; i < TEXTS; i++)
		free(w.texts[i]);
	snapshot_unref(w.pictures[0]);
	snapshot_unref(w.pictures[1]);
	grouping_free(w.grouping);
	stack_table_free(w.stacks);
	return 0;
}
