/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/thread tracks the threads of a process from sample to sample:
 * their state, age, CPU time and stack. It knows nothing about goroutines or what an
 * agent publishes.
 *
 * Keeps one record per observed thread, as the kernel shows it. Its /proc files stay open
 * while there are enough descriptors.
 */
#ifndef SOURCE_THREAD_THREAD_H
#define SOURCE_THREAD_THREAD_H

#include <uthash.h>

#include "core/texts.h"
#include "source/kernel/kernel.h"
#include "source/python/wait.h"
#include "source/symbols/symbols.h"

#define THREAD_CALL_MAX       192
#define THREAD_REREAD_SAMPLES 16u

struct thread {
	/* One cache line that every sample reads. */
	pid_t tid;
	int sched_fd;            /* -1 if not kept open */
	uint32_t generation;     /* of the last sample that saw it */
	uint32_t ran_generation; /* of the last sample that found that it had run */
	/* `kept` is its row if this is the texts' generation, and it still sleeps; keep.c */
	uint32_t kept_generation;
	bool sampled;
	bool slept;      /* has not run since the previous sample: unchanged */
	bool waits;      /* it was not on a CPU, nor waiting for one */
	uint8_t changes; /* consecutive samples that found it changed */
	bool claimed;    /* by a row of the agent source, which then drops it */
	bool settled;    /* explained since any thread of the process has run */
	bool hidden;     /* not a thread of the program */
	bool suspect;    /* it changed while its stack was read */
	bool read_ahead; /* what the kernel counts was read in this sample */
	bool timed;      /* its wait ends by itself */
	bool moves;      /* who ends its wait may change meanwhile */
	bool uncounted;  /* its CPU time was not looked at in the previous sample */
	bool ask_sleep;  /* it was there at the first sample: find when it fell asleep */
	char stat_state;
	int64_t kept_until_ns;

	int stat_fd;
	int call_fd;
	struct task kept;
	char comm[PROC_COMM_MAX];
	uint64_t start_ticks;
	int64_t start_ns;
	uint64_t cpu_ticks;
	uint64_t run_ns; /* time on a CPU, if the kernel counts it */
	int64_t cpu_at_ns;
	float cpu_percent;
	uint64_t switches; /* times it was scheduled; 0 if the kernel does not count */
	int64_t began_ns;  /* when its wait was first seen; 0 if it predates watching */
	int64_t ran_ns;    /* when it last ran, by its CPU's clock and not ours */
	int cpu;           /* the last CPU it ran on */
	int64_t slept_ns;  /* it has slept at least since then; 0 if unknown */
	int64_t kept_ns;   /* when a wait interrupted by a stop began; 0 if none was */
	char call_text[THREAD_CALL_MAX]; /* the kernel's line behind `wait` */
	struct proc_call call;
	struct kernel_wait wait;
	enum task_state call_state; /* from the system call alone */
	uint64_t call_address;      /* the address from the system call alone */
	struct stack_says says;     /* what the stack adds to the system call */
	bool overruled; /* the stack contradicts the guess from the futex words */
	const struct stack *stack; /* for call_text; NULL if not unwound yet */
	int64_t stack_at_ns;
	uint32_t stack_generation; /* of the symbols used for it */
	/* Of the interpreter's last look; see python.c. */
	uint32_t python_look;
	bool python_moved;                /* it ran while its Python stack was read */
	const char *python_name;          /* interned; NULL if it has none */
	const struct stack *python_stack; /* NULL if it runs no Python */
	uint64_t python_place;            /* where it waits, as a hash */
	struct python_wait python_wait;
	int64_t gil_since_ns;  /* it has waited for its turn to run Python since then */
	uint64_t gil_turn;     /* … while nobody else got one */
	uint64_t gil_switches; /* `switches` when that began */
	UT_hash_handle hh;
};

/* CPU times, see ran.c. */
struct thread_sums {
	int64_t known_ns; /* of all records, as last read */
	int64_t ended_ns; /* of threads that have ended, at least */
	/* when this sample and the one before began */
	int64_t at_ns, before_ns;
	int64_t again_ns; /* what second reads in this sample have added to known_ns */
	bool others_rest; /* none has run since the previous sample but those read */
	bool uncounted;   /* the kernel does not count one of them */
};

