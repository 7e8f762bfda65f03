/* SPDX-License-Identifier: MIT */
/*
 * Locks a plain mutex that is free, as libc itself does it. Trying it through libc would
 * cost a program of one thread, where libc needs no atomic operation, several times as much
 * as the lock. It is only done if libc was seen to do exactly the same.
 */
#ifndef AGENT_MUTEX_H
#define AGENT_MUTEX_H

#include <pthread.h>
#include <stdbool.h>

#include "agent/state.h"

#if defined(__GLIBC__) && __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define MUTEX_IS_KNOWN   1
/* What pthread_mutex_init() sets for PTHREAD_MUTEX_NORMAL: never try to elide the lock. */
#define MUTEX_NO_ELISION 0x200
#endif

/* Offset of the owner's tid in libc's descriptor of a thread; 0: leave all to libc. */
extern AGENT_HIDDEN uint32_t mutex_owner_offset;

/* Returns whether the mutex was free and now belongs to the caller. */
static inline bool mutex_take(pthread_mutex_t *lock)
{
#ifdef MUTEX_IS_KNOWN
	uint32_t offset = agent_load(&mutex_owner_offset);
	int word = 0;

	if (AGENT_UNLIKELY(offset == 0 || (lock->__data.__kind & ~MUTEX_NO_ELISION) != 0))
		return false;
	if (__libc_single_threaded) {
		if (AGENT_UNLIKELY(lock->__data.__lock != 0))
			return false;
		lock->__data.__lock = 1;
	} else if (AGENT_UNLIKELY(!__atomic_compare_exchange_n(
			   &lock->__data.__lock, &word, 1, false, __ATOMIC_ACQUIRE,
			   __ATOMIC_RELAXED))) {
		return false;
	}
	lock->__data.__owner = *(const int *)(agent_self() + offset);
	lock->__data.__nusers++;
	return true;
#else
	return false;
#endif
}

#endif
