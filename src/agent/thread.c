/* SPDX-License-Identifier: MIT */
/*
 * Thread creation and termination. pthread_create() and thrd_create() give the new thread
 * its slot and its creator record, and a cleanup handler around its start function
 * returns the slot. If there is no slot or no agent, a call is passed directly to libc.
 */
#include "agent/thread.h"

#include <errno.h>
#include <threads.h>

#include "agent/attach.h"
#include "agent/creator.h"
#include "agent/region.h"
#include "agent/sanitizer.h"
#include "agent/server.h"
#include "agent/slot.h"
#include "agent/wrap.h"

#define THREAD_WINDOW_MAX  (1024u * 1024)
/* Maximum distance from the thread's descriptor to the top of its stack. */
#define THREAD_DESCRIPTOR  4096u
/* Size of libc's frames above a thread's first one. */
#define THREAD_LIBC_FRAMES 512u
/* Size below it that libc's functions need when the thread ends. */
#define THREAD_LIBC_STACK  4096u

#ifdef AGENT_THREAD_SANITIZED
/* These functions run before the sanitizer knows the thread. */
#define THREAD_ENTRY __attribute__((no_sanitize("thread")))
#else
#define THREAD_ENTRY
#endif

extern void *__libc_stack_end;

typedef int (*create_posix)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
			    void *);
typedef int (*create_c11)(thrd_t *, thrd_start_t, void *);

int agent_create_posix(pthread_t *thread, const pthread_attr_t *attributes,
		       void *(*routine)(void *), void *argument,
		       const struct agent_caller *caller);
int agent_create_c11(thrd_t *thread, thrd_start_t routine, void *argument,
		     const struct agent_caller *caller);

static bool thread_is_main(void)
{
	const struct agent_tls *self = &agent_tls;

	return self->own && self->generation == agent_load(agent.live) &&
	       self->own->tid == agent.header->pid;
}

/* Runs before libc calls the destructors of thread-specific data. A wait in such a
 * destructor is only visible through the kernel. */
static void thread_leave(void)
{
	agent_detach();
	agent_tls.over = true;
}

/* Runs if the main thread ends before the process. libc calls exit() in the last thread,
 * and that must not be the server, which does not have the program's descriptors for
 * flushing. */
static void thread_main_ended(void *unused)
{
	thread_leave();
	agent_store(&agent.control->main_left, 1);
	agent_server_stop();
}

void agent_thread_watch_main(void)
{
	if (!thread_is_main() || agent_load(&agent.control->main_watched))
		return;
	if (!agent.key_made)
		agent.key_made = pthread_key_create(&agent.key, thread_main_ended) == 0;
	if (agent.key_made && pthread_setspecific(agent.key, &agent) == 0)
		agent_store(&agent.control->main_watched, 1);
}

static size_t thread_default_stack(void)
{
	pthread_attr_t attributes;
	size_t bytes = 0;

	if (pthread_getattr_default_np(&attributes) != 0)
		return 0;
	pthread_attr_getstacksize(&attributes, &bytes);
	pthread_attr_destroy(&attributes);
	return bytes;
}

void agent_thread_setup(void)
{
	agent.default_stack = thread_default_stack();
	if (agent_own_tid() == agent_own_pid())
		agent_creator_stack((uintptr_t)__libc_stack_end, THREAD_WINDOW_MAX);
}

#ifndef AGENT_THREAD_SANITIZED
/* The memory between the end of the stack and this frame belongs to this thread only. */
static void thread_record_stack(uintptr_t frame, size_t stack_bytes)
{
	uintptr_t top = agent_self() + THREAD_DESCRIPTOR;

	if (frame > top || top - frame >= stack_bytes)
		return;
	size_t window = stack_bytes - (top - frame);

	agent_creator_stack(frame + THREAD_LIBC_FRAMES,
			    window < THREAD_WINDOW_MAX ? window : THREAD_WINDOW_MAX);
}
#endif

THREAD_ENTRY AGENT_HOT static void thread_begin(const struct agent_start *start)
{
#ifdef AGENT_THREAD_SANITIZED
	agent_tls.reserved = start;
#else
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	int32_t record = agent_own_record();

	if (agent_load(agent.live) != start->generation)
		return;
	thread_record_stack(frame, start->stack_bytes);
	agent_attach_slot(start->slot, record > 0 ? record : agent_own_tid());
#endif
}

/* Provided by AddressSanitizer's runtime, if the program contains it and exports it to
 * libraries. */
extern void __asan_unpoison_memory_region(const volatile void *start, size_t bytes)
	__attribute__((weak));

/*
 * Runs on return, pthread_exit() or cancellation. The sanitizer does not clear its marks
 * of frames that cancellation unwinds, and would report its own functions, which run
 * where those frames were.
 */
