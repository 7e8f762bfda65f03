/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/child cares for a program that grmon-c itself has started. It
 * does not know how the program is looked at.
 *
 * Holds a child of this process for a moment when it ends, so that a last look finds its
 * memory whole. Only its first thread is traced (PTRACE_SEIZE, PTRACE_O_TRACEEXIT): nothing
 * stops while it runs but for signals to that thread, which are passed on, and exec. If this
 * process dies, the child goes on by itself.
 */
#ifndef SOURCE_CHILD_EXIT_TRACE_H
#define SOURCE_CHILD_EXIT_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum exit_state {
	EXIT_RUNS,
	EXIT_HELD,  /* it has called exit or been killed, and stands still until let go */
	EXIT_ENDED, /* exit_trace_status() says how */
};

struct exit_trace;

/*
 * Trace `pid`, a child that has not called exec yet; from now on only this trace may wait for
 * it. NULL, with a sentence: it cannot be traced, and is an ordinary child.
 */
struct exit_trace *exit_trace_new(pid_t pid, struct err *e);
/* Once the child has ended, or while it is let go: waits for its end. NULL is accepted. */
void exit_trace_free(struct exit_trace *trace);
/* Becomes readable when the child is held or has ended. */
int exit_trace_fd(const struct exit_trace *trace);
enum exit_state exit_trace_state(struct exit_trace *trace);
/* Since when it is held, by CLOCK_MONOTONIC. */
int64_t exit_trace_held_ns(struct exit_trace *trace);
/* Whether it is held because a signal kills it. */
bool exit_trace_killed(struct exit_trace *trace);
/* Let it end; where it still runs, it is not held any more. */
void exit_trace_let_go(struct exit_trace *trace);
/* As waitpid() has it. limit_ms < 0: as long as it takes. False: it still runs. */
bool exit_trace_wait(struct exit_trace *trace, int limit_ms, int *status);
/* Why the child can no longer be held at its end, or NULL. */
const char *exit_trace_lost(struct exit_trace *trace);

/* Whether what a task of the held process waits for at a descriptor has come: it would have
 * gone on. False where that is not known. */
bool exit_fd_ready(pid_t pid, int fd, bool writes);

#endif
