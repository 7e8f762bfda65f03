/* SPDX-License-Identifier: MIT */
/* Samples threads through /proc. A thread that has not run since the previous sample is
 * unchanged: that costs one small read, and none if the process has used no CPU time. An
 * unchanged line of /proc/…/syscall is not interpreted again. */
#include "source/thread/thread.h"
#include "source/java/hotspot.h"
#include "source/python/python.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "source/thread/cpu_clock.h"
#include "source/thread/private.h"

#define CPU_WINDOW_NS (CLOCK_SECOND_NS / 2)
/* A thread that woke up may block in the same system call from another place. */
#define STACK_KEPT_NS (5 * CLOCK_SECOND_NS)

void thread_table_init(struct thread_table *table, struct kernel *kernel,
		       struct symbols *symbols)
{
	memset(table, 0, sizeof(*table));
	table->kernel = kernel;
	table->symbols = symbols;
	table->hz = sysconf(_SC_CLK_TCK);
	table->reread_samples = THREAD_REREAD_SAMPLES;
	thread_files_init(table);
}

struct thread *thread_get(struct thread_table *table, pid_t tid)
{
	struct thread *thread;

	HASH_FIND_INT(table->threads, &tid, thread);
	if (thread)
		return thread;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return NULL;
	thread->tid = tid;
	thread->sched_fd = thread->stat_fd = thread->call_fd = -1;
	thread->cpu_percent = -1;
	kernel_wait_none(&thread->wait, STATE_UNKNOWN);
	HASH_ADD_INT(table->threads, tid, thread);
	return thread;
}

void thread_drop(struct thread_table *table, struct thread *thread)
{
	thread_forget_ran(table, thread);
	thread_close_files(table, thread);
	HASH_DEL(table->threads, thread);
	free(thread);
}

void thread_sweep(struct thread_table *table)
{
	struct thread *next;

	for (struct thread *thread = table->threads; thread; thread = next) {
		next = thread->hh.next;
		if (thread->generation != table->generation)
			thread_drop(table, thread);
	}
}

void thread_table_release(struct thread_table *table)
{
	struct thread *next;

	for (struct thread *thread = table->threads; thread; thread = next) {
		next = thread->hh.next;
		thread_drop(table, thread);
	}
	texts_keeper_release(&table->texts);
	cpu_clocks_free(table->clocks);
	table->clocks = NULL;
	thread_table_set_symbols(table, NULL);
}

void thread_table_set_symbols(struct thread_table *table, struct symbols *symbols)
{
	hotspot_free(table->hotspot);
	table->hotspot = NULL;
	python_free(table->python);
	table->python = NULL;
	table->python_read = false;
	table->symbols = symbols;
}

static void account_cpu(struct thread *thread, uint64_t ticks, int64_t now_ns, long hz)
{
	int64_t elapsed_ns = now_ns - thread->cpu_at_ns;
	float before = thread->cpu_percent;
	/* Prefer the finer counter if the kernel has it. */
	uint64_t used = thread->switches ? thread->run_ns : ticks;
	double unit_ns = thread->switches ? 1 : hz > 0 ? 1e9 / (double)hz : 0;

	if (thread->cpu_at_ns && elapsed_ns < CPU_WINDOW_NS)
		return;
	if (thread->cpu_at_ns && used >= thread->cpu_ticks)
		thread->cpu_percent =
			(float)(100.0 * unit_ns * (double)(used - thread->cpu_ticks) /
				(double)elapsed_ns);
	if (thread->cpu_percent != before)
		thread->kept_generation = 0;
	thread->cpu_ticks = used;
	thread->cpu_at_ns = now_ns;
}

static int read_stat(struct thread_table *table, struct thread *thread)
{
	char text[PROC_TEXT_MAX];
	struct proc_stat stat;
	bool kept = thread->stat_fd >= 0;
	ssize_t got = thread_read_file(table, thread, &thread->stat_fd, THREAD_STAT, text,
				       sizeof(text));

	/* The descriptor belongs to a thread that ended; its tid may have been reused. */
	if (got == -ESRCH && kept) {
		thread_close_files(table, thread);
		got = thread_read_file(table, thread, &thread->stat_fd, THREAD_STAT, text,
				       sizeof(text));
	}
	if (got < 0)
		return (int)got;
	if (!proc_parse_stat(text, (size_t)got, &stat))
		return -EPROTO;
	if (thread->sampled && stat.start_ticks != thread->start_ticks) {
		thread->stack = NULL;
		thread->call_text[0] = '\0';
		thread->cpu_at_ns = 0;
		thread->cpu_percent = -1;
		thread->sampled = false;
	}
	if (!thread->sampled) {
		thread->start_ns = proc_ticks_to_mono_ns(stat.start_ticks);
		thread->ask_sleep = table->generation <= 1;
	}
	thread->sampled = true;
	thread->start_ticks = stat.start_ticks;
	thread->stat_state = stat.state;
	thread->cpu = stat.cpu;
	memcpy(thread->comm, stat.comm, sizeof(thread->comm));
	account_cpu(thread, stat.cpu_ticks, table->kernel->now_ns, table->hz);
	return 0;
}

