/* SPDX-License-Identifier: MIT */
/* Source for a process that embeds libgrmon: exact states from its slots, and the
 * kernel's view where a slot tells too little or is contradicted. Never writes to the
 * region. */
#include "source/agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "source/agent/private.h"
#include "wire/wire.h"

#define NAMES_OF_ADDRESSES_NS (50 * CLOCK_MS_NS)
#define NAMES_LATER_NS        (10 * CLOCK_MS_NS)
#define ATTACH_AGAIN_NS       (2 * CLOCK_SECOND_NS)
#define TURNS_MOST            256u /* tasks that can be in a cycle through the interpreter */
#define STACKS_ALL_NS         (5 * CLOCK_SECOND_NS)
/* Whole stacks are read again over this many samples, or over more, so that no sample reads
 * more than these. */
#define WHOLE_AGAIN_SAMPLES   64u
#define WHOLE_AGAIN_ROWS      32u
#define AHEAD                 8u /* rows that are fetched into the caches meanwhile */

static int agent_probe(const struct source_target *t, struct err *e)
{
	struct kernel kernel;
	struct region region;

	if (t->pid <= 0) {
		err_set(e, ERR_UNSUPPORTED, "'%s' is not a process",
			t->text ? t->text : "");
		return 0;
	}
	if (kernel_open(&kernel, t->pid, e))
		return 0;
	kernel_use_pages(&kernel, t->pages);
	int rc = region_attach(&region, &kernel, false, e);

	region_release(&region);
	kernel_close(&kernel);
	return rc ? 0 : 90;
}

static void agent_close(void *ctx)
{
	struct agent *agent = ctx;

	if (!agent->kernel.names)
		return;
	for (size_t i = 0; i < agent->cap_more; i++)
		row_release(&agent->more[i]);
	thread_table_release(&agent->threads);
	symbols_free(agent->symbols);
	region_release(&agent->region);
	kernel_close(&agent->kernel);
	texts_keeper_release(&agent->texts);
	free(agent->rows);
	free(agent->more);
	free(agent->seen);
	free(agent->kept);
	free(agent->blocks);
	free(agent->changed);
	free(agent->others);
	free(agent->tids);
	free(agent->chans);
	memset(agent, 0, sizeof(*agent));
}

static int agent_open(void *ctx, const struct source_target *t, struct err *e)
{
	struct agent *agent = ctx;
	int rc = kernel_open(&agent->kernel, t->pid, e);

	if (rc)
		return rc;
	kernel_use_pages(&agent->kernel, t->pages);
	rc = region_attach(&agent->region, &agent->kernel, false, e);
	if (rc) {
		kernel_close(&agent->kernel);
		return rc;
	}
	agent->kernel.beside = t->beside;
	agent->attached = true;
	agent->intern = t->intern;
	agent->stacks = t->stacks;
	agent->rules = t->rules;
	agent->at_exit = t->at_exit;
	agent->symbols = symbols_new(&agent->kernel, t->intern, t->stacks);
	symbols_set_rules(agent->symbols, t->rules);
	thread_table_init(&agent->threads, &agent->kernel, agent->symbols);
	agent->threads.runtime = t->runtime;
	resource_init(&agent->resources, &agent->kernel);
	agent->start_ns = proc_ticks_to_mono_ns(agent->kernel.facts.start_ticks);
	agent->start_real_ns = agent->start_ns - clock_mono_ns() + clock_real_ns();
	return 0;
}

/* Each row has its second part at the same place. */
static void link_rows(struct agent *agent)
{
	size_t nr = agent->cap_rows < agent->cap_more ? agent->cap_rows : agent->cap_more;

	if (nr == 0 || (agent->rows[0].more == agent->more &&
			agent->rows[nr - 1].more == &agent->more[nr - 1]))
		return;
	for (size_t i = 0; i < nr; i++)
		agent->rows[i].more = &agent->more[i];
}

