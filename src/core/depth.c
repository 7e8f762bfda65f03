/* SPDX-License-Identifier: MIT */
/* Names are examined once per stack, when the stack is interned. */
#include "core/depth.h"

#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"

#define PLACE_CALLERS                                                                    \
	2u /* frames of the waiting function that distinguish one wait from another */
#define DEPTH_MOST  UINT8_MAX
#define ASKS_WITHIN 2u /* innermost frames of the program's own */

/* Name prefixes of functions that start a task. Frames further out are not part of its
 * work. */
static const char *const beginnings[] = {
	"start_thread",
	"clone",
	"__clone",
	"__libc_start_",
	"_start",
	"execute_native_thread_routine",
	"g_thread_proxy",
	"runtime.goexit",
	"runtime.main",
	"std::rt::lang_start",
	"thread_native_entry",
	"start", /* musl's, see is_beginning() below */
};

/* Virtual machines that run programs of another language. Their own frames do not reveal
 * how deep that program is in its work. */
static const char *const interpreters[] = {
	"_PyEval_", "PyEval_",     "_PyFunction_", "_PyObject_Call", "rb_vm_exec",
	"vm_exec",  "rb_thread_",  "JavaCalls::",  "JavaThread::",   "v8::internal::",
	"luaV_",    "lua_pcall",   "Perl_runops",  "execute_ex",     "zend_execute",
	"erts_",    "Interpreter",
};

/* Library layers around a program's function that frame.c does not recognize by name. */
static const char *const wrappers[] = {
	"<alloc::",         "alloc::",   "core::",    "<core::",       "std::",
	"<std::",           "void std",  "decltype(", "boost::detail", "boost::thread",
	"QThreadPrivate::", "QThread::", "JNI_",
};

static bool begins_with_any(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (name[0] == list[i][0] && text_starts_with(name, list[i]))
			return true;
	return false;
}

static bool is_beginning(const struct frame *frame)
{
	const char *name = frame->function;

	if (!name)
		return false;
	if (strstr(name, "__rust_begin_short_backtrace"))
		return true;
	if (!begins_with_any(name, beginnings, ARRAY_COUNT(beginnings)))
		return false;
	/* A program may well have a function whose name begins like musl's. */
	return !text_starts_with(name, "start") || strcmp(name, "start") == 0 ||
	       strcmp(name, "start_thread") == 0;
}

/* A frame of a library for which only the file is known. */
static bool is_nameless_library(const char *name)
{
	return text_starts_with(name, "lib") && strstr(name, ".so") &&
	       strstr(name, "+0x");
}

/* A frame of a Python function. Code without a file is of a string, or was typed in. */
static bool is_python(const struct frame *frame)
{
	static const char *const others[] = {"<frozen ", "<string>", "<stdin>",
					     "<console>", "<ipython-input"};

	return frame->file && (text_ends_with(frame->file, ".py") ||
			       begins_with_any(frame->file, others, ARRAY_COUNT(others)));
}

/* The code of a file begins the program; it is not a function of it. */
static bool is_python_work(const struct frame *frame)
{
	return frame->function && strcmp(frame->function, "<module>") != 0 &&
	       frame_role(frame) == FRAME_OWN;
}

/* Matches words in the names of functions that fetch the next piece of work. */
static bool asks_for_work(const char *name)
{
	static const char *const verbs[] = {"get",  "next", "pop",     "take",   "fetch",
					    "wait", "recv", "dequeue", "receive"};
	static const char *const things[] = {"task",    "job",   "work",   "event",
					     "message", "queue", "request"};
	char lower[96];
	size_t length = 0;
	bool verb = false, thing = false;

	for (; length < sizeof(lower) - 1 && name[length]; length++)
		lower[length] = (char)tolower((unsigned char)name[length]);
	lower[length] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
		verb |= strstr(lower, verbs[i]) != NULL;
	for (size_t i = 0; i < ARRAY_COUNT(things); i++)
		thing |= strstr(lower, things[i]) != NULL;
	return verb && thing;
}

/* A task that only reads, according to its name or to that of its start function. */
static bool is_reader(const char *name)
{
	static const char *const words[] = {"readloop", "read_loop", "reader",
					    "recv",     "receiv",    "input",
					    "listener", "readpump",  "read_pump"};
	char lower[96];
	size_t length = 0;

	for (; length < sizeof(lower) - 1 && name[length]; length++)
		lower[length] = (char)tolower((unsigned char)name[length]);
	lower[length] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (strstr(lower, words[i]))
			return true;
	return false;
}

static uint64_t place_of(const struct stack *stack)
{
	size_t top = stack->top > 0 ? stack->top - 1 : 0;
	uint64_t place = 1;

	for (size_t i = top; i < stack->nr_frames && i <= top + PLACE_CALLERS; i++) {
		const struct frame *frame = &stack->frames[i];

		if (is_beginning(frame))
			break;
		place = hash_mix(place ^ frame->address,
				 (uint64_t)(uintptr_t)frame->function ^
					 (uint64_t)frame->line);
	}
	return place ? place : 1;
}

