/* SPDX-License-Identifier: MIT */
/* See registers.h. A thread that is seized in a group stop stays stopped, as a tracee;
 * detached, it is in its group stop again. */
#include "source/proc/registers.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>

#include "base/clock.h"

#define STOP_LIMIT_NS (CLOCK_SECOND_NS / 50)
#define STOP_POLL_NS  50000
#define SET_GENERAL   1 /* NT_PRSTATUS */
#define SET_VECTOR    2 /* NT_PRFPREG */

#if defined(__x86_64__)
/* The request fails until the thread has entered its stop as a tracee. */
static bool read_general(pid_t tid, struct user_regs_struct *regs)
{
	int64_t limit_ns = clock_mono_ns() + STOP_LIMIT_NS;
	struct timespec pause = {0, STOP_POLL_NS};
	struct iovec iov = {regs, sizeof(*regs)};

	while (ptrace(PTRACE_GETREGSET, tid, (void *)SET_GENERAL, &iov) != 0) {
		if (errno != ESRCH || clock_mono_ns() > limit_ns)
			return false;
		nanosleep(&pause, NULL);
		iov.iov_len = sizeof(*regs);
	}
	return iov.iov_len == sizeof(*regs);
}

size_t registers_read(const struct process *process, pid_t tid,
		      uint8_t out[REGISTERS_BYTES], uint64_t *sp)
{
	struct user_regs_struct regs = {0};
	struct user_fpregs_struct vector;
	struct iovec iov = {&vector, sizeof(vector)};
	size_t bytes = 0;

	(void)process; /* thread ids are unique among live processes */
	_Static_assert(sizeof(regs) + sizeof(vector) <= REGISTERS_BYTES, "room");
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return 0;
	if (read_general(tid, &regs) &&
	    ptrace(PTRACE_GETREGSET, tid, (void *)SET_VECTOR, &iov) == 0) {
		memcpy(out, &regs, sizeof(regs));
		memcpy(out + sizeof(regs), &vector, sizeof(vector));
		bytes = sizeof(regs) + sizeof(vector);
		*sp = regs.rsp;
	}
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return bytes;
}
#else
size_t registers_read(const struct process *process, pid_t tid,
		      uint8_t out[REGISTERS_BYTES], uint64_t *sp)
{
	(void)process;
	(void)tid;
	(void)out;
	(void)sp;
	return 0;
}
#endif