/* Makes room for every slot in use; a slot that was used once stays in use. */
static int grow_rows(struct agent *agent, struct err *e)
{
	uint32_t wanted = agent->region.nr_slots;
	bool room = array_reserve_zeroed(&agent->rows, &agent->cap_rows, wanted) &&
		    array_reserve_zeroed(&agent->more, &agent->cap_more, wanted) &&
		    array_reserve_zeroed(&agent->blocks, &agent->cap_blocks,
					 wanted / REST_ROWS + 1);

	link_rows(agent);
	if (wanted > 0 && agent->cap_kept == 0)
		array_reserve_lines(&agent->kept, &agent->cap_kept, wanted);
	if (!room || !array_reserve(&agent->kept, &agent->cap_kept, wanted) ||
	    !array_reserve(&agent->seen, &agent->cap_seen, wanted) ||
	    !array_reserve(&agent->changed, &agent->cap_changed, wanted))
		return err_set(e, ERR_NOMEM, "no memory for %u threads", wanted);
	/* Only a faulty writer decreases the count; drop the rows above it. */
	for (uint32_t i = wanted; i < agent->nr_rows; i++)
		row_reset(agent, &agent->rows[i]);
	agent->nr_rows = wanted;
	agent->whole_again = WHOLE_AGAIN_SAMPLES;
	while (wanted / agent->whole_again > WHOLE_AGAIN_ROWS)
		agent->whole_again *= 2;
	return 0;
}

static bool wants_stack(const struct source_focus *focus, enum task_kind kind,
			uint64_t id)
{
	return focus && (focus->all || (focus->id == id && focus->kind == kind && id));
}

/* A thread stays in its wait, with the same stack, for as long as its slot says so. The
 * stack is still read again occasionally. */
static bool keeps_stack(const struct agent *agent, const struct row *row)
{
	return row->whole && !row->thread && !row->running && row->contradicted == 0 &&
	       row->whole_generation == symbols_generation(agent->symbols) &&
	       (((uint32_t)agent->polls + (uint32_t)row->tid) &
		(agent->whole_again - 1)) != 0;
}

/* Unwinds the thread's whole stack from its kernel state; works only while it is blocked.
 * A thread that the kernel does not contradict needs no record for that. */
static void whole_stack(struct agent *agent, struct row *row, struct task *task)
{
	struct thread *thread = row->thread;
	const struct stack *stack;
	bool suspect;

	if (keeps_stack(agent, row)) {
		task->stack = row->whole;
		return;
	}
	row->whole = NULL;
	if (thread) {
		thread_unwind(&agent->threads, thread, true);
		stack = thread->stack;
		suspect = thread->suspect;
	} else {
		stack = thread_stack_once(&agent->threads, row->tid, &suspect);
	}
	if (stack)
		task->stack = stack;
	if (suspect) {
		task->flags |= TASK_SUSPECT;
	} else if (stack) {
		row->whole = stack;
		row->whole_generation = symbols_generation(agent->symbols);
	}
}

/* The row of the task that is looked at in detail is not copied. */
static bool may_copy(const struct agent *agent, const struct row *row,
		     const struct source_focus *focus, bool details, bool whole)
{
	return row_is_kept(agent, row) && row->kept_details == details &&
	       (!details || focus->all) && (!whole || keeps_stack(agent, row));
}

static bool add_row(struct agent *agent, uint32_t i, const struct source_focus *focus,
		    struct snapshot *out)
{
	struct row *row = &agent->rows[i];
	bool whole = row->kind == WIRE_THREAD &&
		     wants_stack(focus, TASK_THREAD, (uint64_t)row->tid);
	bool details =
		whole || (row->kind != WIRE_THREAD &&
			  wants_stack(focus, TASK_COROUTINE, row->more->slot.serial));
	struct task *task;

	row_describe(agent, i);
	if (may_copy(agent, row, focus, details, whole))
		return snapshot_add_copy(out, &agent->kept[i]) != NULL;
	task = snapshot_add(out);
	if (!task)
		return false;
	row_to_task(agent, row, details, out, task);
	if (whole &&
	    (!focus->all || keeps_stack(agent, row) || symbols_time_left(agent->symbols)))
		whole_stack(agent, row, task);
	if (!details || (focus->all && (!whole || keeps_stack(agent, row))))
		row_keep(agent, i, task, details);
	return true;
}

static int no_room(const struct agent *agent, struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for %u threads", agent->nr_rows);
}

static int add_rows(struct agent *agent, const struct source_focus *focus,
		    struct snapshot *out, struct err *e)
{
	snapshot_reserve(out, agent->nr_threads + agent->nr_others + 16);
	agent->texts_usable = texts_begin(&agent->texts, out);
	rest_choose(agent, focus);
	for (uint32_t i = 0; i < agent->nr_rows; i++) {
		const struct row *row = &agent->rows[i];
		uint32_t resting = rest_run(agent, i);

		if (resting > 0) {
			if (!snapshot_add_copies(out, &agent->kept[i], resting))
				return no_room(agent, e);
			i += resting - 1;
			continue;
		}
		if (i + AHEAD < agent->nr_rows && agent->rows[i + AHEAD].kept_moves) {
			const struct row_more *more = agent->rows[i + AHEAD].more;

			__builtin_prefetch(&more->slot);
			__builtin_prefetch(&more->waits);
			__builtin_prefetch(&more->waits.text);
		}
		if (row->kind == WIRE_FREE || row->dead)
			continue;
		if (!add_row(agent, i, focus, out))
			return no_room(agent, e);
		rest_settle(agent, i);
	}
	if (agent->texts.now)
		texts_end(&agent->texts);
	return 0;
}

