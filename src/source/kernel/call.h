/* SPDX-License-Identifier: MIT */
/* Shared by call.c, which knows the system calls; arguments.c, which reads what their
 * arguments point to; limit.c; and fault.c. */
#ifndef SOURCE_KERNEL_CALL_H
#define SOURCE_KERNEL_CALL_H

#include "source/kernel/kernel.h"

/* How a system call receives its timeout. */
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

/* Records when the call times out, from the argument with index at. sleeps is true if the
 * call does nothing but sleep. limit.c. */
void kernel_explain_limit(struct kernel *kernel, const struct proc_call *call,
			  enum call_time time, int at, bool sleeps,
			  struct kernel_wait *out);
/* "fd 5 pipe:[17]" */
void kernel_explain_fd(struct kernel *kernel, int fd, struct kernel_wait *out);
/* Explains an array of struct pollfd. A single descriptor is named; several are listed by
 * number. */
void kernel_explain_poll(struct kernel *kernel, uint64_t address, uint64_t count,
			 struct kernel_wait *out);
/* Lists the addresses in an array of struct futex_waitv. */
void kernel_explain_futexes(struct kernel *kernel, uint64_t address, uint64_t count,
			    struct kernel_wait *out);
/* Explains a thread that waits for a page to be provided through userfaultfd, or a kernel
 * thread that works for the process. Returns false for any other thread. fault.c. */
bool kernel_explain_fault(struct kernel *kernel, pid_t tid, struct kernel_wait *out);
/* Explains three sets of `below` bits each; an address may be 0. */
void kernel_explain_select(struct kernel *kernel, uint64_t below,
			   const uint64_t addresses[3], struct kernel_wait *out);
/* "USR1 TERM": the set of signals that the thread waits for. */
void kernel_explain_signals(struct kernel *kernel, uint64_t address,
			    struct kernel_wait *out);
/* Appends the address that was passed to connect() if the socket's name lacks it. */
void kernel_explain_connect(struct kernel *kernel, uint64_t address, uint64_t bytes,
			    struct kernel_wait *out);

#endif
