/* SPDX-License-Identifier: MIT */
/*
 * Who ran while a pass of a proof read the memory. What such a goroutine or thread had in
 * registers alone was not seen, and a target that does not get on does not write it to
 * memory either: it may be stopped, frozen, starved, or not preempt its goroutines. So the
 * next pass counts only when each of them has been seen to stop since:
 *
 * a goroutine has left its state, has called the scheduler or the stack switch (its saved
 * registers, the count of its turns or the tick of its processor changed), or is in a system
 * call: whoever does that has written what it still needs to its stack;
 * a thread is in a system call, or has had processor time for more than the scheduler of the
 * runtime ever keeps an address to itself.
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
	uint64_t mark;      /* of what changes when it stops */
	uint64_t processor; /* address of the record of what ran it, or 0 */
	uint32_t tick;
};

struct go_runner_thread {
	pid_t tid;
	uint64_t cpu_ns;
	bool ran; /* and has not been seen to stop since */
	bool in_call, gone, stopped;
	bool traced; /* by a debugger, and stopped */
	bool copied; /* its registers are among the roots */
	uint64_t sp; /* 0: not known */
};

struct go_runners {
	pid_t pid;
	const struct go_layout *layout;
	unsigned turns; /* offset of the count of its turns in a g; 0: not known */
	int tasks;      /* the folder of its threads, or -1 */
	struct go_runner *list;
	size_t nr, cap;
	struct go_runner_thread *threads;
	size_t nr_threads, cap_threads;
	bool ptrace;          /* the registers of threads that are stopped may be read */
	struct go_registers { /* of those; see proc/registers.h */
		uint8_t bytes[REGISTERS_BYTES];
	} * registers;
	size_t nr_registers, cap_registers;
	bool too_many; /* no room for all of them */
	bool ending;   /* the process is in exit_group: nobody else will run */
	bool held;     /* its first thread is held by a debugger: perhaps at its end */
	uint64_t text, text_end;
	uint64_t exits[2]; /* functions that end the process; 0: not found */
};

/* module: holds as long as the runners do. */
void go_runners_init(struct go_runners *runners, pid_t pid, bool ptrace,
		     const struct go_layout *layout, const struct go_module *module);
void go_runners_release(struct go_runners *runners);
/* Nobody has run; what is read from now on counts. */
void go_runners_clear(struct go_runners *runners);
/* A goroutine that runs: g is a copy that was made before its stack was read. */
void go_runners_add(struct go_runners *runners, const struct go_mark *mark,
		    uint64_t address, const uint8_t *g);
/* The threads as they are now: who runs has its registers to itself. */
void go_runners_look(struct go_runners *runners);
/* Whether every runner has been seen to stop. Forgets those that have. */
bool go_runners_settled(struct go_runners *runners, const struct go_mark *mark);
/* Waiting will not help: the target does not run. */
bool go_runners_hopeless(const struct go_runners *runners);
/* Who is left, in a sentence. waited_ns: for so long. */
int go_runners_why(const struct go_runners *runners, int64_t waited_ns, struct err *e);
/* Of a running goroutine that ends its process: where on its stack the return address of
 * that call lies. No code of the program will run there again. 0: it is not the one, or the
 * process does not end. */
uint64_t go_runners_end(const struct go_runners *runners, struct memory *mem,
			uint64_t low, uint64_t high);
/* Calls mark for what threads have on the stacks that are theirs alone, and for registers
 * that were copied. */
void go_runners_mark(const struct go_runners *runners, struct go_mark *mark);

/* For tests: what changes when a running goroutine stops; the offset of its turns. */
uint64_t go_runner_mark(const struct go_runners *runners, const uint8_t *g);

#endif