static bool has_ended(const struct thread *thread)
{
	return thread->stat_state == 'Z' || thread->stat_state == 'X' ||
	       thread->stat_state == 'x';
}

static void explain_wait(struct thread_table *table, struct thread *thread, bool readable)
{
	table->kernel->began_ns = thread->began_ns;
	kernel_explain(table->kernel, thread->tid, thread->stat_state,
		       readable ? &thread->call : NULL, &thread->wait);
	thread->timed =
		thread->wait.lasts_ns || thread->wait.left_ns || thread->wait.end_ns;
	thread->call_state = thread->wait.state;
	thread->call_address = thread->wait.address;
	if (thread->stack)
		thread_apply_stack(table, thread);
}

/* The system call cannot be read, so stat is all there is. */
static int explain_without_call(struct thread_table *table, struct thread *thread)
{
	thread->call_text[0] = '\0';
	thread->stack = NULL;
	explain_wait(table, thread, false);
	return 0;
}

/* An exiting thread denies access to every process; that says nothing about the others. */
static void note_denied(struct thread_table *table, pid_t tid, ssize_t got)
{
	if ((got == -EPERM || got == -EACCES) &&
	    !process_thread_leaves(&table->kernel->process, tid))
		table->kernel->denied = true;
}

static int read_call(struct thread_table *table, struct thread *thread, char before)
{
	char text[THREAD_CALL_MAX] = "";

	if (thread->stat_state == 'R' || table->kernel->denied)
		return explain_without_call(table, thread);
	ssize_t got = thread_read_file(table, thread, &thread->call_fd, THREAD_CALL, text,
				       sizeof(text));

	if (got == -ESRCH)
		return -ESRCH;
	note_denied(table, thread->tid, got);
	if (got <= 0 || !proc_parse_call(text, &thread->call))
		return explain_without_call(table, thread);
	if (strcmp(text, thread->call_text) != 0 || before != thread->stat_state) {
		memcpy(thread->call_text, text, sizeof(text));
		thread->stack = NULL;
		thread->says.state = STATE_UNKNOWN;
		thread->overruled = false;
	} else if (!thread->wait.owner_changes && !thread->wait.ends && !thread->slept) {
		return 0;
	}
	explain_wait(table, thread, true);
	return 0;
}

/* Only threads of the process itself can change a word that is not shared. */
static bool is_private_futex(const struct proc_call *call)
{
	return call->nr == SYS_futex && (call->args[1] & FUTEX_PRIVATE_FLAG);
}

/* The thread waits as in the previous sample, but what it waits for may have a new owner,
 * unless no thread has run. */
static int update_sleeper(struct thread_table *table, struct thread *thread)
{
	struct kernel_wait before;
	bool same = table->rested && thread->settled && is_private_futex(&thread->call);

	thread->changes = 0;
	thread->settled = table->rested;
	if (has_ended(thread))
		return -ESRCH;
	if (!thread->wait.owner_changes || !thread->call_text[0] || same)
		return 0;
	before = thread->wait;
	explain_wait(table, thread, true);
	if (!thread_same_wait(&before, &thread->wait))
		thread->kept_generation = 0;
	return 0;
}

/* The wait of a thread before it last ran. */
struct interrupted {
	struct proc_call call;
	int64_t since_ns, lasts_ns; /* 0 if unknown */
};

static struct interrupted interrupted_wait(const struct thread *thread)
{
	struct interrupted was = {.since_ns = thread->kept_ns,
				  .lasts_ns = thread->wait.lasts_ns};

	if (!thread->call_text[0] || thread->call.running)
		return (struct interrupted){0};
	was.call = thread->call;
	if (!was.since_ns)
		was.since_ns = thread->slept_ns ? thread->slept_ns : thread->began_ns;
	return was;
}

/* A wait that is stopped, or that resumes after a stop or a tracer, counts as the same
 * wait. */
