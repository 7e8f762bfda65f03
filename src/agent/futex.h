/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a word: futex(2) without libc, so that errno stays the application's and the
 * agent's own interposed syscall() is not entered. Results are 0 or a negative errno.
 */
#ifndef AGENT_FUTEX_H
#define AGENT_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "agent/raw.h"

/* Passes a moment in which another core is expected to change a word. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

/* Sleeps while *word == value. deadline: CLOCK_MONOTONIC, or NULL for ever. */
static inline long futex_wait(uint32_t *word, uint32_t value,
			      const struct timespec *deadline)
{
	return raw6(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
		    deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* The word may be gone by now: a wake-up of an address that nobody waits on does nothing,
 * and every futex in the process has to bear one that it did not expect. */
static inline void futex_wake(uint32_t *word, uint32_t nr)
{
	raw3(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, nr);
}

#endif