/* Reads threads that the agent does not know, and the sleep times of threads that were
 * already asleep at the first sample. */
static void read_other_threads(struct agent *agent, bool all)
{
	size_t kept = 0, nr = 0, room = agent->nr_others + agent->nr_rows;
	bool any = agent->nr_others || HASH_COUNT(agent->threads.threads);
	struct thread **asleep = any ? malloc(room * sizeof(*asleep)) : NULL;

	for (size_t i = 0; i < agent->nr_others; i++) {
		pid_t tid = agent->others[i];
		struct thread *thread = thread_get(&agent->threads, tid);

		if (!thread || thread->claimed)
			continue;
		if (thread_sample(&agent->threads, thread) != 0) {
			thread_drop(&agent->threads, thread);
			continue;
		}
		agent->others[kept++] = tid;
		if (asleep)
			asleep[nr++] = thread;
	}
	agent->nr_others = kept;
	for (uint32_t i = 0; asleep && i < agent->nr_rows; i++)
		if (agent->rows[i].thread && !agent->rows[i].dead)
			asleep[nr++] = agent->rows[i].thread;
	if (nr > 0)
		thread_read_sleeps(&agent->threads, asleep, nr, all);
	free(asleep);
}

/* Adds rows for threads without a slot; returns true if there are any. The agent's own
 * server thread is not part of the program and is skipped. */
static bool add_others(struct agent *agent, const struct source_focus *focus,
		       struct snapshot *out)
{
	bool any = false;

	for (size_t i = 0; i < agent->nr_others; i++) {
		pid_t tid = agent->others[i];
		struct thread *thread = thread_get(&agent->threads, tid);

		if (!thread || strcmp(thread->comm, WIRE_SERVER_COMM) == 0)
			continue;
		thread_unwind(&agent->threads, thread,
			      !(focus && focus->all) &&
				      wants_stack(focus, TASK_THREAD, (uint64_t)tid));
		struct task *task = snapshot_add(out);

		any = true;
		if (task)
			thread_to_task(thread, out, task);
	}
	return any;
}

static void add_notes(struct agent *agent, struct snapshot *out)
{
	const struct wire_header *header = &agent->region.layout;

	kernel_notes(&agent->kernel, out);
	symbols_notes(agent->symbols, out);
	if (!agent->attached) {
		snapshot_note(out, "%s", agent->problem);
		return;
	}
	out->dropped = header->dropped_tasks;
	if (agent->resources.stopped)
		snapshot_note(
			out,
			"process %d is stopped by a signal or a tracer; its threads "
			"are shown in their last state",
			(int)agent->kernel.process.pid);
	if (header->flags & WIRE_STOPPED)
		snapshot_note(out,
			      "the program has stopped the agent in process %d; the last "
			      "state that it published is shown",
			      (int)agent->kernel.process.pid);
	if (header->dropped_labels)
		snapshot_note(out, "%llu labels did not fit into the agent's memory",
			      (unsigned long long)header->dropped_labels);
	if (header->dropped_chans)
		snapshot_note(out, "%llu channels did not fit into the agent's memory",
			      (unsigned long long)header->dropped_chans);
}

static void detach_region(struct agent *agent, const char *problem)
{
	for (uint32_t i = 0; i < agent->nr_rows; i++)
		row_reset(agent, &agent->rows[i]);
	agent->nr_rows = 0;
	agent->listed_ns = 0;
	agent->nr_others = 0;
	region_release(&agent->region);
	agent->attached = false;
	agent->attach_at_ns = agent->now_ns;
	snprintf(agent->problem, sizeof(agent->problem), "%s", problem);
}

/* The program called exec, or its region is gone: shows what can be seen without an agent
 * until there is one again. */