static void resume_wait(struct thread *thread, const struct interrupted *was,
			int64_t now_ns)
{
	const struct proc_call *is = &thread->call;
	bool stopped = thread->stat_state == 'T' || thread->stat_state == 't';

	thread->kept_ns = 0;
	if (!thread->call_text[0] || !was->since_ns || is->sp != was->call.sp ||
	    is->pc != was->call.pc ||
	    memcmp(is->args, was->call.args, sizeof(is->args)) != 0 ||
	    (!stopped && !thread->wait.restarted) ||
	    (was->lasts_ns && now_ns - was->since_ns > was->lasts_ns + CLOCK_SECOND_NS))
		return;
	thread->kept_ns = was->since_ns;
	if (stopped)
		return;
	thread->slept_ns = was->since_ns;
	thread->ask_sleep = false;
}

/* Names can be changed by other threads. */
static void read_name(struct thread_table *table, struct thread *thread)
{
	char comm[PROC_COMM_MAX + 1];
	ssize_t got = process_thread_text(&table->kernel->process, thread->tid,
					  THREAD_NAME, comm, sizeof(comm));

	/* The kernel adds a newline. */
	if (got <= 0 || (size_t)got > sizeof(thread->comm) || strlen(comm) != (size_t)got)
		return;
	comm[got - 1] = '\0';
	if (strcmp(comm, thread->comm) == 0)
		return;
	memcpy(thread->comm, comm, (size_t)got);
	thread->kept_generation = 0;
}

/* It has run since the previous sample, or that is unknown. */
static int sample_awake(struct thread_table *table, struct thread *thread)
{
	char before = thread->stat_state;
	bool watched = thread->sampled;
	struct interrupted was;
	int rc;

	thread->settled = false;
	thread->kept_generation = 0;
	rc = read_stat(table, thread);
	if (rc)
		return rc;
	if (has_ended(thread))
		return -ESRCH;
	if (thread->slept)
		return read_call(table, thread, before);
	was = watched && thread->sampled ? interrupted_wait(thread)
					 : (struct interrupted){0};
	thread->slept_ns = thread->ran_ns = 0;
	thread->changes += thread->changes < UINT8_MAX;
	thread->began_ns = watched && thread->sampled ? table->kernel->now_ns : 0;
	rc = read_call(table, thread, before);
	if (rc == 0)
		resume_wait(thread, &was, table->kernel->now_ns);
	return rc;
}

static int sample_asleep(struct thread_table *table, struct thread *thread)
{
	if (thread_is_kept(table, thread) && !thread->moves) {
		thread->changes = 0;
		thread->settled = table->rested;
		thread->uncounted = true;
		return 0;
	}
	account_cpu(thread, thread->cpu_ticks, table->kernel->now_ns, table->hz);
	return update_sleeper(table, thread);
}

int thread_sample(struct thread_table *table, struct thread *thread)
{
	int rc = thread_read_ran(table, thread);
	/* Only a thread of the process can give another one a name, so that each is reread
	 * once after the last of them has run. */
	bool again =
		table->rested_samples <= table->reread_samples &&
		(table->generation + (uint32_t)thread->tid) % table->reread_samples == 0;

	if (rc)
		return rc;
	if (thread->slept && (!again || thread->call_text[0])) {
		if (again)
			read_name(table, thread);
		return sample_asleep(table, thread);
	}
	/* Until the previous sample it has used no CPU time. */
	if (thread->uncounted)
		thread->cpu_at_ns = table->sums.before_ns;
	thread->uncounted = false;
	rc = sample_awake(table, thread);
	thread->waits = thread->stat_state != 'R' && !thread->call.running;
	return rc;
}

/*
 * vfork() moves its return address from the stack, which the child will use, into a
 * register, and the kernel's line contains that register. Start unwinding at the caller.
 */
static struct proc_call unwind_from(struct kernel *kernel, const struct proc_call *call)
{
	struct proc_call from = *call;
#if defined(__x86_64__)
	static const uint8_t tail[] = {0xb8, SYS_vfork, 0, 0, 0, 0x0f, 0x05};
	uint8_t code[1 + sizeof(tail)];
	uint64_t caller;

	if (call->nr != SYS_vfork ||
	    !kernel_memory_exact(kernel, call->pc - sizeof(code), code, sizeof(code)) ||
	    memcmp(code + 1, tail, sizeof(tail)) != 0)
		return from;
	caller = code[0] == 0x5f /* pop %rdi */   ? call->args[0]
		 : code[0] == 0x5a /* pop %rdx */ ? call->args[2]
						  : 0;
	if (caller)
		from.pc = caller - 1;
#else
	(void)kernel;
#endif
	return from;
}

