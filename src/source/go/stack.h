/* SPDX-License-Identifier: MIT */
/* Unwinds stacks of goroutines with the pc-sp tables of the target. Code addresses are
 * decoded once; a stack that was seen before costs one lookup. */
#ifndef SOURCE_GO_STACK_H
#define SOURCE_GO_STACK_H

#include "base/intern.h"
#include "core/stack.h"
#include "source/go/module.h"

#define GO_WALK_MAX 128u

struct go_pc;
struct go_frame;
struct go_stack_memo;
struct go_stack_shape;

struct go_stacks {
	struct go_module *module;
	struct memory *mem;
	struct intern *intern;
	struct stack_table *table;
	bool runtime; /* also show frames of the runtime and of generated functions */
	uint64_t strangers; /* code addresses in no known module */

	struct go_pc *pcs; /* open addressing */
	size_t nr_pcs;
	size_t cap_pcs;
	struct go_frame *frames;
	size_t nr_frames;
	size_t cap_frames;
	struct go_stack_memo *memo;
	size_t nr_memo;
	size_t cap_memo;
	struct go_stack_shape *shapes; /* of the last walks */
	size_t next_shape;
	uint64_t seed;
};

/* Where a goroutine stopped, and the copied part of its stack. */
struct go_walk {
	uint64_t pc;
	uint64_t sp;
	uint64_t high; /* end of its stack */
	bool syscall;
	const uint8_t *bytes; /* from sp on */
	size_t nr_bytes;
};

struct go_walked {
	const struct stack *stack; /* NULL if none */
	const char *outer;         /* outermost function of the program, or NULL */
	bool runtime_only;         /* it has no frame of the program */
	bool collects; /* an allocation is waiting for or assisting the collector */
};

bool go_stacks_init(struct go_stacks *stacks, struct go_module *module,
		    struct memory *mem, struct intern *intern, struct stack_table *table);
void go_stacks_release(struct go_stacks *stacks);
/* Forgets all decoded code addresses, because modules have been added. */
void go_stacks_forget(struct go_stacks *stacks);
/* Call once per sample: resets the budget of work on tables. */
void go_stacks_begin(struct go_stacks *stacks);

struct go_walked go_stacks_walk(struct go_stacks *stacks, const struct go_walk *walk);
/* Returns the function that contains a return address, with the calls inlined there. */
const struct stack *go_stacks_site(struct go_stacks *stacks, uint64_t pc);
/* Returns the stack that the runtime has recorded as return addresses, one for each frame
 * including inlined ones. The frame at address `always` is never hidden. cut: there are
 * more. */
const struct stack *go_stacks_recorded(struct go_stacks *stacks, const uint64_t *pcs,
				       size_t nr, uint64_t always, bool cut);
/* Returns the interned name of the function that contains pc, or NULL. */
const char *go_stacks_function(struct go_stacks *stacks, uint64_t pc);

/* For tests: shortens "main.F[go.shape.int_0]" to "main.F[...]", and returns true if the
 * runtime's own traceback would omit the function. */
size_t go_name_short(const char *name, char *out, size_t size);
bool go_name_hidden(const char *name);

#endif
