/* SPDX-License-Identifier: MIT */
/* The global state object, the per-thread state, and the identity of the caller. */
#include "agent/state.h"

#include <string.h>
#include <unistd.h>

#include "agent/raw.h"

struct agent_state agent = {
	.live = &agent.none,
	.fd = -1,
	.off = 1,
	.status = "the constructor has not run yet",
};

__thread struct agent_tls agent_tls;

/*
 * Returns whether the record differs from the one seen last in this thread, in which case
 * libc has changed it. An unchanged record may be a parent's, if the child was created by
 * clone(). In the usual cases, fork() and threads, no system call is needed; that matters
 * because not every filter is detected, see filter.h.
 */
static bool own_record_is_new(int32_t record)
{
	return record > 0 && agent_tls.record != 0 && agent_tls.record != record;
}

int32_t agent_own_tid(void)
{
	int32_t record = agent_own_record();

	if (agent_filtered() || own_record_is_new(record))
		return record;
	return (int32_t)raw0(SYS_gettid);
}

/* A child of fork() begins with one thread. Under a filter only the constructor asks, in
 * the main thread. */
int32_t agent_own_pid(void)
{
	int32_t record = agent_own_record();

	if (agent_filtered() || (agent_tls.record > 0 && own_record_is_new(record)))
		return record;
	return (int32_t)raw0(SYS_getpid);
}

void agent_copy_text(char *to, const char *from, size_t bytes)
{
	size_t i = 0;

	for (; from && i + 1 < bytes && from[i]; i++)
		to[i] = from[i];
	memset(to + i, 0, bytes - i);
}
