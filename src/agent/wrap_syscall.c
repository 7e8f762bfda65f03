/* SPDX-License-Identifier: MIT */
/*
 * Wrapper for libc's syscall(), which C++ atomic waits, GLib locks and all Rust locks use
 * for futexes. A call that cannot block jumps to the real function with all words
 * unchanged. It may be vfork() or clone(), which must not return through a frame of this
 * library.
 */
#include "agent/wrap.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "agent/filter.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

/* Position of the object and of the descriptor among the arguments, counted from 1; 0 if
 * there is none. */
struct syscall_row {
	uint8_t state;
	uint8_t object;
	uint8_t fd;
};

/* Not a wait, but a call that may install a seccomp filter. */
#define MAY_FILTER             0xff

#define FD(number, state_)     [SYS_##number] = {GRMON_##state_, 0, 1}
#define OBJECT(number, state_) [SYS_##number] = {GRMON_##state_, 1, 0}
#define PLAIN(number, state_)  [SYS_##number] = {GRMON_##state_, 0, 0}
__attribute__((used)) static const struct syscall_row rows[] = {
	OBJECT(futex, FUTEX),
	OBJECT(futex_waitv, FUTEX),
	FD(read, IO_READ),
	FD(readv, IO_READ),
	FD(pread64, IO_READ),
	FD(preadv, IO_READ),
	FD(preadv2, IO_READ),
	FD(recvfrom, IO_READ),
	FD(recvmsg, IO_READ),
	FD(recvmmsg, IO_READ),
	FD(splice, IO_READ),
	FD(copy_file_range, IO_READ),
	FD(write, IO_WRITE),
	FD(writev, IO_WRITE),
	FD(pwrite64, IO_WRITE),
	FD(pwritev, IO_WRITE),
	FD(pwritev2, IO_WRITE),
	FD(sendto, IO_WRITE),
	FD(sendmsg, IO_WRITE),
	FD(sendmmsg, IO_WRITE),
	FD(sendfile, IO_WRITE),
	FD(accept, ACCEPT),
	FD(accept4, ACCEPT),
	FD(connect, CONNECT),
	OBJECT(ppoll, POLL),
	PLAIN(pselect6, POLL),
	FD(epoll_pwait, POLL),
#ifdef SYS_epoll_pwait2
	FD(epoll_pwait2, POLL),
#endif
#ifdef SYS_poll
	OBJECT(poll, POLL),
#endif
#ifdef SYS_select
	PLAIN(select, POLL),
#endif
#ifdef SYS_epoll_wait
	FD(epoll_wait, POLL),
#endif
#ifdef SYS_pause
	PLAIN(pause, SIGNAL_WAIT),
#endif
	PLAIN(rt_sigsuspend, SIGNAL_WAIT),
	PLAIN(rt_sigtimedwait, SIGNAL_WAIT),
	PLAIN(nanosleep, SLEEP),
	PLAIN(clock_nanosleep, SLEEP),
	PLAIN(wait4, WAIT_CHILD),
	PLAIN(waitid, WAIT_CHILD),
	FD(fsync, FSYNC),
	FD(fdatasync, FSYNC),
	FD(syncfs, FSYNC),
	FD(flock, FLOCK),
	OBJECT(msgrcv, CHAN_RECV),
	OBJECT(msgsnd, CHAN_SEND),
	FD(mq_timedreceive, CHAN_RECV),
	FD(mq_timedsend, CHAN_SEND),
	OBJECT(semop, SEMAPHORE),
	OBJECT(semtimedop, SEMAPHORE),
	[SYS_prctl] = {MAY_FILTER, 0, 0},
	[SYS_seccomp] = {MAY_FILTER, 0, 0},
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* What the code of syscall() below has on the stack when it calls syscall_block(). */
#ifdef __x86_64__
#define SYSCALL_BYTES 32
#else
#define SYSCALL_BYTES 0
#endif

typedef long syscall_fn(long number, long a, long b, long c, long d, long e, long f);

/* Carries out a call whose number is in the table. Called from the code below. */
__attribute__((used)) AGENT_HIDDEN long syscall_block(long number, long a, long b, long c,
						      long d, long e, long f,
						      const void *call_site);

long syscall_block(long number, long a, long b, long c, long d, long e, long f,
		   const void *call_site)
{
	const struct syscall_row *row = &rows[number];
	syscall_fn *real = (syscall_fn *)real_libc(REAL_syscall);

	if (row->state == MAY_FILTER) {
		int saved = errno;

		if (agent_filter_is_set(number, (unsigned long)a, (unsigned long)b,
					(unsigned long)c))
			agent_filter_coming();
		errno = saved;
		return real(number, a, b, c, d, e, f);
	}
	AGENT_MARK;

	mark.frame += SYSCALL_BYTES;
	agent_enter(&mark, row->state, row->object ? (uint64_t)a : 0,
		    row->fd ? (int)a : -1, call_site);
	return real(number, a, b, c, d, e, f);
}

#if defined(__x86_64__)

/*
 * Written in assembly, because the last word is in the caller's frame if there are six
 * arguments, and belongs to other data of the caller if there are fewer. A compiled tail
 * call would read it and write it back, and could undo a concurrent store of another
 * thread.
 */
__attribute__((used)) AGENT_HIDDEN void *syscall_resolve(void);
extern AGENT_HIDDEN char syscall_first[];
__attribute__((used)) AGENT_HIDDEN void *syscall_real = syscall_first;

void *syscall_resolve(void)
{
	void *real = real_libc(REAL_syscall);

	__atomic_store_n(&syscall_real, real, __ATOMIC_RELAXED);
	return real;
}

_Static_assert(sizeof(struct syscall_row) == 3, "the code below indexes by 3");
_Static_assert(NR_ROWS == 450 && SYS_futex == 202, "the code below knows these");
_Static_assert(FUTEX_CMD_MASK == ~384, "as does it this");

__asm__(".pushsection .text\n"
	"	.globl	syscall\n"
	"	.type	syscall, @function\n"
	"syscall:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	cmpq	$449, %rdi\n"
	"	ja	1f\n"
	"	leaq	(%rdi,%rdi,2), %rax\n"
	"	leaq	rows(%rip), %r10\n"
	"	cmpb	$0, (%r10,%rax)\n"
	"	je	1f\n"
	"	cmpl	$202, %edi\n"
	"	jne	2f\n"
	/* The futex operations WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2. */
	"	movl	%edx, %eax\n"
	"	andl	$~384, %eax\n"
	"	cmpl	$13, %eax\n"
	"	ja	1f\n"
	"	movl	$0x2a41, %r10d\n"
	"	btl	%eax, %r10d\n"
	"	jc	2f\n"
	"1:	movq	syscall_real(%rip), %rax\n"
	"	jmp	*%rax\n"
	/* Copies of the seventh word and of the return address, aligned to 16. */
	"2:	subq	$8, %rsp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq	8(%rsp)\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq	24(%rsp)\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	call	syscall_block\n"
	"	addq	$24, %rsp\n"
	"	.cfi_adjust_cfa_offset -24\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size	syscall, . - syscall\n"
	/* Before the constructor has run: look up the real function and preserve all
	 * arguments. */
	"	.type	syscall_first, @function\n"
	"	.globl	syscall_first\n"
	"	.hidden	syscall_first\n"
	"syscall_first:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	pushq	%rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq	%rsi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq	%rdx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq	%rcx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq	%r8\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	pushq	%r9\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	subq	$8, %rsp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	call	syscall_resolve\n"
	"	addq	$8, %rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq	%r9\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq	%r8\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq	%rcx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq	%rdx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq	%rsi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	popq	%rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	jmp	*%rax\n"
	"	.cfi_endproc\n"
	"	.size	syscall_first, . - syscall_first\n"
	".popsection\n");

/* Ensures that a signal handler never has to resolve the function. */
__attribute__((constructor(102))) static void syscall_start(void)
{
	syscall_resolve();
}

#else /* all seven words are in registers */

WRAP_DECLARE(long, syscall, (long number, long a, long b, long c, long d, long e, long f))

static inline bool futex_blocks(long operation)
{
	return (1u << FUTEX_WAIT | 1u << FUTEX_LOCK_PI | 1u << FUTEX_WAIT_BITSET |
		1u << FUTEX_WAIT_REQUEUE_PI | 1u << FUTEX_LOCK_PI2) >>
		       (operation & FUTEX_CMD_MASK & 31) &
	       1;
}

long wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if ((unsigned long)number >= NR_ROWS || rows[number].state == GRMON_NONE ||
	    (number == SYS_futex && !futex_blocks(b)))
		return WRAP_REAL(syscall)(number, a, b, c, d, e, f);
	return syscall_block(number, a, b, c, d, e, f, __builtin_return_address(0));
}

#endif
