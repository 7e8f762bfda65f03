/* SPDX-License-Identifier: MIT */
/*
 * Stacks of threads that run: --ptrace. Each thread is stopped while its registers and the
 * top of its stack are copied. A thread of ours that lives no longer than one round does
 * it: when it ends, whatever its end is, the kernel lets go of all that it traced.
 */
#ifndef SOURCE_THREAD_TRACE_H
#define SOURCE_THREAD_TRACE_H

#include "source/thread/thread.h"

struct trace;

struct trace *trace_new(void); /* NULL: no memory, or not on this kind of machine */
void trace_free(struct trace *trace); /* NULL is accepted */
/* Begin a round: no thread is wanted. */
void trace_begin(struct trace *trace);
/* Want the stack of a thread that runs; false: the round is full. */
bool trace_want(struct trace *trace, const struct thread *thread);
/* Stop them, one after the other, and unwind what was copied. */
void trace_run(struct trace *trace, struct thread_table *table, struct snapshot *out);

#endif
