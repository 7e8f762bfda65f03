/* SPDX-License-Identifier: MIT */
/* Tasks of asyncio as rows. One that runs is whatever its loop's thread is. */
#include <stdio.h>

#include "source/python/asyncio.h"
#include "source/symbols/private.h"
#include "source/thread/thread.h"

static const struct stack *make_stack(struct thread_table *table,
				      const struct python_tasks *tasks,
				      const struct python_task *task)
{
	struct frame out[SNAPSHOT_FRAMES_MAX];
	uint32_t nr = task->nr_frames;

	if (nr > SNAPSHOT_FRAMES_MAX)
		nr = SNAPSHOT_FRAMES_MAX;
	for (uint32_t i = 0; i < nr; i++)
		out[i] = thread_python_frame(&tasks->frames[task->first_frame + i]);
	return stack_intern(table->symbols->stacks, out, nr,
			    task->truncated || nr < task->nr_frames);
}

static const struct task *find_thread(const struct snapshot *out, size_t nr, pid_t tid)
{
	for (size_t i = 0; tid > 0 && i < nr; i++)
		if (out->tasks[i].tid == tid && out->tasks[i].kind == TASK_THREAD)
			return &out->tasks[i];
	return NULL;
}

/* The program's code is in a call that blocks its whole loop. */
static void take_thread(const struct task *thread, struct task *task)
{
	task->state = thread->state;
	task->raw = thread->raw;
	task->waits = thread->waits;
	task->since_ns = thread->since_ns;
	task->cpu_percent = thread->cpu_percent;
}

static const struct wait_several *list_several(const struct python_tasks *tasks,
					       const struct python_task *from,
					       struct snapshot *out)
{
	struct wait_several *several = arena_alloc(
		&out->arena, sizeof(*several) + from->nr_members * sizeof(uint64_t));

	if (!several)
		return NULL;
	several->any = from->any;
	several->open = from->open;
	several->nr = from->nr_members;
	for (uint32_t i = 0; i < from->nr_members; i++)
		several->cids[i] = tasks->list[tasks->members[from->first_member + i]].id;
	return several;
}

static void wait_to_task(const struct python_tasks *tasks, const struct python_task *from,
			 struct snapshot *out, struct task *task)
{
	task->state = from->state;
	task->since_ns = from->since_ns;
	if (from->since_exact)
		task->flags |= TASK_AGE_EXACT;
	if (!from->kind)
		return;
	task->waits.kind = from->kind;
	task->waits.address = from->object;
	task->waits.fd = from->fd;
	task->waits.accepted = from->accepted;
	task->waits.limited = from->limited;
	if (from->until_ns)
		waits_edit(&task->waits, &out->arena)->until_ns = from->until_ns;
	task->waits.text = arena_strndup(&out->arena, from->text, KERNEL_TEXT_MAX);
	if (!task->waits.text)
		task->waits.text = "";
	if (from->owner != PYTHON_NO_TASK)
		waits_edit(&task->waits, &out->arena)->owner_cid =
			tasks->list[from->owner].id;
	else if (from->nr_members > 0)
		waits_edit(&task->waits, &out->arena)->several =
			list_several(tasks, from, out);
}

/* A task goes on only in its loop's thread. Both looks at the task belong to one sleep of
 * that thread, so the task waited when the sleep began. But another thread may make a task,
 * or end what it waits for, without waking that one: then it is ready to run. */
static void date_by_sleep(struct thread_table *table, const struct python_task *from,
			  size_t index)
{
	struct thread *thread;

	if (!from->same || from->moved || !from->looped || from->running ||
	    from->state == STATE_RUNNABLE)
		return;
	HASH_FIND_INT(table->threads, &from->tid, thread);
	if (thread && thread->slept && thread->slept_ns)
		python_task_rests(table->python, index, thread->slept_ns);
}

/* "Task-1, worker-2 and 3 more" */
static const char *name_awaiters(const struct python_tasks *tasks,
				 const struct python_task *from, struct snapshot *out)
{
	const uint32_t *list = tasks->awaiters + from->first_awaiter;
	const char *first = tasks->list[list[0]].name;

	if (from->nr_awaiters == 1)
		return first;
	return from->nr_awaiters == 2
		       ? arena_printf(&out->arena, "%.64s and %.64s", first,
				      tasks->list[list[1]].name)
		       : arena_printf(&out->arena, "%.64s, %.64s and %u more", first,
				      tasks->list[list[1]].name, from->nr_awaiters - 2);
}

static void set_awaiting(const struct python_tasks *tasks, const struct python_task *from,
			 struct snapshot *out, struct task *task)
{
	uint64_t *cids =
		from->nr_awaiters
			? arena_alloc(&out->arena, from->nr_awaiters * sizeof(*cids))
			: NULL;
	struct task_more *more;

	if (!cids)
		return;
	for (uint32_t i = 0; i < from->nr_awaiters; i++)
		cids[i] = tasks->list[tasks->awaiters[from->first_awaiter + i]].id;
	more = task_edit(task, &out->arena);
	more->awaiting_cids = cids;
	more->nr_awaiting = from->nr_awaiters;
}

static void label_task(const struct python_tasks *tasks, const struct python_task *from,
		       struct snapshot *out, struct task *task)
{
	struct label *labels = arena_alloc(&out->arena, 2 * sizeof(*labels));
	size_t nr = 0;

	if (!labels)
		return;
	if (from->nr_awaiters > 0)
		labels[nr++] =
			(struct label){"awaited_by", name_awaiters(tasks, from, out)};
	if (tasks->nr_loops > 1)
		labels[nr++] = (struct label){
			"loop", arena_printf(&out->arena, "0x%llx",
					     (unsigned long long)from->loop)};
	if (nr > 0 && labels[nr - 1].text) {
		task->labels = labels;
		task->nr_labels = nr;
	}
}

/* An agent numbers the program's own coroutines. */
static const struct python_tasks *look_beside(struct python *python,
					      const struct snapshot *out)
{
	for (size_t i = 0; i < out->nr_tasks; i++) {
		if (out->tasks[i].kind == TASK_COROUTINE) {
			python_tasks_beside(python);
			break;
		}
	}
	return python_tasks_look(python);
}

void thread_add_python_tasks(struct thread_table *table, struct snapshot *out)
{
	const struct python_tasks *tasks =
		table->python_read ? look_beside(table->python, out) : NULL;
	size_t nr_threads = out->nr_tasks;

	table->first_task = nr_threads;
	if (table->python_read)
		python_tasks_notes(table->python, out);
	if (!tasks)
		return;
	snapshot_reserve(out, nr_threads + tasks->nr + 16);
	for (size_t i = 0; i < tasks->nr; i++) {
		const struct python_task *from = &tasks->list[i];
		struct task *task = snapshot_add(out);
		const struct task *thread;

		if (!task)
			break;
		task->kind = TASK_COROUTINE;
		task->id = from->id;
		task->serial = from->serial;
		task->name = from->name;
		task->tid = from->tid;
		task->stack = make_stack(table, tasks, from);
		task->flags |= TASK_VARIABLES;
		if (from->moved)
			task->flags |= TASK_SUSPECT;
		date_by_sleep(table, from, i);
		wait_to_task(tasks, from, out, task);
		thread = from->running ? find_thread(out, nr_threads, from->tid) : NULL;
		if (thread)
			take_thread(thread, task);
		set_awaiting(tasks, from, out, task);
		label_task(tasks, from, out, task);
	}
	if (tasks->partial)
		snapshot_note(out, "only %u asyncio tasks of process %d are shown",
			      PYTHON_TASKS_MAX, (int)table->kernel->process.pid);
}
