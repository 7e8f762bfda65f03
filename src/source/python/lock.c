/* SPDX-License-Identifier: MIT */
/* A lock has the address of a semaphore, on which its waiters sleep; in newer releases it is
 * one byte, and a waiter sleeps on a word of its own next to the lock's address. */
#include "source/python/lock.h"

#define LOCK_BYTES      40u
#define LOCK_LOCKED     32u /* of a Lock, up to 3.13 */
#define LOCK_BYTE_SIZE  24u
#define RLOCK_BYTE_SIZE 40u
#define RLOCK_OWNER     24u
#define RLOCK_COUNT     32u
#define PARKED_AT       8u /* bytes before the word that a waiter sleeps on */

/* Sets *parking if the lock is one byte: its objects are smaller then. Lock changed in a
 * later release of 3.13, and RLock in 3.14. */
static enum python_lock_kind read_kind(struct python *python, uint64_t type,
				       bool *parking)
{
	struct python_reader *reader = &python->reader;
	enum python_lock_kind kind;
	char name[PYTHON_NAME_MAX];
	uint64_t bytes;

	if (!python_type_name(reader, type, name))
		return PYTHON_NO_LOCK;
	kind = strcmp(name, "_thread.lock") == 0    ? PYTHON_LOCK
	       : strcmp(name, "_thread.RLock") == 0 ? PYTHON_RLOCK
						    : PYTHON_NO_LOCK;
	if (kind == PYTHON_NO_LOCK ||
	    !python_word(reader, type + (uint64_t)reader->layout.type_basic_bytes,
			 &bytes))
		return PYTHON_NO_LOCK;
	*parking = bytes <= (kind == PYTHON_LOCK ? LOCK_BYTE_SIZE : RLOCK_BYTE_SIZE);
	return kind;
}

/* The types of locks are few, and are read once in each look. */
static enum python_lock_kind kind_of(struct python *python, uint64_t type, bool *parking)
{
	struct python_lock_type *kept =
		&python->lock_types[type / 64 % PYTHON_LOCK_TYPES];

	if (kept->type != type || kept->look != python->looks) {
		*kept = (struct python_lock_type){.type = type, .look = python->looks};
		kept->kind = read_kind(python, type, &kept->parking);
	}
	*parking = kept->parking;
	return (enum python_lock_kind)kept->kind;
}

const struct python_thread *python_by_ident(const struct python *python, uint64_t ident)
{
	for (size_t i = 0; ident && i < python->nr_threads; i++)
		if (python->threads[i].ident == ident)
			return &python->threads[i];
	return NULL;
}

bool python_lock_read(struct python *python, uint64_t object, struct python_lock *lock)
{
	const struct python_thread *owner;
	uint8_t bytes[LOCK_BYTES];
	bool parking = false;

	memset(lock, 0, sizeof(*lock));
	if (!python_plausible(object) ||
	    !memory_read(&python->reader.mem, object, bytes, sizeof(bytes)))
		return false;
	lock->kind = kind_of(python, load_u64(bytes + 8), &parking);
	if (lock->kind == PYTHON_NO_LOCK)
		return false;
	lock->object = object;
	lock->key =
		parking ? object + PYTHON_LOCK_WORD : load_u64(bytes + PYTHON_LOCK_WORD);
	if (lock->kind == PYTHON_LOCK) {
		lock->free =
			parking ? !(bytes[PYTHON_LOCK_WORD] & 1) : !bytes[LOCK_LOCKED];
		return true;
	}
	lock->free = load_u64(bytes + RLOCK_OWNER) == 0 ||
		     (!parking && load_u64(bytes + RLOCK_COUNT) == 0);
	owner = python_by_ident(python, load_u64(bytes + RLOCK_OWNER));
	if (owner && !lock->free)
		lock->holder = owner->tid;
	return true;
}

uint64_t python_lock_key(struct python *python, uint64_t futex)
{
	struct python_lock lock;
	uint64_t key;

	if (python->reader.layout.minor >= PYTHON_PARKING_MINOR &&
	    python_word(&python->reader, futex - PARKED_AT, &key) &&
	    python_lock_read(python, key - PYTHON_LOCK_WORD, &lock) && lock.key == key)
		return key;
	return futex;
}
