/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/symbols turns addresses into names, and unwinds stacks. It does
 * not know which threads there are, and no runtime's data in memory.
 *
 * Names of addresses and whole stacks of a process, by libdwfl. Everything found is
 * remembered per address. Never touches the target but by reading.
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

/* kernel, intern and stacks outlive it. NULL: no memory. */
struct symbols *symbols_new(struct kernel *kernel, struct intern *intern,
			    struct stack_table *stacks);
void symbols_free(struct symbols *symbols); /* NULL is accepted */

/* From here on this poll may spend budget_ns on names and stacks that are not known yet. */
void symbols_begin_poll(struct symbols *symbols, int64_t budget_ns);
bool symbols_time_left(const struct symbols *symbols);
/* What of the files of the process was left out, if anything was. */
void symbols_notes(const struct symbols *symbols, struct snapshot *out);
/* Changes when more became known of everything, so that old stacks are worth unwinding
 * again: debug information came from a server. */
uint32_t symbols_generation(const struct symbols *symbols);

/*
 * The frames at an address, inlined ones first. after_call: it is a return address, so the
 * call before it is what matters. Returns how many; at least one unless max is 0.
 */
size_t symbols_frames(struct symbols *symbols, uint64_t address, bool after_call,
		      struct frame *out, size_t max);
/* A stack of the one function that holds a return address; NULL while there is no time. */
const struct stack *symbols_site(struct symbols *symbols, uint64_t address);

/* Where a stack starts and what is known of its memory. */
struct unwind_start {
	uint64_t pc;
	uint64_t sp;
	const uint64_t
		*regs; /* 17 of x86-64 by DWARF number, callee-saved ones set; or NULL */
	const uint8_t *bytes; /* copied memory from sp on */
	size_t nr_bytes;
	bool live;       /* more of the stack may be read from the process */
	bool after_call; /* pc is a return address */
};
/* NULL: nothing could be said. Takes its time whatever the poll's budget. */
const struct stack *symbols_unwind(struct symbols *symbols,
				   const struct unwind_start *start);
/* The stack of a thread that is blocked in call, without stopping it. */
const struct stack *symbols_unwind_thread(struct symbols *symbols,
					  const struct proc_call *call);

/* What the functions of a blocked thread say about its wait beyond the system call: cond
 * for pthread_cond_wait above a futex. state STATE_UNKNOWN: nothing. */
struct stack_says {
	enum task_state state;
	const char
		*what; /* "the GIL"; static; NULL: nothing better than the state's kind */
	bool libc;     /* a function of glibc says so: the futex is part of its object */
	/* What the innermost function of glibc waits for, whatever its callers call it. */
	enum task_state inner;
	bool musl;    /* … of musl */
	bool java;    /* a monitor of Java */
	bool retries; /* it waits in turns of a limited time until it has what it wants */
};
struct stack_says symbols_stack_says(const struct symbols *symbols,
				     const struct stack *stack,
				     enum task_state from_call);
/* Where the module whose file's name begins like this has a symbol; 0: nowhere. */
uint64_t symbols_address(struct symbols *symbols, const char *module, const char *name);
/* The user's rules, which come first; they outlive symbols. Both may be NULL. */
void symbols_set_rules(struct symbols *symbols, const struct stack_rules *rules);

#endif
