/* SPDX-License-Identifier: MIT */
/*
 * Queues and conditions of libraries that a program may use. Their headers are not
 * needed, because the arguments are passed as words. The wait is an outer one: what the
 * library waits for internally (a condition, a poll) is stored beside it.
 */
#include "agent/wrap.h"

#include <stddef.h>

#define WRAP_OPTIONAL(library, result, name, params, args, pass, state, object)          \
	WRAP_DECLARE(result, name, params)                                               \
	result wrap_##name params                                                        \
	{                                                                                \
		const void *site = __builtin_return_address(0);                          \
		__typeof__(&wrap_##name) real = real_optional(REAL_##name, site);        \
                                                                                         \
		if (pass)                                                                \
			return real args;                                                \
		AGENT_MARK;                                                              \
		agent_enter_api(&mark, GRMON_##state, WRAP_WORD(object), site);          \
		return real args;                                                        \
	}

/*
 * While this coroutine waits, others run on this thread. What was published when the wait
 * began may belong to one of them and be over by now, so the state afterwards is running.
 */
static inline void return_to_running(struct agent_mark *mark)
{
	mark->saved = AGENT_SAVED_NONE;
}

#define WRAP_COROUTINE(library, result, name, params, args, pass, state, object)         \
	WRAP_DECLARE(result, name, params)                                               \
	result wrap_##name params                                                        \
	{                                                                                \
		const void *site = __builtin_return_address(0);                          \
		__typeof__(&wrap_##name) real = real_optional(REAL_##name, site);        \
                                                                                         \
		if (pass)                                                                \
			return real args;                                                \
		AGENT_MARK;                                                              \
		agent_enter_api(&mark, GRMON_##state, WRAP_WORD(object), site);          \
		return_to_running(&mark);                                                \
		return real args;                                                        \
	}

#define OPTIONAL  WRAP_OPTIONAL
#define COROUTINE WRAP_COROUTINE
#include "agent/wraps.def"
