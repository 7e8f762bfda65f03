/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/child handles a program that grmon-c itself has started. It must
 * not know how the program is watched.
 *
 * Holds a child of this process briefly when it ends, so that the last sample finds its
 * memory intact. Only its first thread is traced (PTRACE_SEIZE, PTRACE_O_TRACEEXIT).
 * While the child runs, it stops only for signals to that thread, which are passed on,
 * and for exec. If this process dies, the child continues on its own.
 */
#ifndef SOURCE_CHILD_EXIT_TRACE_H
#define SOURCE_CHILD_EXIT_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum exit_state {
	EXIT_RUNS,
	/* it called exit or was killed, and is stopped until it is released */
	EXIT_HELD,
	EXIT_ENDED, /* exit_trace_wait() tells how */
};

struct exit_trace;

/*
 * Traces `pid`, a child that has not called exec yet. From now on, only this trace may
 * wait for it. Returns NULL and sets e if it cannot be traced; it then remains an
 * ordinary child.
 */
struct exit_trace *exit_trace_new(pid_t pid, struct err *e);
/* Releases the child if it is held, and waits for its end. NULL is accepted. */
void exit_trace_free(struct exit_trace *trace);
/* Returns a descriptor that becomes readable when the child is held or has ended. */
int exit_trace_fd(const struct exit_trace *trace);
enum exit_state exit_trace_state(struct exit_trace *trace);
/* Returns when the child was stopped at its exit, as CLOCK_MONOTONIC. */
int64_t exit_trace_held_ns(struct exit_trace *trace);
/* Returns true if it is held because a signal kills it. */
bool exit_trace_killed(struct exit_trace *trace);
/* Lets the child end. If it still runs, it will no longer be held. */
void exit_trace_let_go(struct exit_trace *trace);
/* Waits for the end; status is as for waitpid(). A negative limit_ms means no limit.
 * Returns false if the child still runs. */
bool exit_trace_wait(struct exit_trace *trace, int limit_ms, int *status);
/* Returns why the child can no longer be held at its end, or NULL. */
const char *exit_trace_lost(struct exit_trace *trace);

/* Returns true if the descriptor that a task of the held process waits for is ready, so
 * that the wait would have ended. Returns false if that is unknown. */
bool exit_fd_ready(pid_t pid, int fd, bool writes);

#endif
