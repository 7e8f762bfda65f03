/* SPDX-License-Identifier: MIT */
/* Shared by call.c, which knows the system calls, and arguments.c, which reads
 * what their arguments point to. */
#ifndef SOURCE_KERNEL_CALL_H
#define SOURCE_KERNEL_CALL_H

#include "source/kernel/kernel.h"

/* How a call is given its limit of time. */
enum call_time {
	TIME_NONE,
	TIME_MS,
	TIME_SPEC,
	TIME_VAL,
	TIME_CLOCK,
	TIME_REAL,
	TIME_FUTEX,
	TIME_WAITV
};

/* Notes when the call ends by itself, from argument at. sleeps: it does nothing else.
 * limit.c. */
void kernel_explain_limit(struct kernel *kernel, const struct proc_call *call,
			  enum call_time time, int at, bool sleeps,
			  struct kernel_wait *out);
/* "fd 5 pipe:[17]" */
void kernel_explain_fd(struct kernel *kernel, int fd, struct kernel_wait *out);
/* An array of struct pollfd: one is named, of several the numbers are listed. */
void kernel_explain_poll(struct kernel *kernel, uint64_t address, uint64_t count,
			 struct kernel_wait *out);
/* An array of struct futex_waitv: its addresses. */
void kernel_explain_futexes(struct kernel *kernel, uint64_t address, uint64_t count,
			    struct kernel_wait *out);
/* A page that another thread or process is to bring through userfaultfd, or a thread of the
 * kernel that works for the process. False: it waits for neither. fault.c. */
bool kernel_explain_fault(struct kernel *kernel, pid_t tid, struct kernel_wait *out);
/* Three sets of `below` bits each; an address may be 0. */
void kernel_explain_select(struct kernel *kernel, uint64_t below,
			   const uint64_t addresses[3], struct kernel_wait *out);
/* "USR1 TERM": a set of signals that is waited for. */
void kernel_explain_signals(struct kernel *kernel, uint64_t address,
			    struct kernel_wait *out);
/* Appends the address that connect() was given, where the socket's name lacks it. */
void kernel_explain_connect(struct kernel *kernel, uint64_t address, uint64_t bytes,
			    struct kernel_wait *out);

#endif
