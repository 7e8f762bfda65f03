/* SPDX-License-Identifier: MIT */
/*
 * The bodies of all wrappers; agent/wraps.def has one line for each function. In C a
 * wrapper is named wrap_NAME, to avoid conflicts with prototypes and macros of system
 * headers; for the linker it is NAME. A cleanup handler withdraws what it published, also
 * if the thread is cancelled inside the real function.
 */
#ifndef AGENT_WRAP_H
#define AGENT_WRAP_H

#include "agent/agent.h"
#include "agent/resolve.h"

#define WRAP_WORD(object) ((uint64_t)(uintptr_t)(object))
#define WRAP_REAL(name)   ((__typeof__(&wrap_##name))real_libc(REAL_##name))

#define WRAP_DECLARE(result, name, params)                                               \
	AGENT_HOT GRMON_API result wrap_##name params __asm__(#name);

/* A wait that may be published inside an API wait. */
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

/* An API wait, which is more informative than the libc waits inside it. */
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
