/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a word. futex(2) is called without libc, which keeps the application's
 * errno unchanged and avoids the agent's own wrapper of syscall(). Results are 0 or a
 * negative errno.
 */
#ifndef AGENT_FUTEX_H
#define AGENT_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "agent/raw.h"

/* Pauses briefly while another CPU is expected to change a word. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

/* Sleeps while *word == value. deadline is on CLOCK_MONOTONIC, or NULL to sleep without
 * limit. */
static inline RAW_NO_TSAN long futex_wait(uint32_t *word, uint32_t value,
					  const struct timespec *deadline)
{
	return raw6(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
		    deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* The word may already be freed. Waking an address without waiters does nothing, and
 * every futex user must tolerate spurious wake-ups. */
static inline void futex_wake(uint32_t *word, uint32_t nr)
{
	raw3(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, nr);
}

#endif
