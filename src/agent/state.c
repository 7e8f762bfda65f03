/* SPDX-License-Identifier: MIT */
/* The one state object, a thread's own part of it, and who the caller is. */
#include "agent/state.h"

#include <string.h>
#include <unistd.h>

#include "agent/raw.h"
#include "agent/resolve.h"

struct agent_state agent = {
	.live = &agent.none,
	.fd = -1,
	.off = 1,
	.status = "the constructor has not run yet",
};

__thread struct agent_tls agent_tls;

int32_t agent_own_tid(void)
{
	if (!agent_filtered())
		return (int32_t)raw0(SYS_gettid);
	if (real_tid_offset == 0)
		return 0;
	return agent_load((const int32_t *)((uintptr_t)pthread_self() + real_tid_offset));
}

/* Under a filter only the constructor asks, in the main thread. */
int32_t agent_own_pid(void)
{
	return agent_filtered() ? agent_own_tid() : (int32_t)raw0(SYS_getpid);
}

void agent_copy_text(char *to, const char *from, size_t bytes)
{
	size_t i = 0;

	for (; from && i + 1 < bytes && from[i]; i++)
		to[i] = from[i];
	memset(to + i, 0, bytes - i);
}
