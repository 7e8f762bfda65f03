/* SPDX-License-Identifier: MIT */
/*
 * Uses newterm() because initscr() exits on failure. The bytes that restore the terminal
 * are prepared here because handlers of fatal signals must not call curses.
 */
#include "tui/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "tui/signals.h"

/* tputs() cannot pass an argument to its function; used only while opening. */
static struct terminal *collecting;

static int collect_byte(int byte)
{
	if (collecting->reset_bytes < sizeof(collecting->reset))
		collecting->reset[collecting->reset_bytes++] = (char)byte;
	return byte;
}

static const char *capability_of(const char *name)
{
	const char *capability = tigetstr((char *)name);

	return capability == (char *)-1 ? NULL : capability;
}

/* Chooses the modes, and prepares the bytes that restore the terminal. */
static void prepare_modes(struct terminal *terminal, bool mouse)
{
	static const char *const names[] = {"rmcup", "rmkx", "sgr0", "op", "cnorm"};
	const char *capability = capability_of("cup");

	/* A terminal of another kind would show these bytes. */
	if (capability && strncmp(capability, "\033[", 2) == 0) {
		strcat(terminal->modes_on, "\033[?2004h");
		strcat(terminal->modes_off, "\033[?2004l");
	}
	if (mouse && capability_of("kmous")) {
		strcat(terminal->modes_on, "\033[?1002h\033[?1006h");
		strcat(terminal->modes_off, "\033[?1002l\033[?1006l");
	}
	collecting = terminal;
	for (const char *byte = terminal->modes_off; *byte != '\0'; byte++)
		collect_byte(*byte);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		capability = capability_of(names[i]);
		if (capability)
			tputs(capability, 1, collect_byte);
		/* There is no alternate screen to leave: keep what is drawn. */
		else if (i == 0)
			collect_byte('\n');
	}
	collect_byte('\r');
	collecting = NULL;
}

/* Checks that terminfo knows the type and that it can position the cursor, then prepares
 * the bytes that restore the terminal. */
static int check_type(struct terminal *terminal, bool mouse, struct err *e)
{
	const char *type = getenv("TERM");
	bool positions;
	int found = 0;

	if (!type || *type == '\0')
		return err_set(
			e, ERR_UNSUPPORTED,
			"TERM is not set: set it to your terminal's type, for example "
			"TERM=xterm-256color, or use `grmon-c dump`");
	if (setupterm(NULL, terminal->out_fd, &found) != OK)
		return err_set(
			e, ERR_UNSUPPORTED,
			"the terminal type %.60s is unknown here: set TERM to a known "
			"type, for example TERM=xterm, or use `grmon-c dump`",
			type);
	positions = capability_of("cup") != NULL;
	prepare_modes(terminal, mouse);
	del_curterm(cur_term);
	if (!positions)
		return err_set(
			e, ERR_UNSUPPORTED,
			"a terminal of type %.60s cannot position its cursor: set TERM "
			"to its real type, for example TERM=xterm, or use `grmon-c dump`",
			type);
	return 0;
}

static int open_files(struct terminal *terminal, struct err *e)
{
	terminal->in_fd = STDIN_FILENO;
	terminal->out_fd = STDOUT_FILENO;
	if (!isatty(STDOUT_FILENO))
		return err_set(e, ERR_UNSUPPORTED,
			       "stdout is not a terminal: use `grmon-c dump` for output "
			       "into a file or pipe");
	if (!isatty(STDIN_FILENO)) {
		terminal->in_fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (terminal->in_fd < 0)
			return err_sys(
				e, errno,
				"stdin is not a terminal and /dev/tty cannot be opened");
		terminal->opened_tty = true;
	}
	if (tcgetattr(terminal->in_fd, &terminal->saved) != 0)
		return err_sys(e, errno, "cannot read the modes of the terminal");
	terminal->in = fdopen(dup(terminal->in_fd), "r");
	terminal->out = fdopen(dup(terminal->out_fd), "w");
	if (!terminal->in || !terminal->out)
		return err_sys(e, errno, "cannot open the terminal");
	return 0;
}

static void close_files(struct terminal *terminal)
{
	if (terminal->in)
		fclose(terminal->in);
	if (terminal->out)
		fclose(terminal->out);
	if (terminal->opened_tty)
		close(terminal->in_fd);
}

static void write_modes(const struct terminal *terminal, const char *bytes)
{
	struct err e = {0};

	/* A terminal that has gone ends the view in another way. */
	(void)fdio_write_all(terminal->out_fd, bytes, strlen(bytes), &e);
}

/* Asks terminfo what this terminal sends for the keys that keys.def and the prompt have. */
static void name_keys(struct input *input)
{
	static const struct {
		const char *name;
		int key;
	} keys[] = {
		{"kcuu1", KEY_UP},    {"kcud1", KEY_DOWN}, {"kcub1", KEY_LEFT},
		{"kcuf1", KEY_RIGHT}, {"khome", KEY_HOME}, {"kend", KEY_END},
		{"kpp", KEY_PPAGE},   {"knp", KEY_NPAGE},  {"kdch1", KEY_DC},
		{"kcbt", KEY_BTAB},   {"kent", KEY_ENTER}, {"kf1", KEY_F(1)},
		{"kf2", KEY_F(2)},    {"kf3", KEY_F(3)},   {"kf4", KEY_F(4)},
		{"kf5", KEY_F(5)},    {"kf6", KEY_F(6)},   {"kf7", KEY_F(7)},
		{"kf8", KEY_F(8)},    {"kf9", KEY_F(9)},   {"kf10", KEY_F(10)},
		{"kf11", KEY_F(11)},  {"kf12", KEY_F(12)},
	};

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		const char *bytes = capability_of(keys[i].name);

		if (bytes)
			input_name(input, bytes, TERMINAL_KEY(keys[i].key));
	}
}

