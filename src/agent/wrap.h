/* SPDX-License-Identifier: MIT */
/*
 * The bodies of all wrappers; agent/wraps.def has one line for each function. A wrapper is
 * known to C as wrap_NAME, so that no header's prototype or macro gets in its way, and to
 * the linker as NAME. What it published is taken back by a cleanup, that is also when the
 * thread is cancelled in the real function.
 */
#ifndef AGENT_WRAP_H
#define AGENT_WRAP_H

#include "agent/agent.h"
#include "agent/resolve.h"

#define WRAP_WORD(object) ((uint64_t)(uintptr_t)(object))
#define WRAP_REAL(name)   ((__typeof__(&wrap_##name))real_libc(REAL_##name))

#define WRAP_DECLARE(result, name, params)                                               \
	GRMON_API result wrap_##name params __asm__(#name);

/* A wait that other waits may stand above. */
#define WRAP_WAIT(result, name, params, args, pass, state, object, fd_)                  \
	WRAP_DECLARE(result, name, params)                                               \
	result wrap_##name params                                                        \
	{                                                                                \
		if (pass)                                                                \
			return WRAP_REAL(name) args;                                     \
		AGENT_MARK;                                                              \
		agent_enter(&mark, GRMON_##state, WRAP_WORD(object), fd_,                \
			    __builtin_return_address(0));                                \
		return WRAP_REAL(name) args;                                             \
	}

/* One that says more than the waits inside it. */
#define WRAP_API(result, name, params, args, pass, state, object)                        \
	WRAP_DECLARE(result, name, params)                                               \
	result wrap_##name params                                                        \
	{                                                                                \
		if (pass)                                                                \
			return WRAP_REAL(name) args;                                     \
		AGENT_MARK;                                                              \
		agent_enter_api(&mark, GRMON_##state, WRAP_WORD(object),                 \
				__builtin_return_address(0));                            \
		return WRAP_REAL(name) args;                                             \
	}

#endif