THREAD_ENTRY static void thread_cleanup(const bool *unused)
{
	const char *frame = __builtin_frame_address(0);

	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(frame - THREAD_LIBC_STACK,
					      THREAD_LIBC_STACK);
	thread_leave();
}
#define THREAD_LEAVES const bool leaves __attribute__((cleanup(thread_cleanup))) = true

THREAD_ENTRY AGENT_HOT static void *thread_main_posix(void *argument)
{
	const struct agent_start *start = argument;
	void *(*routine)(void *) = start->routine.posix;
	void *routine_argument = start->argument;
	THREAD_LEAVES;

	(void)leaves;
	thread_begin(start);
	return routine(routine_argument);
}

THREAD_ENTRY static int thread_main_c11(void *argument)
{
	const struct agent_start *start = argument;
	int (*routine)(void *) = start->routine.c11;
	void *routine_argument = start->argument;
	THREAD_LEAVES;

	(void)leaves;
	thread_begin(start);
	return routine(routine_argument);
}

/* Starts the server or shares the region, if that is wanted. */
static __attribute__((noinline)) void thread_serve(void)
{
	int saved = errno;

#ifndef AGENT_THREAD_SANITIZED
	/* In a child the main thread is not watched yet. The sanitizer creates a thread
	 * inside fork(). */
	if (agent.serves)
		agent_thread_watch_main();
#endif
	if (!agent_server_ensure())
		agent_region_share();
	agent_store(&agent.control->threads, 1);
	errno = saved;
}

/* Returns the new thread's slot with everything filled in except its routine, or NULL if
 * the thread is to be created without one. */
AGENT_HOT static struct agent_start *
thread_prepare(size_t stack_bytes, const struct agent_caller *caller, void *argument)
{
	if (agent_tls.internal)
		return NULL;
	if (AGENT_UNLIKELY(!agent_current())) {
		if (!agent_region_ready())
			return NULL;
		agent_attach();
	}
	if (AGENT_UNLIKELY(agent.serves || agent_load(&agent.control->threads) == 0))
		thread_serve();
	struct wire_slot *slot = agent_slot_take();

	if (!slot)
		return NULL;
	struct agent_start *start = agent_start_of(slot);

	start->slot = slot;
	start->generation = agent_load(agent.live);
	start->argument = argument;
	start->stack_bytes = stack_bytes;
	if (caller)
		agent_creator_record(slot, caller);
	return start;
}

AGENT_HOT int agent_create_posix(pthread_t *thread, const pthread_attr_t *attributes,
				 void *(*routine)(void *), void *argument,
				 const struct agent_caller *caller)
{
	create_posix real = (create_posix)real_libc(REAL_pthread_create);
	size_t stack_bytes = agent.default_stack;

	if (attributes)
		pthread_attr_getstacksize(attributes, &stack_bytes);
	struct agent_start *start = thread_prepare(stack_bytes, caller, argument);

	if (!start)
		return real(thread, attributes, routine, argument);
	start->routine.posix = routine;
	int rc = real(thread, attributes, thread_main_posix, start);

	if (rc != 0 && start->generation == agent_load(agent.live))
		agent_slot_free(start->slot);
	return rc;
}

int agent_create_c11(thrd_t *thread, thrd_start_t routine, void *argument,
		     const struct agent_caller *caller)
{
	create_c11 real = (create_c11)real_libc(REAL_thrd_create);
	struct agent_start *start = thread_prepare(agent.default_stack, caller, argument);

	if (!start)
		return real(thread, routine, argument);
	start->routine.c11 = routine;
	int rc = real(thread, thread_main_c11, start);

	if (rc != thrd_success && start->generation == agent_load(agent.live))
		agent_slot_free(start->slot);
	return rc;
}

#if defined(__x86_64__)
AGENT_CALLER_ENTRY("pthread_create", "agent_create_posix", "r8");
AGENT_CALLER_ENTRY("thrd_create", "agent_create_c11", "rcx");
#else
GRMON_API int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			     void *(*routine)(void *), void *argument)
{
	return agent_create_posix(thread, attributes, routine, argument, NULL);
}

GRMON_API int thrd_create(thrd_t *thread, thrd_start_t routine, void *argument)
{
	return agent_create_c11(thread, routine, argument, NULL);
}
#endif

/* In any other thread the cleanup handler above runs. */
WRAP_DECLARE(void, pthread_exit, (void *result))
WRAP_DECLARE(void, thrd_exit, (int result))

void wrap_pthread_exit(void *result)
{
	if (thread_is_main())
		thread_leave();
	WRAP_REAL(pthread_exit)(result);
	__builtin_unreachable();
}

void wrap_thrd_exit(int result)
{
	if (thread_is_main())
		thread_leave();
	WRAP_REAL(thrd_exit)(result);
	__builtin_unreachable();
}
