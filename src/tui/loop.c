/* SPDX-License-Identifier: MIT */
/*
 * Waits for keys, snapshots and signals, and until something on the screen changes by
 * itself. Handles everything that arrived and then draws once. While paused, only keys
 * and signals wake it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "tui/app.h"
#include "tui/current.h"
#include "tui/signals.h"

#define KEYS_PER_FRAME 256 /* so that a long paste does not delay drawing */
#define CONTROL(code)  ((code)&0x1f)

enum { FD_KEYS, FD_SIGNALS, FD_FEED, FD_COUNT };

static void take_input(struct tui *t)
{
	struct input_event event;

	while (!t->quit && terminal_next(&t->terminal, &event)) {
		/* Terminals that describe keys send no signals for these. */
		if (event.kind == INPUT_KEY && event.key == CONTROL('c'))
			t->quit = true;
		else if (event.kind == INPUT_KEY && event.key == CONTROL('z'))
			terminal_suspend(&t->terminal);
		else
			tui_input(t, &event);
	}
}

/* Returns false if the terminal has gone. */
static bool read_keys(struct tui *t)
{
	int count = 0;

	do {
		if (!terminal_read(&t->terminal))
			return false;
		take_input(t);
	} while (++count < KEYS_PER_FRAME && !t->quit && terminal_waits(&t->terminal));
	return true;
}

static void handle_signals(struct tui *t)
{
	unsigned events = signals_take();

	if (events & (SIGNAL_QUIT | SIGNAL_END))
		t->quit = true;
	if (events & SIGNAL_RESIZE)
		terminal_resized(&t->terminal);
	if (events & SIGNAL_SUSPEND)
		terminal_suspend(&t->terminal);
	if (events & SIGNAL_CONTINUE)
		terminal_repaint(&t->terminal);
}

static int wait_ms(const struct tui *t)
{
	int64_t due_ns = terminal_due_ns(&t->terminal);
	int64_t wake_ns = due_ns && due_ns < t->wake_ns ? due_ns : t->wake_ns;
	int64_t left = wake_ns - t->clock_ns;

	return left <= 0 ? 1 : (int)(left / CLOCK_MS_NS) + 1;
}

static void loop(struct tui *t)
{
	struct pollfd fds[FD_COUNT] = {
		[FD_KEYS] = {.fd = t->terminal.in_fd, .events = POLLIN},
		[FD_SIGNALS] = {.fd = t->terminal.event_fd, .events = POLLIN},
	};
	int feed_fd = t->feed.ops->fd(t->feed.ctx);

	tui_take(t);
	while (!t->quit) {
		tui_tick(t);
		tui_draw(t);
		/* While paused, new snapshots wait in the feed. The progress of a
		 * recording is shown even then. */
		fds[FD_FEED].fd =
			t->paused && !t->step && !t->state.recorder.on ? -1 : feed_fd;
		fds[FD_FEED].events = POLLIN;
		if (poll(fds, FD_COUNT, wait_ms(t)) < 0 && errno != EINTR)
			break;
		tui_tick(t);
		if (fds[FD_SIGNALS].revents & POLLIN)
			handle_signals(t);
		if (fds[FD_KEYS].revents & (POLLERR | POLLNVAL))
			break;
		if ((fds[FD_KEYS].revents & (POLLIN | POLLHUP)) && !read_keys(t))
			break;
		take_input(t);
		if (fds[FD_FEED].revents & POLLIN)
			tui_take(t);
		for (int i = 0; i < FD_COUNT; i++)
			fds[i].revents = 0;
	}
}

int tui_run(const struct tui_options *options, struct err *e)
{
	struct tui t;
	int number, rc;

	rc = tui_open(&t, options, e);
	if (rc != 0)
		return rc;
	rc = terminal_open(&t.terminal, options->settings.mouse, e);
	if (rc != 0) {
		tui_close(&t);
		return rc;
	}
	color_init(&options->settings);
	t.ascii = t.ascii || !t.terminal.utf8;
	/* A signal may have come before ours were installed. */
	if (!options->stopped || !options->stopped())
		loop(&t);
	number = signals_end_number();
	terminal_close(&t.terminal);
	tui_close(&t);
	if (number != 0) /* the terminal is restored: end with the signal */
		raise(number);
	return 0;
}