struct thread_table {
	struct kernel *kernel;
	struct symbols *symbols;   /* NULL if no stacks are read */
	struct hotspot *hotspot;   /* created when a thread appears to run Java */
	struct python *python;     /* created by the first thread_read_python() */
	bool python_read;          /* in this sample */
	bool runtime;              /* --runtime: Python stacks with their frames of C */
	size_t first_task;         /* in the snapshot, of asyncio */
	struct thread *threads;    /* hash by tid */
	struct cpu_clocks *clocks; /* created when first needed */
	struct texts_keeper texts; /* of rows that are kept */
	bool texts_usable;         /* in this sample */
	size_t nr_fds;
	size_t max_fds;
	uint32_t generation;
	long hz;                 /* clock ticks per second */
	int64_t cpu_ns;          /* total of all threads at this sample; 0 if unknown */
	bool rested;             /* no thread has run since the previous sample */
	uint32_t rested_samples; /* how many samples in a row say so */
	struct thread_sums sums;
	uint32_t reread_samples; /* every name is reread once in this many samples */
};

void thread_table_init(struct thread_table *table, struct kernel *kernel,
		       struct symbols *symbols);
void thread_table_release(struct thread_table *table);
/* Call when the process has executed another program or when its symbols have become
 * available. If symbols is NULL, no stacks are read. */
void thread_table_set_symbols(struct thread_table *table, struct symbols *symbols);
/* Begins a sample of nr_threads threads, which must be all threads of the process.
 * Without this call, each thread is sampled independently. */
void thread_table_begin(struct thread_table *table, struct thread *const *threads,
			size_t nr_threads);
/* Ends it. complete: these were all threads of the process, and none has ended. */
void thread_table_end(struct thread_table *table, bool complete);
/* Returns the record of tid, creating it if needed, or NULL if out of memory. */
struct thread *thread_get(struct thread_table *table, pid_t tid);
void thread_drop(struct thread_table *table, struct thread *thread);
/* Drops every thread whose generation is not the table's. */
void thread_sweep(struct thread_table *table);
/* Rereads the thread's state. Returns 0 or -errno; -ESRCH if it ended. A zombie counts as
 * ended. */
int thread_sample(struct thread_table *table, struct thread *thread);
/* Determines when threads that existed at the first sample fell asleep, for as many as
 * time allows. If whole is true, this sample has to determine it for all. Entries may be
 * NULL. */
void thread_read_sleeps(struct thread_table *table, struct thread *const *threads,
			size_t nr_threads, bool whole);
/* Unwinds the thread if that is useful and the poll has time left. If whole is true,
 * always unwinds it and also reads what only the detail view shows. */
void thread_unwind(struct thread_table *table, struct thread *thread, bool whole);
/* Returns the stack of a thread that blocks in a system call, without a record of it, or
 * NULL. suspect: the thread has moved meanwhile. */
const struct stack *thread_stack_once(struct thread_table *table, pid_t tid,
				      bool *suspect);
/* Derive from its stack what the thread waits for, and apply that to `wait`; state.c. */
void thread_ask_stack(struct thread_table *table, struct thread *thread);
void thread_apply_stack(struct thread_table *table, struct thread *thread);
/* Reads the Python threads of the process, if it has any. Call once in each sample, when
 * its threads have been sampled; python.c. */
void thread_read_python(struct thread_table *table);
/* Takes over what was read of this thread. */
void thread_ask_python(struct thread_table *table, struct thread *thread);
/* Does the same for a task that the agent has described. Its raw wait is that for an object
 * of libc. */
void thread_add_python(struct thread_table *table, struct snapshot *out,
		       struct task *task);
/* Replaces what the kernel says about the wait by what Python says, if that is more. */
void thread_apply_python(const struct thread *thread, struct kernel_wait *wait);
/* A frame of a Python stack as it is shown. */
struct frame thread_python_frame(const struct python_frame *frame);
/* Adds a row for each task of asyncio, behind those of threads; python_tasks.c. */
void thread_add_python_tasks(struct thread_table *table, struct snapshot *out);
/* Sets the holds of those tasks in out that are asked for and run Python. All of them are in
 * this process. Call it after the rows have been added; python_holds.c. */
void thread_read_python_holds(struct thread_table *table, const struct holds_wish *asked,
			      size_t nr, struct snapshot *out);
/* Sets the snapshot's runtime, or adds a note that says why Python is not read. */
void thread_describe_python(const struct thread_table *table, struct snapshot *out);
/* Whether its row is the one that thread_keep() has kept in thread->kept; keep.c. */
bool thread_is_kept(const struct thread_table *table, const struct thread *thread);
/* Keeps the row of a thread that sleeps. */
void thread_keep(struct thread_table *table, struct thread *thread,
		 const struct task *task);
/* Fills a task's fields from the thread's record. */
void thread_to_task(const struct thread *thread, struct snapshot *out, struct task *task);

#endif
