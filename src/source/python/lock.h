/* SPDX-License-Identifier: MIT */
/*
 * Locks of the interpreter and who holds them. An RLock stores its holder. A Lock does not,
 * but a with statement keeps what it will release in the frame that runs it, so the holder
 * is the thread in whose frame that is. A lock that was taken by acquire() has no known
 * holder.
 */
#ifndef SOURCE_PYTHON_LOCK_H
#define SOURCE_PYTHON_LOCK_H

#include "source/python/python.h"

enum python_lock_kind { PYTHON_NO_LOCK, PYTHON_LOCK, PYTHON_RLOCK };

#define PYTHON_PARKING_MINOR 13  /* the first release in which a lock may be one byte */
#define PYTHON_LOCK_WORD     16u /* where that byte is, or the address of a semaphore */

struct python_lock {
	enum python_lock_kind kind;
	uint64_t object; /* 0 if it is known only by what its waiters sleep on */
	uint64_t key;    /* equal for all who wait for it */
	pid_t holder;    /* 0 if unknown */
	bool free;       /* nobody holds it */
};

/* Reads a lock. Returns false if the object is none. */
bool python_lock_read(struct python *python, uint64_t object, struct python_lock *lock);
/* The key of the lock that a thread waits for which sleeps on the word at this address, if
 * it waits for a lock at all. */
uint64_t python_lock_key(struct python *python, uint64_t futex);
/* Finds the lock that a thread waits for, in the frame that does, and its holder, in the
 * frames of all threads. Returns false if the word does not belong to a lock, as far as
 * can be seen; lock_find.c. */
bool python_lock_find(struct python *python, const struct python_thread *thread,
		      uint64_t key, struct python_lock *lock);
/* The thread with this ident, or NULL. */
const struct python_thread *python_by_ident(const struct python *python, uint64_t ident);

#endif
