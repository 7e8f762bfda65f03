/* SPDX-License-Identifier: MIT */
/* The threads of a Go process: which one a goroutine is on or tied to, what it does in a
 * system call, and its frames in C. With --threads they have rows of their own. */
#ifndef SOURCE_GO_THREAD_H
#define SOURCE_GO_THREAD_H

#include "source/go_sample.h"
#include "source/source.h"
#include "source/thread.h"

struct go_on_thread;

struct go_threads {
	const struct source_target *target;
	struct kernel *kernel;
	struct go_mem *mem;
	struct go_layout *layout;
	struct go_stacks *stacks;
	struct thread_table table;
	struct symbols *symbols; /* of C; made when the first one is wanted */
	bool all;                /* of this look: whole stacks at any price */
	unsigned explained;      /* in this look */
	uint64_t looks;
	pid_t *tids;
	size_t cap_tids;
	struct go_on_thread *on; /* who runs where, in this look */
	size_t nr_on, cap_on;
};

void go_threads_init(struct go_threads *threads, const struct source_target *target,
		     struct kernel *kernel, struct go_mem *mem, struct go_layout *layout,
		     struct go_stacks *stacks);
void go_threads_release(struct go_threads *threads);
/* Another program runs in the process. */
void go_threads_forget(struct go_threads *threads);
void go_threads_begin(struct go_threads *threads, const struct source_focus *focus);
/* The thread of a runtime.m, or 0. */
pid_t go_threads_of(struct go_threads *threads, uint64_t m);
/* A goroutine that is in a system call or in C: what its thread does there. */
void go_threads_explain(struct go_threads *threads, const struct go_entry *entry,
			struct snapshot *out, struct task *task);
/* Remember for go_threads_add() that the goroutine is on its task's thread. */
void go_threads_note(struct go_threads *threads, const struct task *task);
/* A row for each thread. ERR_NOMEM. */
int go_threads_add(struct go_threads *threads, const struct source_focus *focus,
		   struct snapshot *out, struct err *e);
/* Forget the threads that this look has not seen. */
void go_threads_end(struct go_threads *threads);

#endif
