/* SPDX-License-Identifier: MIT */
/* Source for any process: the state of every thread from its system call, as the kernel
 * shows it. Needs nothing in the target. Stops no thread, except with --ptrace, which
 * stops running threads to read their stacks. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "source/agent/agent.h"
#include "source/proc/arguments.h"
#include "source/resource/resource.h"
#include "source/source.h"
#include "source/thread/thread.h"
#include "source/thread/trace.h"
#include "wire/wire.h"

#define STACKS_BUDGET_NS     (20 * CLOCK_MS_NS)
#define STACKS_FIRST_NS      (60 * CLOCK_MS_NS)
#define TITLE_MAX            256
#define AHEAD                8u /* rows that are fetched into the caches meanwhile */
#define STACKS_ALL_BUDGET_NS (5 * CLOCK_SECOND_NS)

struct native {
	struct kernel kernel;
	struct thread_table threads;
	struct resource_reader resources;
	struct symbols *symbols;
	struct trace *trace; /* NULL without --ptrace */
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack_rules *rules;
	pid_t *tids;
	size_t cap_tids;
	struct thread **seen; /* parallel to tids; NULL if the thread has ended */
	size_t nr_seen, cap_seen;
	bool complete; /* all of them existed in the last sample */
	uint64_t polls;
	uint32_t symbols_generation; /* of the previous sample */
	size_t unwind_cursor;        /* the thread whose stack is due first */
	int64_t start_real_ns;
	char title[TITLE_MAX];         /* that the process gave itself; "" if none */
	bool agent;                    /* there is or was an agent */
	char agent_note[ERR_TEXT_MAX]; /* why the agent is not used */
};

static int native_probe(const struct source_target *t, struct err *e)
{
	struct kernel kernel;

	if (t->pid <= 0) {
		err_set(e, ERR_UNSUPPORTED, "'%s' is not a process",
			t->text ? t->text : "");
		return 0;
	}
	if (kernel_open(&kernel, t->pid, e))
		return 0;
	kernel_close(&kernel);
	return 40;
}

static void native_close(void *ctx)
{
	struct native *native = ctx;

	if (!native->kernel.names)
		return;
	thread_table_release(&native->threads);
	symbols_free(native->symbols);
	trace_free(native->trace);
	native->trace = NULL;
	kernel_close(&native->kernel);
	free(native->tids);
	free(native->seen);
	native->tids = NULL;
	native->seen = NULL;
	native->cap_tids = native->cap_seen = 0;
}

static int native_open(void *ctx, const struct source_target *t, struct err *e)
{
	struct native *native = ctx;
	int rc = kernel_open(&native->kernel, t->pid, e);

	if (rc)
		return rc;
	kernel_use_pages(&native->kernel, t->pages);
	native->kernel.beside = t->beside;
	native->intern = t->intern;
	native->stacks = t->stacks;
	native->rules = t->rules;
	if (t->ptrace)
		native->trace = trace_new();
	if (t->mute)
		kernel_set_mute(&native->kernel);
	else
		native->symbols = symbols_new(&native->kernel, t->intern, t->stacks);
	symbols_set_rules(native->symbols, t->rules);
	thread_table_init(&native->threads, &native->kernel, native->symbols);
	native->threads.runtime = t->runtime;
	resource_init(&native->resources, &native->kernel);
	native->start_real_ns = proc_ticks_to_mono_ns(native->kernel.facts.start_ticks) -
				clock_mono_ns() + clock_real_ns();
	native->agent = !t->mute && agent_present(t->pid, t->pages, native->agent_note,
						  sizeof(native->agent_note));
	return 0;
}

/* The process runs a different program now, in which addresses mean something else. */
static void reread_program(struct native *native)
{
	kernel_reread(&native->kernel);
	if (native->kernel.mute)
		return;
	symbols_free(native->symbols);
	native->symbols = symbols_new(&native->kernel, native->intern, native->stacks);
	symbols_set_rules(native->symbols, native->rules);
	thread_table_set_symbols(&native->threads, native->symbols);
}

/* Unwinds as many blocked threads as fit into the budget, and starts with a different one
 * in each poll. */
static void unwind_threads(struct native *native, const struct source_focus *focus,
			   struct snapshot *out)
{
	bool all = focus && focus->all;
	bool same_symbols =
		native->symbols_generation == symbols_generation(native->symbols);
	size_t start = native->nr_seen ? native->unwind_cursor % native->nr_seen : 0;

