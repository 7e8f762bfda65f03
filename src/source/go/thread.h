/* SPDX-License-Identifier: MIT */
/* Reads the threads of a Go process: which one a goroutine runs on or is locked to, what
 * it does in a system call, and its frames in C. With --threads they get rows of their
 * own. */
#ifndef SOURCE_GO_THREAD_H
#define SOURCE_GO_THREAD_H

#include "source/go/agent_rows.h"
#include "source/go/sample.h"
#include "source/source.h"
#include "source/thread/thread.h"

/* A goroutine that runs on a thread or is locked to it. */
struct go_on_thread {
	pid_t tid;
	uint64_t goid;
	const struct stack *stack; /* with its frames in C; NULL if it is not in C */
	bool sure; /* locks that the thread holds belong to this goroutine */
};

struct go_threads {
	const struct source_target *target;
	struct kernel *kernel;
	struct memory *mem;
	struct go_layout *layout;
	struct go_stacks *stacks;
	const struct go_agent_rows *agent;
	struct thread_table table;
	struct symbols *symbols; /* of C, and files; created when first needed */
	bool all;                /* in this sample: complete stacks at any cost */
	unsigned explained;      /* in this sample */
	uint64_t samples;
	pid_t *tids;
	size_t cap_tids;
	struct thread **seen; /* in this sample */
	size_t nr_seen, cap_seen;
	struct go_on_thread
		*on; /* goroutines on threads in this sample; sorted once complete */
	size_t nr_on, cap_on;
};

void go_threads_init(struct go_threads *threads, const struct source_target *target,
		     struct kernel *kernel, struct memory *mem, struct go_layout *layout,
		     struct go_stacks *stacks, const struct go_agent_rows *agent);
void go_threads_release(struct go_threads *threads);
/* Call when the process has executed another program. */
void go_threads_forget(struct go_threads *threads);
/* Returns what names addresses of C, and reads the files of the process; created when
 * first called. NULL if there is no memory. */
struct symbols *go_threads_symbols(struct go_threads *threads);
void go_threads_begin(struct go_threads *threads, const struct source_focus *focus);
/* Samples the threads of goroutines in system calls and in C, or all threads. */
void go_threads_sample(struct go_threads *threads, const struct go_sampler *sampler,
		       bool all);
/* Returns the thread of a runtime.m, or 0. */
pid_t go_threads_of(struct go_threads *threads, uint64_t m);
/* For a goroutine in a system call or in C, sets what its thread does there. Returns true
 * if it is in one. */
bool go_threads_explain(struct go_threads *threads, const struct go_sampler *sampler,
			const struct go_entry *entry, struct snapshot *out,
			struct task *task);
/* Records that the goroutine runs on its task's thread or is locked to it. */
void go_threads_note(struct go_threads *threads, const struct go_entry *entry,
		     const struct task *task, bool in_c);
/* Call once all goroutines are in out: replaces threads that hold locks by the goroutines
 * that run on them, if that is certain. */
void go_threads_own(struct go_threads *threads, struct snapshot *out);
/* owner.c: returns true if locks of the thread of a runtime.m belong to the goroutine
 * that is in C there, because no other goroutine has been in C on it. */
bool go_owner_sure(struct memory *mem, const struct go_entry *entry, pid_t tid);
/* Returns true if the function that is in C has made the same call directly before, so
 * that it already holds the lock that it waits for. */
bool go_owner_repeats(struct go_stacks *stacks, const struct stack *stack);
void go_owner_name(const struct go_on_thread *on, struct snapshot *out,
		   struct task *task);
/* Adds a row for each thread: the agent's if it has one, otherwise the kernel's. Returns
 * 0 or ERR_NOMEM. */
int go_threads_add(struct go_threads *threads, const struct source_focus *focus,
		   struct snapshot *out, struct err *e);
/* Forgets the threads that this sample has not seen. */
void go_threads_end(struct go_threads *threads);

#endif
