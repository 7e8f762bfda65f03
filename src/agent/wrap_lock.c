/* SPDX-License-Identifier: MIT */
/*
 * A plain mutex that is free is locked here, see mutex.h. Any other lock is first tried
 * without publishing a wait, so the uncontended path costs little more. Any result other than "busy" is what the real function
 * would have returned. If the lock is busy, the real function is called, so its own
 * errors (EDEADLK) are preserved.
 */
#include "agent/mutex.h"
#include "agent/wrap.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

/* Arguments that the real function rejects before it examines the lock. */
#define BAD_CLOCK(clock)    ((clock) != CLOCK_REALTIME && (clock) != CLOCK_MONOTONIC)
#define BAD_TIME(until)     ((unsigned long)(until)->tv_nsec >= 1000000000ul)

#define ATTEMPT(name, lock) ((int (*)(void *))real_libc(REAL_##name))(lock)

#ifdef __GLIBC__
/* Robust, priority-inheriting and priority-protected mutexes. Trying to lock one makes
 * system calls, and glibc 2.36 does not release one that then turns out to be
 * unrecoverable. */
#define MUTEX_SPECIAL(lock) (((lock)->__data.__kind & 0x70) != 0)
#else
#define MUTEX_SPECIAL(lock) 0
#endif

/* A special mutex counts as busy: its wait is published and the real function decides. */
#define mutex_try_quick mutex_take
static inline int mutex_try(pthread_mutex_t *lock)
{
	if (AGENT_UNLIKELY(MUTEX_SPECIAL(lock)))
		return EBUSY;
	return ATTEMPT(pthread_mutex_trylock, lock);
}

#define mtx_try_quick(lock) mutex_take((pthread_mutex_t *)(lock))
static inline int mtx_try(mtx_t *lock)
{
	return ATTEMPT(mtx_trylock, lock);
}

#define read_try_quick(lock) false
static inline int read_try(pthread_rwlock_t *lock)
{
	return ATTEMPT(pthread_rwlock_tryrdlock, lock);
}

#define write_try_quick(lock) false
static inline int write_try(pthread_rwlock_t *lock)
{
	return ATTEMPT(pthread_rwlock_trywrlock, lock);
}

/* sem_wait() is a cancellation point even if it does not block. */
#define sem_try_quick(lock) false
static inline int sem_try(sem_t *lock)
{
	int saved = errno;

	pthread_testcancel();
	if (ATTEMPT(sem_trywait, lock) == 0)
		return 0;
	errno = saved;
	return EBUSY;
}

/* The real function reads the same word, also without further checks. */
static inline int32_t join_tid(unsigned long thread)
{
	int32_t tid;

	if (real_tid_offset == 0 || thread == 0)
		return -1;
	tid = __atomic_load_n((const int32_t *)(thread + real_tid_offset),
			      __ATOMIC_RELAXED);
	return tid > 0 ? tid : -1;
}

/* attempt_quick: takes the lock without libc, if it can. The blocking part is a separate function, so that the fast path needs no frame for a
 * mark. */
#define WRAP_TRY(name, params, args, direct, attempt, busy, state)                       \
	WRAP_DECLARE(int, name, params)                                                  \
	static __attribute__((noinline)) int block_##name(                               \
		const void *call_site, void *frame, WRAP_UNWRAP params)                  \
	{                                                                                \
		AGENT_MARK;                                                              \
		mark.frame = WRAP_WORD(frame);                                           \
		agent_enter(&mark, GRMON_##state, WRAP_WORD(lock), -1, call_site);       \
		return WRAP_REAL(name) args;                                             \
	}                                                                                \
	int wrap_##name params                                                           \
	{                                                                                \
		int result;                                                              \
                                                                                         \
		if (direct)                                                              \
			return WRAP_REAL(name) args;                                     \
		if (attempt##_quick(lock))                                               \
			return 0;                                                        \
		result = attempt(lock);                                                  \
		if (__builtin_expect(result != (busy), 1))                               \
			return result;                                                   \
		return block_##name(__builtin_return_address(0), __builtin_dwarf_cfa(),  \
				    WRAP_UNWRAP args);                                   \
	}
#define WRAP_UNWRAP(...) __VA_ARGS__

#define WAIT_LOCK        WRAP_WAIT
#define TRY_LOCK         WRAP_TRY
#include "agent/wraps.def"
