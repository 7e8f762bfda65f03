/* SPDX-License-Identifier: MIT */
/*
 * Reads the stacks of running threads, for --ptrace. Each thread is stopped while its
 * registers and the top of its stack are copied. This is done by a tracer thread of our
 * own that lives for one round only: when it ends, for whatever reason, the kernel
 * releases all its tracees.
 */
#ifndef SOURCE_THREAD_TRACE_H
#define SOURCE_THREAD_TRACE_H

#include "source/thread/thread.h"

struct trace;

struct trace *trace_new(void);        /* NULL if out of memory or unsupported */
void trace_free(struct trace *trace); /* NULL is accepted */
/* Begins a round with no threads requested. */
void trace_begin(struct trace *trace);
/* Requests the stack of a running thread. Returns false if the round is full. */
bool trace_want(struct trace *trace, const struct thread *thread);
/* Stops the requested threads one after the other and unwinds the copied stacks. */
void trace_run(struct trace *trace, struct thread_table *table, struct snapshot *out);

#endif
