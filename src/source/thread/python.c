/* SPDX-License-Identifier: MIT */
/* What the interpreter of a Python process adds to its threads: their names and their
 * Python stacks. A thread that it does not know stays as the kernel shows it. */
#include "source/python/python.h"

#include <stdio.h>
#include <sys/syscall.h>

#include "base/hash.h"
#include "base/text.h"
#include "source/symbols/private.h"
#include "source/thread/thread.h"

#define DEFAULT_NAME "Thread-"
#define REREAD_LOOKS 16u

void thread_read_python(struct thread_table *table)
{
	struct symbols *symbols = table->symbols;

	table->python_read = false;
	if (!symbols)
		return;
	if (!table->python)
		table->python = python_new(table->kernel, symbols->intern);
	if (table->python)
		table->python_read =
			python_look(table->python, symbols->epoch, table->rested);
}

/* "Thread-1 (serve)": nobody chose it. A name that the program gave to the kernel says
 * more then. */
static bool is_default_name(const char *name)
{
	return text_starts_with(name, DEFAULT_NAME) && byte_is_digit(name[7]);
}

static const char *choose_name(const struct thread_table *table,
			       const struct thread *thread, const char *name)
{
	if (!name || !is_default_name(name))
		return name;
	/* From 3.14 on, the interpreter itself gives the kernel this name, cut. */
	return strcmp(thread->comm, table->kernel->facts.comm) == 0 ||
			       text_starts_with(name, thread->comm)
		       ? name
		       : NULL;
}

struct frame thread_python_frame(const struct python_frame *frame)
{
	return (struct frame){
		.function = frame->code->function,
		.file = frame->code->file,
		.line = frame->line,
		.address = frame->code->address + frame->instruction,
		.library = frame->code->launcher,
	};
}

/* The function of the interpreter that runs Python functions, and those that they call. */
static bool is_evaluation(const struct frame *frame)
{
	return frame->function &&
	       strcmp(frame->function, "_PyEval_EvalFrameDefault") == 0;
}

/* A stack of both languages: each frame of the interpreter's loop gives way to the run of
 * Python functions that it executes. They have one frame of C, as functions have that were
 * inlined. */
static size_t merge(const struct python_frame *frames, size_t nr,
		    const struct stack *native, struct frame *out)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < native->nr_frames && count < SNAPSHOT_FRAMES_MAX; i++) {
		const struct frame *c = &native->frames[i];
		bool more = at < nr && is_evaluation(c);

		if (!more)
			out[count++] = *c;
		while (more && count < SNAPSHOT_FRAMES_MAX) {
			out[count] = thread_python_frame(&frames[at]);
			out[count].address = c->address;
			out[count++].inlined = more = !frames[at].entry && at + 1 < nr;
			at++;
		}
	}
	/* The stack of C may have ended early. */
	for (; at < nr && count < SNAPSHOT_FRAMES_MAX; at++)
		out[count++] = thread_python_frame(&frames[at]);
	return count;
}

static const struct stack *make_stack(const struct thread_table *table,
				      const struct thread *thread,
				      const struct python_thread *found)
{
	const struct python_frame *frames = table->python->frames + found->first_frame;
	const struct stack *native = table->runtime && thread ? thread->stack : NULL;
	struct frame out[SNAPSHOT_FRAMES_MAX];
	size_t nr = native ? merge(frames, found->nr_frames, native, out) : 0;

	for (; !native && nr < found->nr_frames; nr++)
		out[nr] = thread_python_frame(&frames[nr]);
	return stack_intern(table->symbols->stacks, out, nr,
			    found->truncated || (native && native->truncated));
}

/* A thread that sleeps where it did waits for the same object. The holder of a lock can
 * change meanwhile, and so can what else is said of an object, which is read from time to
 * time. */
static bool keeps_wait(const struct thread_table *table, struct thread *thread,
		       const struct python_thread *found)
{
	uint64_t place = found ? hash_mix(found->top ^ found->nr_frames,
					  python_place(table->python, found) ^
						  thread->call.args[0])
			       : 0;
	bool same = place && thread->slept && thread->python_place == place &&
		    thread->python_wait.state != STATE_MUTEX &&
		    (table->python->looks + (uint32_t)thread->tid) % REREAD_LOOKS != 0;

	thread->python_place = place;
	return same;
}