/* Everything that Python itself waits for is a lock of this kind: conditions, events and
 * queues. A "with" statement acquires one as a lock, through a call of its own. */
static bool is_vague(const struct stack *stack)
{
	for (size_t i = 0; i < stack->nr_frames; i++) {
		const char *name = stack->frames[i].function;

		if (!name || !text_starts_with(name, "lock_PyThread_acquire"))
			continue;
		for (size_t at = i + 1; at < stack->nr_frames && at <= i + 4; at++) {
			name = stack->frames[at].function;
			if (name && strstr(name, "PyObject_CallNoArg"))
				return false;
		}
		return true;
	}
	return false;
}

/* Returns true for a whole stack that ends with a nameless function of libc. Without libc's
 * debug symbols that is what starts a thread. */
static bool ends_in_libc(const struct stack *stack)
{
	const char *name = NULL;

	if (stack->nr_frames > 0 && !stack->truncated)
		name = stack->frames[stack->nr_frames - 1].function;
	return name && (text_starts_with(name, "libc.so.6+0x") ||
			text_starts_with(name, "libpthread.so.0+0x"));
}

/* Of threads: Python's own. Its timers call a function with work. */
static bool starts_threads(const struct frame *frame)
{
	return text_ends_with(frame->file, "/threading.py") &&
	       !text_ends_with(frame->function ? frame->function : "", "Timer.run");
}

static bool begins_thread(const struct frame *frame)
{
	return starts_threads(frame) && frame->function &&
	       text_ends_with(frame->function, "_bootstrap");
}

/*
 * Whether the program's own functions were called by a library that had work for them: by a
 * pool or server in one of its threads, or by asyncio. A thread's own loop is called by
 * what begins threads.
 */
static bool is_handed(const struct stack *stack)
{
	const struct frame *caller = NULL, *last = NULL;
	bool own = false, asyncio = false;

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		if (!is_python(frame))
			continue;
		last = frame;
		if (is_python_work(frame)) {
			own = true;
			caller = NULL;
			continue;
		}
		if (own && !caller)
			caller = frame;
		asyncio |= own && frame_role(frame) != FRAME_OWN &&
			   strstr(frame->file, "/asyncio/");
	}
	return asyncio || (caller && begins_thread(last) && !starts_threads(caller) &&
			   frame_role(caller) != FRAME_OWN);
}

void depth_measure(struct stack *stack)
{
	size_t own = 0, python = 0;
	const char *root = NULL;
	bool began = false, machine = false, has_python = false;

	stack->asks = stack->reads = false;
	stack->vague = is_vague(stack);
	stack->root = 0;
	for (size_t i = 0; i < stack->nr_frames && !began; i++) {
		const struct frame *frame = &stack->frames[i];
		const char *name = frame->function;

		if (is_python(frame)) {
			has_python = true;
			if (is_python_work(frame)) {
				stack->asks |=
					python < ASKS_WITHIN && asks_for_work(name);
				python++;
				stack->root = (uint64_t)(uintptr_t)name;
			}
			continue;
		}
		if (!name) {
			machine = true; /* code that was generated at run time */
			continue;
		}
		began = is_beginning(frame);
		machine |= begins_with_any(name, interpreters, ARRAY_COUNT(interpreters));
		if (began || frame_is_plumbing(frame) || is_nameless_library(name) ||
		    begins_with_any(name, wrappers, ARRAY_COUNT(wrappers)))
			continue;
		/* A function that fetches work does so directly where it waits. */
		stack->asks |= own < ASKS_WITHIN && asks_for_work(name);
		root = name;
		if (!has_python)
			stack->root = (uint64_t)(uintptr_t)name;
		own++;
	}
	began |= ends_in_libc(stack);
	if (has_python)
		own = python;
	/* A stack of Python alone ends where the interpreter began the thread. */
	if (stack->nr_frames > 0 && !stack->truncated &&
	    is_python(&stack->frames[stack->nr_frames - 1]))
		began = true;
	stack->handed = has_python && is_handed(stack);
	stack->reads = root && is_reader(root);
	stack->depth = (uint8_t)(own < DEPTH_MOST ? own : DEPTH_MOST);
	stack->began = began && (!machine || has_python);
	stack->unknown = machine && !has_python;
	stack->place = place_of(stack);
}

bool depth_is_loop(const struct stack *stack)
{
	return stack && stack->began && !stack->handed &&
	       stack->depth <= (stack->asks ? DEPTH_NAMED_LOOP : DEPTH_LOOP);
}

bool depth_is_inside(const struct stack *stack)
{
	return stack && !stack->unknown && !stack->truncated &&
	       (stack->handed ||
		stack->depth > (stack->asks ? DEPTH_NAMED_LOOP : DEPTH_LOOP));
}
