/* SPDX-License-Identifier: MIT */
/* What a blocked thread waits for, in the words of Python: by the functions of the standard
 * library that it is in, and the objects that these work on. */
#ifndef SOURCE_PYTHON_WAIT_H
#define SOURCE_PYTHON_WAIT_H

#include "source/python/lock.h"

/* What the kernel says about the thread. */
struct python_blocked {
	enum task_state state;
	bool futex; /* it sleeps on the word at `address` */
	uint64_t address;
};

struct python_wait {
	enum task_state
		state; /* STATE_UNKNOWN: nothing is known beyond the kernel's answer */
	/* What it waits on; NULL: as the kernel says. Otherwise address and text are set. */
	const char *kind; /* static */
	uint64_t address;
	char text[KERNEL_TEXT_MAX];
	pid_t owner; /* who holds it, or is waited for; 0 if unknown */
	bool vague;  /* a lock that may be used as an event: nobody has to hold it */
	/* It wakes up again and again to ask for the lock of the interpreter. While `turn` stays
	 * the same, nobody else has got that. */
	bool gil;
	uint64_t turn;
};

void python_wait_find(struct python *python, const struct python_thread *thread,
		      const struct python_blocked *blocked, struct python_wait *out);
/* Whether the thread sleeps on this word for an item of a queue.SimpleQueue that the function
 * of its innermost frame works on; then sets *out. */
bool python_wait_simple_queue(struct python *python, const struct python_frame *frame,
			      uint64_t futex, struct python_wait *out);
/* A thread that waited for the interpreter's lock in an earlier look and is awake now: sets
 * `out` if nobody else has got the lock since, because then it can only ask again. */
void python_wait_again(const struct python *python, uint64_t turn,
		       struct python_wait *out);

#endif
