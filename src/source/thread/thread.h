/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/thread follows the threads of a process from sample to sample:
 * state, age, CPU time, stack. It does not know goroutines, nor what an agent publishes.
 *
 * The threads of a process as the kernel shows them: one record per thread that is looked
 * at, with its files of /proc kept open as far as descriptors go round.
 */
#ifndef SOURCE_THREAD_THREAD_H
#define SOURCE_THREAD_THREAD_H

#include <uthash.h>

#include "source/kernel/kernel.h"
#include "source/symbols/symbols.h"

#define THREAD_CALL_MAX 192

struct thread {
	pid_t tid;
	int sched_fd; /* -1: not kept open */
	int stat_fd;
	int call_fd;
	uint32_t generation; /* of the look that saw it last */
	bool looked;
	bool slept; /* not on a CPU since the look before: nothing can have changed */
	uint8_t changes; /* looks in a row that found it changed */
	bool claimed;    /* by a row of the agent source, which drops it */
	bool hidden;     /* no thread of the program */
	bool suspect;    /* changed while its stack was read */
	char stat_state;
	char comm[PROC_COMM_MAX];
	uint64_t start_ticks;
	int64_t start_ns;
	uint64_t cpu_ticks;
	uint64_t run_ns; /* on a CPU, where the kernel counts it */
	int64_t cpu_at_ns;
	float cpu_percent;
	uint64_t switches; /* times it was put on a CPU; 0: not counted here */
	int64_t began_ns;  /* when its wait was first seen; 0: it was there before */
	bool ask_sleep;    /* it was there at the first look: since when? */
	int64_t ran_ns; /* … by its CPU's clock, which is then to be compared with ours */
	int cpu;        /* that it was on last */
	int64_t slept_ns; /* it sleeps since then, at least; 0: not known */
	int64_t kept_ns;  /* when the wait began that a stop has interrupted; 0: not so */
	char call_text[THREAD_CALL_MAX]; /* the kernel's line that `wait` explains */
	struct proc_call call;
	struct kernel_wait wait;
	enum task_state call_state; /* what the call alone says */
	uint64_t call_address;      /* … and where */
	struct stack_says says;     /* what the stack says beyond the call */
	bool overruled;            /* … against what the words at the futex look like */
	const struct stack *stack; /* of call_text; NULL: not unwound yet */
	int64_t stack_at_ns;
	uint32_t stack_generation; /* of the symbols that named it */
	UT_hash_handle hh;
};

struct thread_table {
	struct kernel *kernel;
	struct symbols *symbols;   /* may be NULL: no stacks */
	struct hotspot *hotspot;   /* made when a thread seems to be Java's */
	struct thread *threads;    /* hash by tid */
	struct cpu_clocks *clocks; /* made when a thread is asked since when it sleeps */
	size_t nr_fds;
	size_t max_fds;
	uint32_t generation;
	long hz;               /* clock ticks per second */
	int64_t cpu_ns;        /* of all threads together, at this look; 0: not known */
	bool rested;           /* none of them has been on a CPU since the look before */
	uint32_t reread_looks; /* every name is read again once in this number of looks */
};

void thread_table_init(struct thread_table *table, struct kernel *kernel,
		       struct symbols *symbols);
void thread_table_release(struct thread_table *table);
/* Another program runs in the process, or its symbols come only now. NULL: no stacks. */
void thread_table_set_symbols(struct thread_table *table, struct symbols *symbols);
/* A look at nr_threads threads, all there are, begins; without it each is looked at for
 * itself. */
void thread_table_begin(struct thread_table *table, size_t nr_threads);
/* The record of tid, made where it is new; NULL: no memory. */
struct thread *thread_get(struct thread_table *table, pid_t tid);
void thread_drop(struct thread_table *table, struct thread *thread);
/* Drop every thread whose generation is not the table's. */
void thread_sweep(struct thread_table *table);
/* Read its state again. 0, or -errno; -ESRCH: it ended. A zombie counts as ended. */
int thread_look(struct thread_table *table, struct thread *thread);
/* Since when those sleep that were there at the first look; as many as the time allows.
 * whole: this look has to say it of all. Threads may be NULL. */
void thread_read_sleeps(struct thread_table *table, struct thread *const *threads,
			size_t nr_threads, bool whole);
/* Unwind it if that is worth it and the poll's time allows; whole: do it in any case, and
 * read what only the detail view shows. */
void thread_unwind(struct thread_table *table, struct thread *thread, bool whole);
/* Ask its stack what it waits for, and take that over into `wait`; state.c. */
void thread_ask_stack(struct thread_table *table, struct thread *thread);
void thread_apply_stack(struct thread_table *table, struct thread *thread);
/* Fill a task's fields from what was seen. */
void thread_to_task(const struct thread *thread, struct snapshot *out, struct task *task);

#endif
