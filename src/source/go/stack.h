/* SPDX-License-Identifier: MIT */
/* Stacks of goroutines by the pc-sp tables of the target. What a code address means is
 * worked out once; a stack that was seen before costs one look-up. */
#ifndef SOURCE_GO_STACK_H
#define SOURCE_GO_STACK_H

#include "base/intern.h"
#include "core/stack.h"
#include "source/go/module.h"

#define GO_WALK_MAX 128u

struct go_pc;
struct go_frame;
struct go_stack_memo;

struct go_stacks {
	struct go_module *module;
	struct memory *mem;
	struct intern *intern;
	struct stack_table *table;
	bool runtime; /* show frames of the runtime and of generated functions too */
	uint64_t strangers; /* code addresses in no module that is known */

	struct go_pc *pcs; /* open addressing */
	size_t nr_pcs;
	size_t cap_pcs;
	struct go_frame *frames;
	size_t nr_frames;
	size_t cap_frames;
	struct go_stack_memo *memo;
	size_t nr_memo;
	size_t cap_memo;
	uint64_t seed;
};

/* Where a goroutine stopped, and what was copied of its stack. */
struct go_walk {
	uint64_t pc;
	uint64_t sp;
	uint64_t high; /* end of its stack */
	bool syscall;
	const uint8_t *bytes; /* from sp on */
	size_t nr_bytes;
};

struct go_walked {
	const struct stack *stack; /* NULL: none */
	const char *outer;         /* outermost function of the program, or NULL */
	bool runtime_only;         /* no frame of the program is on it */
	bool collects; /* the program allocates, which the collector has a part in */
};

bool go_stacks_init(struct go_stacks *stacks, struct go_module *module,
		    struct memory *mem, struct intern *intern, struct stack_table *table);
void go_stacks_release(struct go_stacks *stacks);
/* What was worked out of code addresses; modules have been added. */
void go_stacks_forget(struct go_stacks *stacks);
/* Once per look: how much work on tables it may cost. */
void go_stacks_begin(struct go_stacks *stacks);

struct go_walked go_stacks_walk(struct go_stacks *stacks, const struct go_walk *walk);
/* The function that holds a return address, with what is inlined there. */
const struct stack *go_stacks_site(struct go_stacks *stacks, uint64_t pc);
/* Interned name of the function that holds pc, or NULL. */
const char *go_stacks_function(struct go_stacks *stacks, uint64_t pc);

/* For tests: "main.F[...]" of "main.F[go.shape.int_0]"; whether the runtime's own dump
 * would leave the function out. */
size_t go_name_short(const char *name, char *out, size_t size);
bool go_name_hidden(const char *name);

#endif
