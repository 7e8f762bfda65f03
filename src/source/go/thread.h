/* SPDX-License-Identifier: MIT */
/* The threads of a Go process: which one a goroutine is on or tied to, what it does in a
 * system call, and its frames in C. With --threads they have rows of their own. */
#ifndef SOURCE_GO_THREAD_H
#define SOURCE_GO_THREAD_H

#include "source/go/agent_rows.h"
#include "source/go/sample.h"
#include "source/source.h"
#include "source/thread/thread.h"

/* A goroutine that is on a thread, or tied to it. */
struct go_on_thread {
	pid_t tid;
	uint64_t goid;
	const struct stack *stack; /* with what it does in C; NULL: it is not in C */
	bool sure;                 /* locks that the thread holds are this goroutine's */
};

struct go_threads {
	const struct source_target *target;
	struct kernel *kernel;
	struct memory *mem;
	struct go_layout *layout;
	struct go_stacks *stacks;
	const struct go_agent_rows *agent;
	struct thread_table table;
	struct symbols *symbols; /* of C; made when the first one is wanted */
	bool all;                /* of this look: whole stacks at any price */
	unsigned explained;      /* in this look */
	uint64_t looks;
	pid_t *tids;
	size_t cap_tids;
	struct thread **seen; /* in this look */
	size_t nr_seen, cap_seen;
	struct go_on_thread
		*on; /* who runs where, in this look; sorted when all are known */
	size_t nr_on, cap_on;
};

void go_threads_init(struct go_threads *threads, const struct source_target *target,
		     struct kernel *kernel, struct memory *mem, struct go_layout *layout,
		     struct go_stacks *stacks, const struct go_agent_rows *agent);
void go_threads_release(struct go_threads *threads);
/* Another program runs in the process. */
void go_threads_forget(struct go_threads *threads);
void go_threads_begin(struct go_threads *threads, const struct source_focus *focus);
/* Look at the threads of goroutines in system calls and in C, or at all threads. */
void go_threads_look(struct go_threads *threads, const struct go_sampler *sampler,
		     bool all);
/* The thread of a runtime.m, or 0. */
pid_t go_threads_of(struct go_threads *threads, uint64_t m);
/* A goroutine that is in a system call or in C: what its thread does there. True: it is. */
bool go_threads_explain(struct go_threads *threads, const struct go_entry *entry,
			struct snapshot *out, struct task *task);
/* Remember that the goroutine is on its task's thread, or tied to it. */
void go_threads_note(struct go_threads *threads, const struct go_entry *entry,
		     const struct task *task, bool in_c);
/* Once all goroutines are in out: the threads that hold locks become the goroutines on them,
 * where that is sure. */
void go_threads_own(struct go_threads *threads, struct snapshot *out);
/* owner.c: whether locks of the thread of a runtime.m are those of the goroutine that is
 * in C there: no other goroutine has been in C on it. */
bool go_owner_sure(struct memory *mem, const struct go_entry *entry, pid_t tid);
/* … that the function which is in C has made the same call just before: what it waits for
 * then is what it took. */
bool go_owner_repeats(struct go_stacks *stacks, const struct stack *stack);
void go_owner_name(const struct go_on_thread *on, struct snapshot *out,
		   struct task *task);
/* A row for each thread: the agent's where it has one, else the kernel's. ERR_NOMEM. */
int go_threads_add(struct go_threads *threads, const struct source_focus *focus,
		   struct snapshot *out, struct err *e);
/* Forget the threads that this look has not seen. */
void go_threads_end(struct go_threads *threads);

#endif
