/* SPDX-License-Identifier: MIT */
/*
 * System calls that do not touch errno, are not cancellation points and do not pass
 * through a wrapper. They return -errno.
 */
#ifndef AGENT_RAW_H
#define AGENT_RAW_H

#include <sys/syscall.h>

/* For what asynchronous cancellation may interrupt: ThreadSanitizer's functions take
 * locks. */
#define RAW_NO_TSAN __attribute__((no_sanitize("thread")))

#if defined(__x86_64__)
static inline RAW_NO_TSAN long raw_syscall6(long number, long a, long b, long c, long d,
					    long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline RAW_NO_TSAN long raw_syscall6(long number, long a, long b, long c, long d,
					    long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#include <errno.h>
#include <unistd.h>

static inline RAW_NO_TSAN long raw_syscall6(long number, long a, long b, long c, long d,
					    long e, long f)
{
	int saved = errno;
	long result = syscall(number, a, b, c, d, e, f);

	if (result == -1)
		result = -errno;
	errno = saved;
	return result;
}
#endif

#define RAW_ARG(x)       ((long)(x))
#define raw0(n)          raw_syscall6(n, 0, 0, 0, 0, 0, 0)
#define raw1(n, a)       raw_syscall6(n, RAW_ARG(a), 0, 0, 0, 0, 0)
#define raw2(n, a, b)    raw_syscall6(n, RAW_ARG(a), RAW_ARG(b), 0, 0, 0, 0)
#define raw3(n, a, b, c) raw_syscall6(n, RAW_ARG(a), RAW_ARG(b), RAW_ARG(c), 0, 0, 0)
#define raw4(n, a, b, c, d)                                                              \
	raw_syscall6(n, RAW_ARG(a), RAW_ARG(b), RAW_ARG(c), RAW_ARG(d), 0, 0)
#define raw5(n, a, b, c, d, e)                                                           \
	raw_syscall6(n, RAW_ARG(a), RAW_ARG(b), RAW_ARG(c), RAW_ARG(d), RAW_ARG(e), 0)
#define raw6(n, a, b, c, d, e, f)                                                        \
	raw_syscall6(n, RAW_ARG(a), RAW_ARG(b), RAW_ARG(c), RAW_ARG(d), RAW_ARG(e),      \
		     RAW_ARG(f))

#endif
