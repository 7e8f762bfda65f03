/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/symbols turns addresses into names and unwinds stacks. It must
 * not know which threads exist, or the data of any runtime.
 *
 * Names addresses and unwinds stacks of a process through libdwfl. Results are cached per
 * address. The target is only read, never changed.
 */
#ifndef SOURCE_SYMBOLS_SYMBOLS_H
#define SOURCE_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"
#include "core/stack_rule.h"
#include "source/kernel/kernel.h"

struct symbols;

/* kernel, intern and stacks must outlive it. Returns NULL if out of memory. */
struct symbols *symbols_new(struct kernel *kernel, struct intern *intern,
			    struct stack_table *stacks);
void symbols_free(struct symbols *symbols); /* NULL is accepted */

/* Begins a poll that may spend budget_ns on names and stacks that are not cached. */
void symbols_begin_poll(struct symbols *symbols, int64_t budget_ns);
bool symbols_time_left(const struct symbols *symbols);
/* Adds a note about files of the process that were not fully read, if any. */
void symbols_notes(const struct symbols *symbols, struct snapshot *out);
/* Changes when debug information has arrived from a server, so that stacks should be
 * unwound again. */
uint32_t symbols_generation(const struct symbols *symbols);

/*
 * Finds the frames at an address, inlined ones first. after_call means that it is a
 * return address, so that the call before it is looked up. Returns the number of frames,
 * at least one unless max is 0.
 */
size_t symbols_frames(struct symbols *symbols, uint64_t address, bool after_call,
		      struct frame *out, size_t max);
/* Returns a stack of the one function that contains a return address. Returns NULL if the
 * poll has no time left. */
const struct stack *symbols_site(struct symbols *symbols, uint64_t address);

/* Where a stack starts, and what is known about its memory. */
struct unwind_start {
	uint64_t pc;
	uint64_t sp;
	/* 17 of x86-64 by DWARF number, callee-saved ones set; or NULL */
	const uint64_t *regs;
	const uint8_t *bytes; /* a copy of the memory from sp on */
	size_t nr_bytes;
	bool live;       /* more of the stack may be read from the process */
	bool after_call; /* pc is a return address */
};
/* Unwinds a stack, even if the poll has no time left. Returns NULL on failure. */
const struct stack *symbols_unwind(struct symbols *symbols,
				   const struct unwind_start *start);
/* Unwinds the stack of a thread that is blocked in call, without stopping it. */
const struct stack *symbols_unwind_thread(struct symbols *symbols,
					  const struct proc_call *call);

/* What the functions on a blocked thread's stack tell about its wait beyond the system
 * call, such as cond for pthread_cond_wait above a futex. STATE_UNKNOWN if nothing. */
struct stack_says {
	enum task_state state;
	/* "the GIL"; static; NULL if nothing is more specific than the state */
	const char *what;
	bool libc; /* from a function of glibc: the futex is part of its object */
	/* What the innermost function of glibc waits for, whatever its callers call it.
	 * */
	enum task_state inner;
	bool musl;    /* from a function of musl */
	bool java;    /* a Java monitor */
	bool retries; /* it waits with a timeout, repeatedly, until it succeeds */
};
struct stack_says symbols_stack_says(const struct symbols *symbols,
				     const struct stack *stack,
				     enum task_state from_call);
/* Returns the address of a symbol in the module whose file name begins with `module`, or
 * 0. */
uint64_t symbols_address(struct symbols *symbols, const char *module, const char *name);
/* Sets the user's rules, which take precedence; they must outlive symbols. Both may be
 * NULL. */
void symbols_set_rules(struct symbols *symbols, const struct stack_rules *rules);

#endif