static void set_modes(struct terminal *terminal)
{
	cbreak(); /* ISIG stays on: ctrl-c and ctrl-z arrive as signals */
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE); /* keys send what terminfo names */
	leaveok(stdscr, FALSE);
	typeahead(-1); /* draw whole frames even if keys are waiting */
	curs_set(0);
	name_keys(&terminal->input);
	write_modes(terminal, terminal->modes_on);
}

int terminal_open(struct terminal *terminal, bool mouse, struct err *e)
{
	int rc;

	memset(terminal, 0, sizeof(*terminal));
	setlocale(LC_CTYPE, "");
	terminal->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	rc = open_files(terminal, e);
	if (rc == 0)
		rc = check_type(terminal, mouse, e);
	if (rc != 0)
		goto out;
	/* Before newterm(), which installs handlers for signals without one. */
	terminal->event_fd = signals_install(terminal->out_fd, terminal->reset,
					     terminal->reset_bytes, &terminal->saved, e);
	if (terminal->event_fd < 0) {
		rc = terminal->event_fd;
		goto out;
	}
	terminal->screen = newterm(NULL, terminal->out, terminal->in);
	if (!terminal->screen) {
		signals_restore();
		rc = err_set(e, ERR_UNSUPPORTED,
			     "curses cannot use this terminal: check TERM");
		goto out;
	}
	set_modes(terminal);
	return 0;
out:
	close_files(terminal);
	return rc;
}

void terminal_close(struct terminal *terminal)
{
	write_modes(terminal, terminal->modes_off);
	endwin();
	signals_restore();
	tcsetattr(terminal->in_fd, TCSANOW, &terminal->saved);
	delscreen(terminal->screen);
	close_files(terminal);
}

bool terminal_waits(const struct terminal *terminal)
{
	int waiting = 0;

	return ioctl(terminal->in_fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

/* What is typed behind the key that quits belongs to the shell, so characters are read one
 * by one. What belongs together is read at once. */
static bool reads_one(const struct terminal *terminal)
{
	const struct input *input = &terminal->input;

	return input->count == 0 && input->mode == INPUT_PLAIN;
}

bool terminal_read(struct terminal *terminal)
{
	size_t room;
	uint8_t *to = input_room(&terminal->input, &room);
	bool one = reads_one(terminal);
	ssize_t count = read(terminal->in_fd, to, one ? 1 : room);

	if (count > 0 && one && (*to == 0x1b || *to >= 0x80) &&
	    terminal_waits(terminal)) {
		ssize_t more = read(terminal->in_fd, to + 1, room - 1);

		count += more > 0 ? more : 0;
	}
	if (count > 0)
		input_added(&terminal->input, (size_t)count, clock_mono_ns());
	return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

bool terminal_next(struct terminal *terminal, struct input_event *event)
{
	int64_t now_ns = clock_mono_ns(), due_ns = input_due_ns(&terminal->input);

	/* This process has been late, not the rest of the sequence. */
	if (due_ns && now_ns >= due_ns && terminal_waits(terminal))
		now_ns = due_ns - 1;
	return input_next(&terminal->input, now_ns, event);
}

int64_t terminal_due_ns(const struct terminal *terminal)
{
	return input_due_ns(&terminal->input);
}

void terminal_resized(struct terminal *terminal)
{
	struct winsize size;

	if (ioctl(terminal->out_fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
}

void terminal_suspend(struct terminal *terminal)
{
	write_modes(terminal, terminal->modes_off);
	endwin();
	tcsetattr(terminal->in_fd, TCSADRAIN, &terminal->saved);
	signals_stop_self();
	terminal_repaint(terminal);
}

int terminal_run(struct terminal *terminal, const char *const *argv)
{
	int status = 0;
	pid_t child;

	write_modes(terminal, terminal->modes_off);
	endwin();
	tcsetattr(terminal->in_fd, TCSADRAIN, &terminal->saved);
	signals_lend(true);
	child = fork();
	if (child == 0) {
		signals_of_child();
		dup2(terminal->in_fd, STDIN_FILENO);
		dup2(terminal->out_fd, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	signals_lend(false);
	terminal_repaint(terminal);
	return child < 0           ? 127
	       : WIFEXITED(status) ? WEXITSTATUS(status)
				   : 128 + WTERMSIG(status);
}

bool terminal_copy(const struct terminal *terminal, const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const unsigned char *from = (const unsigned char *)text;
	size_t left = strlen(text), used;
	char *out = malloc(left / 3 * 4 + 16);

	if (!out || terminal->modes_on[0] == '\0') {
		free(out);
		return false;
	}
	used = (size_t)sprintf(out, "\033]52;c;");
	for (; left > 0; from += 3, left -= left < 3 ? left : 3) {
		unsigned bits = (unsigned)from[0] << 16;

		bits |= left > 1 ? (unsigned)from[1] << 8 : 0;
		bits |= left > 2 ? from[2] : 0;
		for (int i = 0; i < 4; i++)
			out[used++] = (size_t)i > left
					      ? '='
					      : digits[bits >> (18 - 6 * i) & 63];
	}
	out[used++] = '\a';
	out[used] = '\0';
	write_modes(terminal, out);
	free(out);
	return true;
}

void terminal_repaint(struct terminal *terminal)
{
	terminal_resized(terminal);
	/* endwin() is avoided because it would restore the cursor of the other screen
	 * again. */
	reset_prog_mode();
	write_modes(terminal, terminal->modes_on);
	clearok(curscr, TRUE);
}
