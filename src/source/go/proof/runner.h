/* SPDX-License-Identifier: MIT */
/*
 * Tracks the goroutines and threads that ran while a pass of a proof read the memory.
 * Values that they held only in registers were not seen, and a target that makes no
 * progress does not write them to memory either: it may be stopped, frozen or starved, or
 * may not preempt its goroutines. Therefore the next pass counts only when each of them
 * has been seen to stop since:
 *
 * a goroutine has left its state, has called the scheduler or the stack switch (its saved
 * registers, its turn count or the tick of its processor changed), or is in a system
 * call: in each case it has written what it still needs to its stack;
 *
 * a thread is in a system call, or has used more CPU time than the scheduler of the
 * runtime ever holds an address in registers only.
 */
#ifndef SOURCE_GO_PROOF_RUNNER_H
#define SOURCE_GO_PROOF_RUNNER_H

#include "base/err.h"
#include "source/go/layout.h"
#include "source/go/proof/mark.h"
#include "source/proc/registers.h"

struct go_runner {
	uint64_t address; /* of the g */
	uint64_t goid;
	uint64_t m;
	uint64_t low, high; /* its stack */
	uint64_t mark;      /* hash of the fields that change when it stops */
	uint64_t processor; /* address of the processor that ran it, or 0 */
	uint32_t tick;
};

struct go_runner_thread {
	pid_t tid;
	uint64_t cpu_ns;
	bool ran; /* and has not been seen to stop since */
	bool in_call, gone, stopped;
	bool traced; /* stopped by a debugger */
	bool copied; /* its registers are roots */
	uint64_t sp; /* 0 if unknown */
};

struct go_runners {
	const struct process *process;
	const struct go_layout *layout;
	unsigned turns; /* offset of the turn count in a g; 0 if unknown */
	struct go_runner *list;
	size_t nr, cap;
	struct go_runner_thread *threads;
	size_t nr_threads, cap_threads;
	bool ptrace;          /* registers of stopped threads may be read */
	struct go_registers { /* of stopped threads; see proc/registers.h */
		uint8_t bytes[REGISTERS_BYTES];
	} * registers;
	size_t nr_registers, cap_registers;
	bool too_many; /* they did not all fit */
	bool ending;   /* the process is in exit_group(): no other thread will run */
	bool held;     /* a debugger holds its first thread: perhaps at exit */
	uint64_t text, text_end;
	uint64_t exits[2]; /* functions that end the process; 0 if not found */
};

/* process and module must outlive the runners. */
void go_runners_init(struct go_runners *runners, const struct process *process,
		     bool ptrace, const struct go_layout *layout,
		     const struct go_module *module);
void go_runners_release(struct go_runners *runners);
/* Forgets all runners; what runs from now on counts. */
void go_runners_clear(struct go_runners *runners);
/* Adds a running goroutine. g is a copy that was made before its stack was read. */
void go_runners_add(struct go_runners *runners, const struct go_mark *mark,
		    uint64_t address, const uint8_t *g);
/* Records the threads as they are now; values in registers of a running thread are not
 * seen. */
void go_runners_read(struct go_runners *runners);
/* Returns true if every runner has been seen to stop. Forgets those that have. */
bool go_runners_settled(struct go_runners *runners, const struct go_mark *mark);
/* Returns true if waiting is pointless because the target does not run. */
bool go_runners_hopeless(const struct go_runners *runners);
/* Sets an error that says which runner is left after waiting for waited_ns. */
int go_runners_explain(const struct go_runners *runners, int64_t waited_ns,
		       struct err *e);
/* For a running goroutine that ends its process, returns the stack address of the return
 * address of that call. The program's code will not run beyond that call. Returns 0 if it
 * is another goroutine or if the process is not ending. */
uint64_t go_runners_end(const struct go_runners *runners, struct memory *mem,
			uint64_t low, uint64_t high);
/* Marks from the stacks that belong to threads alone and from the copied registers. */
void go_runners_mark(const struct go_runners *runners, struct go_mark *mark);

/* For tests: a hash of the fields that change when a running goroutine stops. */
uint64_t go_runner_mark(const struct go_runners *runners, const uint8_t *g);

#endif
