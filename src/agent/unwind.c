/* SPDX-License-Identifier: MIT */
/*
 * The two functions of the compiler's unwinder that a cleanup handler refers to. They are
 * called only while a thread unwinds, that is when the C library or the program has
 * already loaded the unwinder. The agent therefore does not load it into every process.
 * They are weak, so a program that contains both the unwinder and the static library uses
 * its own.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"

/* ThreadSanitizer would add a cleanup to these functions, which would call them again. */
#define UNWIND_WEAK __attribute__((weak, no_sanitize("thread"))) AGENT_HIDDEN

typedef int personality_fn(int version, int actions, uint64_t kind, void *exception,
			   void *context);
typedef void resume_fn(void *exception);

UNWIND_WEAK personality_fn __gcc_personality_v0;
UNWIND_WEAK resume_fn _Unwind_Resume;

static void *unwind_find(void **cache, const char *name)
{
	void *found = __atomic_load_n(cache, __ATOMIC_RELAXED);
	void *handle;

	if (found)
		return found;
	/* The C library opens it without making it visible to others. */
	handle = dlopen("libgcc_s.so.1", RTLD_LAZY);
	if (!handle)
		return NULL;
	/* Never closed: this only adds a reference to an object that the C library keeps
	 * loaded. */
	found = dlsym(handle, name);
	__atomic_store_n(cache, found, __ATOMIC_RELAXED);
	return found;
}

int __gcc_personality_v0(int version, int actions, uint64_t kind, void *exception,
			 void *context)
{
	static void *cache;
	personality_fn *real =
		(personality_fn *)unwind_find(&cache, "__gcc_personality_v0");

	/* 8 is _URC_CONTINUE_UNWIND. The slot keeps its contents. */
	return real ? real(version, actions, kind, exception, context) : 8;
}

void _Unwind_Resume(void *exception)
{
	static void *cache;
	resume_fn *real = (resume_fn *)unwind_find(&cache, "_Unwind_Resume");

	/* Unwinding can only have reached this point through a personality function that
	 * was found. */
	if (real)
		real(exception);
	__builtin_trap();
}
