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
#include <unistd.h>

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>

#include "base/array.h"
#include "tui/signals.h"

/* The rest of an escape sequence may be late, over ssh or on a busy machine. */
#define ESCAPE_DELAY_MS 100

/* tputs() cannot pass an argument to its function; used only while opening. */
static struct terminal *collecting;

static int collect_byte(int byte)
{
	if (collecting->reset_bytes < sizeof(collecting->reset))
		collecting->reset[collecting->reset_bytes++] = (char)byte;
	return byte;
}

static void prepare_reset(struct terminal *terminal, bool mouse)
{
	static const char *const names[] = {"rmcup", "rmkx", "sgr0", "op", "cnorm"};
	static const char mouse_off[] = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l";
	const char *capability;

	collecting = terminal;
	if (mouse && tigetstr("kmous") && tigetstr("kmous") != (char *)-1)
		for (const char *byte = mouse_off; *byte != '\0'; byte++)
			collect_byte(*byte);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		capability = tigetstr(names[i]);
		if (capability && capability != (char *)-1)
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
	const char *cup;
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
	cup = tigetstr("cup");
	prepare_reset(terminal, mouse);
	del_curterm(cur_term);
	if (!cup || cup == (char *)-1)
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

static void set_modes(bool mouse)
{
	cbreak(); /* ISIG stays on: ctrl-c and ctrl-z arrive as signals */
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	typeahead(-1); /* draw whole frames even if keys are waiting */
	set_escdelay(ESCAPE_DELAY_MS);
	curs_set(0);
	if (mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		/* No waiting for a second click: the views count clicks. */
		mouseinterval(0);
	}
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
	set_modes(mouse);
	return 0;
out:
	close_files(terminal);
	return rc;
}

void terminal_close(struct terminal *terminal)
{
	mousemask(0, NULL);
	endwin();
	signals_restore();
	tcsetattr(terminal->in_fd, TCSANOW, &terminal->saved);
	delscreen(terminal->screen);
	close_files(terminal);
}

int terminal_key(struct terminal *terminal)
{
	wint_t key = 0;
	int rc = get_wch(&key);

	(void)terminal;
	if (rc == ERR)
		return TERMINAL_NO_KEY;
	if (rc == KEY_CODE_YES)
		return TERMINAL_KEY((int)key);
	return (int)(key & 0x1fffff);
}

bool terminal_gone(const struct terminal *terminal)
{
	int waiting = 0;

	return ioctl(terminal->in_fd, FIONREAD, &waiting) != 0 || waiting == 0;
}

enum mouse_event terminal_mouse(int *y, int *x)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return MOUSE_NONE;
	*y = event.y;
	*x = event.x;
	if (event.bstate & BUTTON4_PRESSED)
		return MOUSE_WHEEL_UP;
	if (event.bstate & BUTTON5_PRESSED)
		return MOUSE_WHEEL_DOWN;
	return event.bstate & BUTTON1_PRESSED ? MOUSE_CLICK : MOUSE_NONE;
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
	endwin();
	tcsetattr(terminal->in_fd, TCSADRAIN, &terminal->saved);
	signals_stop_self();
	terminal_repaint(terminal);
}

void terminal_repaint(struct terminal *terminal)
{
	terminal_resized(terminal);
	/* endwin() is avoided because it would restore the cursor of the other screen
	 * again. */
	reset_prog_mode();
	clearok(curscr, TRUE);
}