static void attach_if_due(struct agent *agent)
{
	struct err e;

	if (agent->resources.executed) {
		detach_region(agent,
			      "the process has executed another program, which has no "
			      "agent");
		kernel_reread(&agent->kernel);
		symbols_free(agent->symbols);
		agent->symbols =
			symbols_new(&agent->kernel, agent->intern, agent->stacks);
		symbols_set_rules(agent->symbols, agent->rules);
		thread_table_set_symbols(&agent->threads, agent->symbols);
		agent->attach_at_ns = 0;
	}
	if (agent->attached || agent->now_ns - agent->attach_at_ns < ATTACH_AGAIN_NS)
		return;
	agent->attach_at_ns = agent->now_ns;
	err_clear(&e);
	agent->attached = region_attach(&agent->region, &agent->kernel, false, &e) == 0;
	if (e.code == ERR_UNSUPPORTED)
		snprintf(agent->problem, sizeof(agent->problem), "%s", e.text);
}

static bool is_current(const struct agent *agent, pid_t tid)
{
	for (uint32_t i = 0; agent->attached && i < agent->nr_rows; i++) {
		const struct row *row = &agent->rows[i];

		if (row->tid == tid && row->kind == WIRE_THREAD && !row->dead)
			return __atomic_load_n(&region_slot(&agent->region, i)->seq,
					       __ATOMIC_ACQUIRE) == agent->seen[i].seq;
	}
	return false;
}

/* What the interpreter said belongs to the wait in a slot only if that is still the same:
 * then the thread has waited all the time. */
static void check_turns(const struct agent *agent, struct snapshot *out)
{
	unsigned nr = 0;

	for (size_t i = 0; i < out->nr_tasks; i++) {
		struct task *task = &out->tasks[i];

		if (wait_more(task)->turns &&
		    (nr++ > TURNS_MOST || !is_current(agent, task->tid)))
			waits_edit(&task->waits, &out->arena)->turns = 0;
	}
}

/* A Python program with the agent: the interpreter knows its threads, too. */
static void add_python(struct agent *agent, const struct source_focus *focus,
		       struct snapshot *out)
{
	if (agent->at_exit)
		return;
	thread_read_python(&agent->threads);
	if (agent->threads.python_read) {
		for (size_t i = 0; i < out->nr_tasks; i++)
			thread_add_python(&agent->threads, out, &out->tasks[i]);
		check_turns(agent, out);
	}
	thread_add_python_tasks(&agent->threads, out);
	if (focus)
		thread_read_python_holds(&agent->threads, focus->holds, focus->nr_holds,
					 out);
	thread_describe_python(&agent->threads, out);
}

static int agent_sample(void *ctx, const struct source_focus *focus, struct snapshot *out,
			struct err *e)
{
	struct agent *agent = ctx;

	out->mono_ns = agent->now_ns = agent->kernel.now_ns = clock_mono_ns();
	out->real_ns = clock_real_ns();
	int rc = resource_read(&agent->resources, agent->tids, agent->nr_tids, out, e);

	if (rc)
		return rc;
	attach_if_due(agent);
	if (agent->attached && region_refresh(&agent->region, e) != 0)
		detach_region(agent, e->text);
	rc = grow_rows(agent, e);
	if (rc)
		return rc;
	symbols_begin_poll(agent->symbols, focus && focus->all ? STACKS_ALL_NS
					   : agent->polls < 4  ? NAMES_OF_ADDRESSES_NS
							       : NAMES_LATER_NS);
	agent->nr_changed = 0;
	rest_begin(agent);
	for (uint32_t i = 0; i < agent->nr_rows; i++) {
		if (i + AHEAD < agent->nr_rows)
			__builtin_prefetch(region_slot(&agent->region, i + AHEAD));
		if (row_update(agent, i))
			agent_remove_other(agent, agent->rows[i].tid);
	}
	if (!agent->at_exit) {
		agent_list_threads(agent);
		agent_check_rows(agent, focus && focus->all);
		agent_read_names(agent, focus && focus->all);
		agent_read_cpu(agent);
		read_other_threads(agent, focus && focus->all);
	}
	rc = add_rows(agent, focus, out, e);
	if (rc)
		return rc;
	bool others = add_others(agent, focus, out);

	add_python(agent, focus, out);
	kernel_describe(&agent->kernel, agent->start_real_ns,
			!agent->attached ? "native"
			: others         ? "agent, native"
					 : "agent",
			out);
	add_notes(agent, out);
	agent->polls++;
	return 0;
}

const struct source_ops source_agent = {
	.name = "agent",
	.summary =
		"a program with libgrmon inside: exact states, ages, objects, creators",
	.ctx_size = sizeof(struct agent),
	.probe = agent_probe,
	.open = agent_open,
	.sample = agent_sample,
	.close = agent_close,
};