	symbols_begin_poll(native->symbols, all                  ? STACKS_ALL_BUDGET_NS
					    : native->polls == 0 ? STACKS_FIRST_NS
								 : STACKS_BUDGET_NS);
	native->symbols_generation = symbols_generation(native->symbols);
	for (size_t i = 0; i < native->nr_seen; i++) {
		size_t at = start + i < native->nr_seen ? start + i
							: start + i - native->nr_seen;
		struct thread *thread = native->seen[at];

		if (!thread || thread->hidden)
			continue;
		bool focused = focus && focus->kind == TASK_THREAD &&
			       focus->id == (uint64_t)thread->tid;

		if (!focused && same_symbols && thread_is_kept(&native->threads, thread))
			continue;
		if (!focused && !symbols_time_left(native->symbols)) {
			out->partial |= !thread->stack && thread->call_text[0] &&
					!thread->call.running;
			continue;
		}
		thread_unwind(&native->threads, thread, focused);
		native->unwind_cursor = at + 1;
	}
}

/* A running thread has no system call to start from. With --ptrace, it is stopped
 * briefly. */
static void trace_threads(struct native *native, struct snapshot *out)
{
	trace_begin(native->trace);
	for (size_t i = 0; i < native->nr_seen; i++) {
		const struct thread *thread = native->seen[i];

		if (thread && !thread->hidden && thread->wait.state == STATE_RUNNING &&
		    !trace_want(native->trace, thread))
			break;
	}
	trace_run(native->trace, &native->threads, out);
}

/* Recognises the monitor's own thread; a thread of the program may have the same name. */
static bool is_server(struct native *native, const struct thread *thread)
{
	if (thread->tid == native->kernel.process.pid ||
	    strcmp(thread->comm, WIRE_SERVER_COMM) != 0)
		return false;
	/* The thread is new, so an agent may have been loaded since. */
	if (!native->agent && thread->generation == 0 && !native->kernel.mute)
		native->agent =
			agent_present(native->kernel.process.pid, native->kernel.pages,
				      native->agent_note, sizeof(native->agent_note));
	return native->agent;
}

static void note_stop(const struct native *native, const struct thread *leader,
		      struct snapshot *out)
{
	if (leader->stat_state == 'T')
		snapshot_note(out,
			      "process %d is stopped by a signal; 'kill -CONT %d' "
			      "resumes it",
			      (int)native->kernel.process.pid,
			      (int)native->kernel.process.pid);
	else if (leader->stat_state == 't')
		snapshot_note(out, "process %d is stopped by a tracer such as a debugger",
			      (int)native->kernel.process.pid);
}

static int list_threads(struct native *native, struct err *e)
{
	struct kernel *kernel = &native->kernel;
	ssize_t count =
		process_threads(&kernel->process, &native->tids, &native->cap_tids);

	native->nr_seen = 0;
	if (count < 0)
		return count == -ESRCH || count == -ENOENT
			       ? err_set(e, ERR_GONE, "process %d has ended",
					 (int)kernel->process.pid)
			       : err_sys(e, (int)-count,
					 "cannot list the threads of process %d",
					 (int)kernel->process.pid);
	if (!array_reserve(&native->seen, &native->cap_seen, (size_t)count))
		return err_set(e, ERR_NOMEM, "no memory for %zd threads", count);
	for (; native->nr_seen < (size_t)count; native->nr_seen++) {
		struct thread *thread =
			thread_get(&native->threads, native->tids[native->nr_seen]);

		if (!thread)
			return err_set(e, ERR_NOMEM, "no memory for %zd threads", count);
		native->seen[native->nr_seen] = thread;
	}
	return 0;
}

/* Servers overwrite their arguments with their activity: "postgres: ada shop [local]
 * UPDATE waiting". Such a title begins with the program's name and is the only argument.
 * */
static void read_title(struct native *native, const char *comm)
{
	char text[4096];
	ssize_t got = arguments_read(&native->kernel.process, native->kernel.pages,
				     ARGUMENTS_COMMAND, text, sizeof(text));
	size_t length = got > 0 ? strnlen(text, (size_t)got) : 0;
	const char *colon = got > 0 ? memchr(text, ':', length) : NULL;
	size_t name = colon ? (size_t)(colon - text) : 0;

	native->title[0] = '\0';
	for (ssize_t i = (ssize_t)length; i < got; i++)
		if (text[i] != '\0')
			return;
	if (name == 0 || name + 2 >= length || colon[1] != ' ' ||
	    strncmp(text, comm, strlen(comm) < name ? strlen(comm) : name) != 0)
		return;
	if (length >= sizeof(native->title))
		length = sizeof(native->title) - 1;
	memcpy(native->title, text, length);
	native->title[length] = '\0';
}

