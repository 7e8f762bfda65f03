/* SPDX-License-Identifier: MIT */
/*
 * Handlers call only write(), tcsetattr(), sigaction() and raise(), which are
 * async-signal-safe. After a fatal signal the previous handler runs (the default action,
 * or a sanitizer's), so exit status and core dump are those of a program without
 * handlers.
 */
#include "tui/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/array.h"
#include "base/map_guard.h"

/* Global because handlers have no argument; written before they are installed. */
static struct {
	char reset[SIGNALS_RESET_MAX];
	size_t reset_bytes;
	struct termios saved;
	int tty_fd;
	int event_fd;
	volatile sig_atomic_t resize, quit, end, suspend, resumed;
} state;

static const int numbers[] = {SIGWINCH, SIGINT,  SIGTERM, SIGHUP,  SIGTSTP,
			      SIGCONT,  SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,
			      SIGABRT,  SIGQUIT, SIGSYS,  SIGTRAP, SIGXCPU};
#define NR_NUMBERS (ARRAY_COUNT(numbers))
#define NR_EVENTS  6 /* the first of them are events */

static struct sigaction before[NR_NUMBERS];
static char alternate_stack[1 << 16]; /* for handlers after a stack overflow */
static stack_t stack_before;

static void give_terminal_back(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	size_t done = 0;

	sigaction(SIGTTOU, &ignore,
		  NULL); /* a background process must not be stopped by this */
	while (done < state.reset_bytes) {
		ssize_t n =
			write(state.tty_fd, state.reset + done, state.reset_bytes - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	tcsetattr(state.tty_fd, TCSANOW, &state.saved);
}

static void die_of(int number, const siginfo_t *info)
{
	give_terminal_back();
	for (size_t i = 0; info && i < NR_NUMBERS; i++)
		if (numbers[i] == number)
			sigaction(number, &before[i], NULL);
	/* A handler for an event would let the process go on. */
	if (!info)
		signal(number, SIG_DFL);
	/* A fault occurs again when the handler returns; a signal that was sent does
	 * not. */
	if (!info || info->si_code <= 0 || number == SIGQUIT)
		raise(number);
}

static void on_fatal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGBUS && map_guard_repair(info))
		return;
	die_of(number, info);
}

static void on_event(int number, siginfo_t *info, void *context)
{
	int errno_before = errno;
	uint64_t one = 1;
	ssize_t ignored;

	(void)info;
	(void)context;
	switch (number) {
	case SIGWINCH:
		state.resize = 1;
		break;
	case SIGINT:
		if (state.quit++ > 1) /* the loop does not respond */
			die_of(number, NULL);
		break;
	case SIGTSTP:
		state.suspend = 1;
		break;
	case SIGCONT:
		state.resumed = 1;
		break;
	default:
		if (state.end != 0)
			die_of(number, NULL);
		state.end = number;
		break;
	}
	ignored = write(state.event_fd, &one, sizeof(one));
	(void)ignored;
	errno = errno_before;
}

int signals_install(int tty_fd, const void *reset, size_t reset_bytes,
		    const struct termios *saved, struct err *e)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof(alternate_stack)};

	memset(&state, 0, sizeof(state));
	state.reset_bytes =
		reset_bytes < SIGNALS_RESET_MAX ? reset_bytes : SIGNALS_RESET_MAX;
	memcpy(state.reset, reset, state.reset_bytes);
	state.saved = *saved;
	state.tty_fd = tty_fd;
	state.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (state.event_fd < 0)
		return err_sys(e, errno, "cannot create an eventfd");
	sigaltstack(&stack, &stack_before);
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < NR_NUMBERS; i++) {
		action.sa_sigaction = i < NR_EVENTS ? on_event : on_fatal;
		sigaction(numbers[i], &action, &before[i]);
	}
	return state.event_fd;
}

void signals_restore(void)
{
	for (size_t i = 0; i < NR_NUMBERS; i++)
		sigaction(numbers[i], &before[i], NULL);
	sigaltstack(&stack_before, NULL);
	close(state.event_fd);
	state.event_fd = -1;
}

unsigned signals_take(void)
{
	unsigned events = 0;
	uint64_t count;
	ssize_t ignored = read(state.event_fd, &count, sizeof(count));

	(void)ignored;
	if (state.resize) {
		state.resize = 0;
		events |= SIGNAL_RESIZE;
	}
	if (state.suspend) {
		state.suspend = 0;
		events |= SIGNAL_SUSPEND;
	}
	if (state.resumed) {
		state.resumed = 0;
		events |= SIGNAL_CONTINUE;
	}
	return events | (state.quit ? SIGNAL_QUIT : 0) | (state.end ? SIGNAL_END : 0);
}

int signals_end_number(void)
{
	return state.end;
}

void signals_stop_self(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	struct sigaction ours;

	sigaction(SIGTSTP, &plain, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
	state.resumed = 0; /* the caller handles it */
}

void signals_lend(bool lend)
{
	static const int lent[] = {SIGINT, SIGQUIT, SIGTSTP};
	static struct sigaction ours[ARRAY_COUNT(lent)];

	for (size_t i = 0; i < ARRAY_COUNT(lent); i++) {
		struct sigaction theirs = {.sa_handler = lent[i] == SIGTSTP ? SIG_DFL
									    : SIG_IGN};

		if (lend)
			sigaction(lent[i], &theirs, &ours[i]);
		else
			sigaction(lent[i], &ours[i], NULL);
	}
}

void signals_of_child(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (size_t i = 0; i < NR_NUMBERS; i++)
		sigaction(numbers[i], &plain, NULL);
	sigaction(SIGPIPE, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