static void find_wait(const struct thread_table *table, struct thread *thread,
		      const struct python_thread *found)
{
	bool blocked = thread->call_text[0] && !thread->call.running &&
		       state_blocks(thread->wait.state);
	const struct python_blocked wait = {
		.state = thread->wait.state,
		.futex = thread->call.nr == SYS_futex,
		.address = thread->call.args[0],
	};

	if (keeps_wait(table, thread, found))
		return;
	memset(&thread->python_wait, 0, sizeof(thread->python_wait));
	if (blocked && found)
		python_wait_find(table->python, found, &wait, &thread->python_wait);
	else if (found && thread->gil_turn)
		python_wait_again(table->python, thread->gil_turn, &thread->python_wait);
	if (!thread->python_wait.gil) {
		thread->gil_turn = 0;
	} else if (thread->gil_turn != thread->python_wait.turn) {
		thread->gil_turn = thread->python_wait.turn;
		thread->gil_since_ns = table->kernel->now_ns;
		thread->gil_switches = thread->switches;
	}
}

void thread_apply_python(const struct thread *thread, struct kernel_wait *wait)
{
	const struct python_wait *python = &thread->python_wait;

	if (python->state == STATE_UNKNOWN)
		return;
	wait->state = python->state;
	if (!python->kind)
		return;
	wait->kind = python->kind;
	wait->address = python->address;
	wait->fd = -1;
	wait->owner_tid = python->owner;
	wait->owner_pid = 0;
	memcpy(wait->text, python->text, sizeof(wait->text));
	if (python->gil) {
		wait->limited = wait->ends = false;
		wait->lasts_ns = wait->left_ns = wait->end_ns = 0;
	}
}

void thread_ask_python(struct thread_table *table, struct thread *thread)
{
	const struct python_thread *found =
		table->python_read ? python_find(table->python, thread->tid) : NULL;

	if (found && thread->slept && !table->runtime &&
	    thread->python_look == table->python->looks)
		return;
	find_wait(table, thread, found);
	thread->python_name = NULL;
	thread->python_stack = NULL;
	thread->python_moved = false;
	if (!found)
		return;
	thread->python_look = table->python->looks;
	thread->python_name = choose_name(table, thread, found->name);
	if (found->nr_frames == 0)
		return;
	thread->python_stack = make_stack(table, thread, found);
	thread->python_moved = found->moved;
}

/* What an agent has published about a wait says on which object of libc the thread sleeps. */
static void task_wait(struct thread_table *table, const struct python_thread *found,
		      struct snapshot *out, struct task *task)
{
	const struct python_blocked blocked = {
		.state = task->state,
		.futex = state_info(task->state)->class == CLASS_LOCK &&
			 task->waits.address != 0,
		.address = task->waits.address,
	};
	struct python_wait wait;
	const char *text;

	if (!state_blocks(task->state) || (task->flags & TASK_STALE))
		return;
	python_wait_find(table->python, found, &blocked, &wait);
	if (wait.state == STATE_UNKNOWN)
		return;
	task->state = wait.state;
	text = wait.kind ? arena_printf(&out->arena, "%s", wait.text) : NULL;
	if (!text)
		return;
	task->waits.kind = wait.kind;
	task->waits.address = wait.address;
	task->waits.text = text;
	task->waits.fd = -1;
	task->waits.owner_tid = wait.owner;
	task->waits.vague = wait.vague;
	if (wait.gil) {
		task->waits.limited = false;
		if (wait_more(task)->until_ns)
			waits_edit(&task->waits, &out->arena)->until_ns = 0;
	}
}

/* For the confirmation of a cycle: whether the thread runs after this. */
static void count_turns(const struct thread_table *table, struct snapshot *out,
			struct task *task)
{
	unsigned long long run_ns, delay_ns, times;
	char text[96];

	if (task->waits.owner_tid && state_info(task->state)->class == CLASS_LOCK &&
	    process_thread_text(&table->kernel->process, task->tid, THREAD_TIMES, text,
				sizeof(text)) > 0 &&
	    sscanf(text, "%llu %llu %llu", &run_ns, &delay_ns, &times) == 3)
		waits_edit(&task->waits, &out->arena)->turns = times;
}

void thread_add_python(struct thread_table *table, struct snapshot *out,
		       struct task *task)
{
	const struct python_thread *found =
		table->python_read && task->kind == TASK_THREAD
			? python_find(table->python, task->tid)
			: NULL;

	if (!found)
		return;
	/* A name that the program gave the thread says more than the default. */
	if (found->name && (!is_default_name(found->name) ||
			    strcmp(task->name, table->kernel->facts.comm) == 0))
		task->name = found->name;
	if (found->nr_frames == 0)
		return;
	task->flags |= TASK_VARIABLES;
	if (!table->runtime)
		task->stack = make_stack(table, NULL, found);
	if (found->moved)
		task->flags |= TASK_SUSPECT;
	task_wait(table, found, out, task);
	count_turns(table, out, task);
}

void thread_describe_python(const struct thread_table *table, struct snapshot *out)
{
	char text[48];

	python_notes(table->python, out);
	if (!table->python_read)
		return;
	snprintf(text, sizeof(text), "CPython %s", table->python->version_text);
	out->target.runtime = intern_text(table->symbols->intern, text, strlen(text));
}