/* Reads each thread that was not yet read in this sample. An ended one leaves a gap. */
static void read_new_threads(struct native *native, struct snapshot *out)
{
	native->complete = true;
	for (size_t i = 0; i < native->nr_seen; i++) {
		struct thread *thread = native->seen[i];

		if (thread->sampled && thread->generation == native->threads.generation)
			continue;
		if (thread_sample(&native->threads, thread) != 0) {
			native->seen[i] = NULL;
			native->complete = false;
			continue;
		}
		if (!thread_is_kept(&native->threads, thread))
			thread->hidden = is_server(native, thread);
		thread->generation = native->threads.generation;
		if (thread->tid != native->kernel.process.pid)
			continue;
		memcpy(native->kernel.facts.comm, thread->comm, sizeof(thread->comm));
		if (!thread->slept && !native->kernel.mute)
			read_title(native, thread->comm);
		note_stop(native, thread, out);
	}
}

/*
 * If the number of threads is the same as in the last sample, and each thread of that
 * sample is still alive, there are no others, and the list, which is expensive with many
 * threads, is still valid.
 */
static int read_threads(struct native *native, struct snapshot *out, struct err *e)
{
	bool listed = native->complete && process_thread_count(&native->kernel.process) ==
						  (int64_t)native->nr_seen;
	int rc = listed ? 0 : list_threads(native, e);

	if (rc)
		return rc;
	thread_table_begin(&native->threads, native->seen, native->nr_seen);
	read_new_threads(native, out);
	if (native->complete)
		thread_table_end(&native->threads,
				 process_thread_count(&native->kernel.process) ==
					 (int64_t)native->nr_seen);
	if (listed && native->complete)
		return 0;
	if (listed) {
		rc = list_threads(native, e);
		if (rc)
			return rc;
		read_new_threads(native, out);
	}
	thread_sweep(&native->threads);
	return 0;
}

static void name_by_title(const struct native *native, struct snapshot *out,
			  struct task *task)
{
	const char *name =
		arena_strndup(&out->arena, native->title, sizeof(native->title));

	if (name)
		task->name = name;
}

static void add_row(struct native *native, struct thread *thread, bool keep,
		    struct snapshot *out)
{
	struct task *task = snapshot_add(out);

	if (!task)
		return;
	thread_ask_python(&native->threads, thread);
	thread_to_task(thread, out, task);
	if (keep)
		thread_keep(&native->threads, thread, task);
	if (native->title[0] && thread->tid == native->kernel.process.pid)
		name_by_title(native, out, task);
}

static void add_rows(struct native *native, const struct source_focus *focus,
		     struct snapshot *out)
{
	struct thread_table *table = &native->threads;
	uint64_t focused =
		focus && focus->kind == TASK_THREAD && !focus->all ? focus->id : 0;

	table->texts_usable = !native->trace && texts_begin(&table->texts, out);
	for (size_t i = 0; i < native->nr_seen; i++) {
		struct thread *thread = native->seen[i];

		if (!thread || thread->hidden)
			continue;
		if (i + AHEAD < native->nr_seen && native->seen[i + AHEAD])
			__builtin_prefetch(&native->seen[i + AHEAD]->kept);
		if (thread_is_kept(table, thread) && (uint64_t)thread->tid != focused)
			snapshot_add_copy(out, &thread->kept);
		else
			add_row(native, thread, (uint64_t)thread->tid != focused, out);
	}
	if (table->texts.now)
		texts_end(&table->texts);
}

static int native_sample(void *ctx, const struct source_focus *focus,
			 struct snapshot *out, struct err *e)
{
	struct native *native = ctx;
	struct kernel *kernel = &native->kernel;

	out->mono_ns = kernel->now_ns = clock_mono_ns();
	out->real_ns = clock_real_ns();
	int rc = resource_read(&native->resources, native->tids, native->nr_seen, out, e);

	if (rc)
		return rc;
	if (native->resources.executed)
		reread_program(native);
	rc = read_threads(native, out, e);
	if (rc) {
		native->complete = false;
		native->nr_seen = 0;
		return rc;
	}
	thread_read_sleeps(&native->threads, native->seen, native->nr_seen,
			   focus && focus->all);
	if (native->symbols && !kernel->denied)
		unwind_threads(native, focus, out);
	if (native->symbols && native->trace)
		trace_threads(native, out);
	thread_read_python(&native->threads);
	snapshot_reserve(out, native->nr_seen + 16);
	add_rows(native, focus, out);
	thread_add_python_tasks(&native->threads, out);
	if (focus)
		thread_read_python_holds(&native->threads, focus->holds, focus->nr_holds,
					 out);
	kernel_describe(kernel, native->start_real_ns,
			native->trace ? "native, ptrace" : "native", out);
	kernel_notes(kernel, out);
	symbols_notes(native->symbols, out);
	thread_describe_python(&native->threads, out);
	if (native->agent_note[0])
		snapshot_note(out, "%s", native->agent_note);
	native->polls++;
	return 0;
}

const struct source_ops source_native = {
	.name = "native",
	.summary = "any process: states, stacks without a stop; Python threads and tasks",
	.ctx_size = sizeof(struct native),
	.probe = native_probe,
	.open = native_open,
	.sample = native_sample,
	.close = native_close,
};
