/* SPDX-License-Identifier: MIT */
/* Finds the lock that a thread waits for: in the with statement that holds it, or in the
 * frame that waits. */
#include "source/python/held.h"

#define METHOD_SELF     24u
#define TAGGED_MINOR    14
#define SLOTS_MAX       48u
#define SLOTS_OF_VALUES 12u

/* Whether the object is this lock, or a method of it that is being called. */
static bool leads_to(struct python *python, uint64_t object, uint64_t key,
		     struct python_lock *lock)
{
	uint64_t self;

	if (python_lock_read(python, object, lock))
		return lock->key == key;
	return python_is(&python->reader, object, PYTHON_FUNCTION_OF_C) &&
	       python_word(&python->reader, object + METHOD_SELF, &self) &&
	       python_lock_read(python, self, lock) && lock->key == key;
}

/* The innermost frame has the lock, or its method, among its variables and values: it is
 * in use there right now. */
static bool find_in_frame(struct python *python, const struct python_frame *frame,
			  uint64_t key, struct python_lock *lock)
{
	uint64_t slots[SLOTS_MAX];
	size_t nr = frame->code->nr_locals + SLOTS_OF_VALUES;
	size_t got;

	if (nr > SLOTS_MAX)
		nr = SLOTS_MAX;
	got = memory_read_some(&python->reader.mem,
			       frame->address +
				       (uint64_t)python->reader.layout.frame_locals,
			       slots, nr * 8);
	for (size_t i = 0; i < got / 8; i++) {
		uint64_t object = slots[i];

		if (python->reader.layout.minor >= TAGGED_MINOR)
			object &= ~3ull;
		if (python_plausible(object) && leads_to(python, object, key, lock))
			return true;
	}
	return false;
}

bool python_lock_find(struct python *python, const struct python_thread *thread,
		      uint64_t key, struct python_lock *lock)
{
	const struct python_held *held = python_held_find(python, key);
	bool found = false;

	memset(lock, 0, sizeof(*lock));
	if (!key)
		return false;
	if (python->reader.layout.minor >= PYTHON_PARKING_MINOR)
		found = python_lock_read(python, key - PYTHON_LOCK_WORD, lock) &&
			lock->key == key;
	if (!found && held)
		found = python_lock_read(python, held->object, lock) && lock->key == key;
	if (!found && thread->nr_frames > 0)
		found = find_in_frame(python, &python->frames[thread->first_frame], key,
				      lock);
	if (found && lock->kind == PYTHON_LOCK && held && !lock->free)
		lock->holder = held->tid;
	return found;
}
