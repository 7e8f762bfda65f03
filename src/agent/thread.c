/* SPDX-License-Identifier: MIT */
/* The life of threads: a slot at creation, given back at the end. */
#include "agent/state.h"

/* Keys below this lie in the thread itself: pthread_setspecific() allocates nothing. */
#define THREAD_KEYS_INSIDE 32u

static void thread_ended(void *slot)
{
	(void)slot;
	agent_detach();
}

void agent_thread_setup(void)
{
	agent.key_usable = pthread_key_create(&agent.key, thread_ended) == 0 &&
			   agent.key < THREAD_KEYS_INSIDE;
}
