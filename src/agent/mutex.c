/* SPDX-License-Identifier: MIT */
/* Finds out whether mutex_take() does what libc's pthread_mutex_lock() does. */
#include "agent/mutex.h"

#include <errno.h>
#include <string.h>

#include "agent/checker.h"
#include "agent/libc.h"

__attribute__((section(".data"))) uint32_t mutex_owner_offset;

#ifdef MUTEX_IS_KNOWN

typedef int (*mutex_fn)(pthread_mutex_t *);

/* A sanitizer, or another library between the program and libc, must see each lock. So must
 * Valgrind, which takes the place of libc's functions unseen. */
static bool mutex_is_of_libc(mutex_fn lock, mutex_fn try, mutex_fn unlock)
{
	const void *libc = agent_libc("_thread_db_pthread_tid");

	return libc && real_same_object(libc, (void *)lock) &&
	       real_same_object(libc, (void *)try) &&
	       real_same_object(libc, (void *)unlock) && !agent_checkers_run();
}

/* The same bytes while it is locked and afterwards, and libc respects our lock. */
static bool mutex_is_same(mutex_fn lock, mutex_fn try, mutex_fn unlock)
{
	static const pthread_mutex_t idle;
	pthread_mutex_t theirs = idle, ours = idle;
	bool same = lock(&theirs) == 0 && mutex_take(&ours) &&
		    memcmp(theirs.__size, ours.__size, sizeof(ours)) == 0 &&
		    try(&ours) == EBUSY;

	return unlock(&theirs) == 0 && unlock(&ours) == 0 && same &&
	       memcmp(ours.__size, idle.__size, sizeof(ours)) == 0;
}

/* After the functions were looked up, and before the program has more threads. */
__attribute__((constructor(102))) static void mutex_start(void)
{
	mutex_fn lock, try, unlock;

	*(void **)&lock = real_libc(REAL_pthread_mutex_lock);
	*(void **)&try = real_libc(REAL_pthread_mutex_trylock);
	*(void **)&unlock = agent_libc("pthread_mutex_unlock");
	if (real_tid_offset == 0 || !mutex_is_of_libc(lock, try, unlock))
		return;
	mutex_owner_offset = real_tid_offset;
	if (!mutex_is_same(lock, try, unlock))
		mutex_owner_offset = 0;
}

#endif