void thread_unwind(struct thread_table *table, struct thread *thread, bool whole)
{
	char text[THREAD_CALL_MAX];
	int64_t now_ns = table->kernel->now_ns;

	if (!table->symbols || !thread->call_text[0] || thread->call.running ||
	    table->kernel->memory_denied)
		return;
	/* A thread that has not run has the same stack. A truncated stack is tried again
	 * because a library may have been loaded. */
	uint32_t generation = symbols_generation(table->symbols);
	bool kept = thread->stack && !thread->suspect &&
		    thread->stack_generation == generation &&
		    ((thread->slept && !thread->stack->truncated) ||
		     now_ns - thread->stack_at_ns < STACK_KEPT_NS);

	if (!whole && (kept || !symbols_time_left(table->symbols)))
		return;
	struct proc_call from = unwind_from(table->kernel, &thread->call);
	const struct stack *stack = symbols_unwind_thread(table->symbols, &from);
	ssize_t got = thread_read_file(table, thread, &thread->call_fd, THREAD_CALL, text,
				       sizeof(text));

	/* If the line differs now, the stack changed while it was read. */
	thread->suspect = got <= 0 || strcmp(text, thread->call_text) != 0;
	if (thread->suspect)
		thread->kept_generation = 0;
	if (thread->suspect && !whole)
		return;
	thread->kept_generation = 0;
	thread->stack = stack;
	thread->stack_at_ns = now_ns;
	thread->stack_generation = generation;
	thread_ask_stack(table, thread);
	thread_apply_stack(table, thread);
}

const struct stack *thread_stack_once(struct thread_table *table, pid_t tid,
				      bool *suspect)
{
	struct kernel *kernel = table->kernel;
	char before[THREAD_CALL_MAX], after[THREAD_CALL_MAX];
	const struct stack *stack = NULL;
	struct proc_call call;

	*suspect = false;
	if (!table->symbols || kernel->denied || kernel->memory_denied)
		return NULL;
	int fd = process_thread_text_open(&kernel->process, tid, THREAD_CALL);
	ssize_t got = fd < 0 ? fd : fdio_pread_small(fd, before, sizeof(before));

	note_denied(table, tid, got);
	if (got > 0 && proc_parse_call(before, &call) && !call.running) {
		struct proc_call from = unwind_from(kernel, &call);

		stack = symbols_unwind_thread(table->symbols, &from);
		*suspect = fdio_pread_small(fd, after, sizeof(after)) <= 0 ||
			   strcmp(before, after) != 0;
	}
	if (fd >= 0)
		close(fd);
	return stack;
}

/* Some limits count from the start of the wait, which is known only now. */
static void wait_to_task(const struct thread *thread, struct snapshot *out,
			 struct task *task)
{
	struct kernel_wait wait = thread->wait;

	wait.ran_ns = thread->slept_ns ? thread->slept_ns : thread->began_ns;
	wait.began_ns = wait.restarted && !thread->kept_ns ? 0 : wait.ran_ns;
	/* It may have begun at any time before it was first seen, so the remaining time
	 * is not its limit. */
	if (wait.end_ns && !thread->slept_ns)
		wait.began_ns = 0;
	if (thread->kept_ns)
		wait.ran_ns = thread->began_ns;
	thread_apply_python(thread, &wait);
	kernel_wait_to_task(&wait, out, task);
	task->waits.vague = thread->python_wait.vague;
}

/* It wakes up every few milliseconds, and waits on. */
static void gil_to_task(const struct thread *thread, struct task *task)
{
	task->since_ns = thread->gil_since_ns;
	task->switches = thread->gil_switches;
	task->waits.retries = true;
}

void thread_to_task(const struct thread *thread, struct snapshot *out, struct task *task)
{
	task->id = (uint64_t)thread->tid;
	task->kind = TASK_THREAD;
	task->tid = thread->tid;
	task->serial = thread->start_ticks;
	task->start_ns = thread->start_ns;
	task->since_ns = thread->slept_ns;
	task->cpu_percent = thread->cpu_percent;
	task->switches = thread->switches;
	task->stack = thread->python_stack ? thread->python_stack : thread->stack;
	if (thread->suspect || thread->python_moved)
		task->flags |= TASK_SUSPECT;
	if (thread->python_stack)
		task->flags |= TASK_VARIABLES;
	const char *name = thread->python_name;

	if (!name)
		name = arena_strndup(&out->arena, thread->comm, sizeof(thread->comm));
	task->name = name ? name : "";
	wait_to_task(thread, out, task);
	task->waits.retries = thread->wait.limited && thread->says.retries &&
			      thread->wait.state == thread->says.state;
	if (thread->python_wait.gil)
		gil_to_task(thread, task);
}
