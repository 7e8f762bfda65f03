/* SPDX-License-Identifier: MIT */
/*
 * The view under any keys: raw bytes go through curses into every view, menu and prompt,
 * over tasks whose texts are hostile, on screens of any size. Input: a byte for the
 * height, one for the width, texts that end with a zero each, the last of them empty, and
 * the bytes of a terminal. Three bytes that begin with RESIZE are a new size.
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

#include "fuzz/pictures.h"
#include "tui/app.h"
#include "tui/current.h"

#define KEYS_AT_ONCE 24u
#define RESIZE       0xf8 /* never in UTF-8 */

/* What is watched: two snapshots in turn. */
struct world {
	struct pictures pictures;
	size_t turn;
	uint64_t holds;
	struct feed_recorder recorder;
};

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
	state->holds = w->holds - w->turn % 2;
	if (state->status == FEED_REPLAY) {
		state->place.at = w->turn % 8;
		state->place.count = 8;
		state->place.last_real_ns = 1800000000 * CLOCK_SECOND_NS;
	}
	return snapshot_ref(w->pictures.list[w->turn++ / 2 % 2]);
}

static void feed_interval(void *ctx, int64_t interval_ns)
{
	(void)ctx;
	require(interval_ns > 0);
}

static void feed_rule(void *ctx, const struct thresholds *rule)
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

static uint64_t feed_holds(void *ctx, const uint64_t *ids, size_t count)
{
	struct world *w = ctx;

	require((ids != NULL) == (count > 0));
	return w->holds = w->turn + count;
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
			.user = w->pictures.texts[5],
			.name = w->pictures.texts[0],
			.command = w->pictures.texts[6],
			.allowed = i % 2,
		};
	*rows = list;
	*count = w->turn % 5 ? TASKS : 0;
	return w->turn % 7 ? 0 : err_set(e, ERR_SYS, "%s", w->pictures.texts[7]);
}

static int feed_attach(void *ctx, pid_t pid, struct err *e)
{
	struct world *w = ctx;

	return pid % 2 ? 0 : err_set(e, ERR_NOTFOUND, "%s", w->pictures.texts[7]);
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

	return grouping_set_acknowledge(w->pictures.grouping, filters, e);
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
	.set_thresholds = feed_rule,
	.move = feed_move,
	.seek = feed_seek,
	.play = feed_play,
	.focus = feed_focus,
	.holds = feed_holds,
	.history = feed_history,
	.processes = feed_processes,
	.attach = feed_attach,
	.record = feed_record,
	.prove = feed_prove,
	.set_acknowledge = feed_acknowledge,
	.write_dump = feed_dump,
};

/* One screen for all inputs, because curses keeps what it has allocated. */
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
		setenv("VISUAL", "true", 1);
		require(in && out && newterm("xterm-256color", out, in));
		cbreak();
		noecho();
		keypad(stdscr, TRUE);
		typeahead(-1);
		color_init(&(struct settings){.mouse = true});
	}
	terminal->in_fd = terminal->out_fd = fileno(in);
	terminal->utf8 = true;
}

static void type(struct tui *t, const uint8_t *bytes, size_t size)
{
	struct input_event event;

	if (size == 0)
		return;
	require(write(keyboard, bytes, size) == (ssize_t)size);
	while (terminal_waits(&t->terminal)) {
		require(terminal_read(&t->terminal));
		while (terminal_next(&t->terminal, &event))
			if (!t->quit)
				tui_input(t, &event);
	}
	require(t->terminal.input.count < INPUT_MAX);
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
		const uint8_t *resize = memchr(keys, RESIZE, size);
		size_t length = resize ? (size_t)(resize - keys) : size;

		length = length < KEYS_AT_ONCE ? length : KEYS_AT_ONCE;
		if (resize == keys) {
			if (size < 3)
				break;
			resizeterm(1 + keys[1] % 60, 1 + keys[2] % 200);
			keys += 3;
			size -= 3;
			length = 0;
		}
		tui_take(&t);
		tui_tick(&t);
		tui_draw(&t);
		if (!size)
			break;
		type(&t, keys, length);
		keys += length;
		size -= length;
	}
	tui_close(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct world w = {.turn = 0};
	struct terminal terminal;
	size_t used;

	if (size < 3)
		return -1;
	open_screen(&terminal);
	resizeterm(1 + bytes[0] % 60, 1 + bytes[1] % 200);
	used = 2 + pictures_make(&w.pictures, bytes + 2, size - 2, bytes[0]);
	use(&w, bytes[1] & 1, bytes + used, size - used);
	pictures_release(&w.pictures);
	return 0;
}
