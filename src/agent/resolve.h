/* SPDX-License-Identifier: MIT */
/*
 * Finds the real functions behind the wrappers. Each has one word, filled in by an early
 * constructor or by the first call, whichever is earlier. Takes no lock and does not call
 * malloc(). A function that does not exist fails like a missing system call, with ENOSYS.
 */
#ifndef AGENT_RESOLVE_H
#define AGENT_RESOLVE_H

#include <stdint.h>

#include "agent/agent.h"

enum real_id {
#define REAL_ERRNO(name)             REAL_##name,
#define REAL_CODE(name)              REAL_##name,
#define REAL_OPTIONAL(library, name) REAL_##name,
#include "agent/wraps.def"
	REAL_COUNT
};

extern AGENT_HIDDEN void *real_table[REAL_COUNT];

/* Returns a libc function. Never NULL. Async-signal-safe after the constructor has
 * run. */
AGENT_HIDDEN void *real_resolve(enum real_id id);
/* Returns a function of an optional library, as the caller at call_site would have bound
 * it. Never NULL. */
AGENT_HIDDEN void *real_resolve_for(enum real_id id, const void *call_site);

static inline void *real_libc(enum real_id id)
{
	void *real = __atomic_load_n(&real_table[id], __ATOMIC_RELAXED);

	return AGENT_UNLIKELY(!real) ? real_resolve(id) : real;
}

static inline void *real_optional(enum real_id id, const void *call_site)
{
	void *real = __atomic_load_n(&real_table[id], __ATOMIC_RELAXED);

	return AGENT_UNLIKELY(!real) ? real_resolve_for(id, call_site) : real;
}

/* Returns whether both addresses are in the same library. Not async-signal-safe. */
AGENT_HIDDEN bool real_same_object(const void *a, const void *b);

/* Offset of the tid in the object that a pthread_t refers to, or 0 if unknown. */
extern AGENT_HIDDEN uint32_t real_tid_offset;

#endif
