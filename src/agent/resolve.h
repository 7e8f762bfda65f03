/* SPDX-License-Identifier: MIT */
/*
 * Finds the functions that libgrmon takes the place of. One word for each, filled by an
 * early constructor, or by the first call if that comes sooner; no lock and no malloc of
 * ours. A function that does not exist fails as a missing system call does: ENOSYS.
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

/* Of libc. Never NULL. Async-signal-safe once the constructor has run. */
AGENT_HIDDEN void *real_resolve(enum real_id id);
/* Of an optional library, as the caller at call_site would have bound it. Never NULL. */
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

/* Where in a pthread_t's object its tid stands, or 0: not known. */
extern AGENT_HIDDEN uint32_t real_tid_offset;

#endif
