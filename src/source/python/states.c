/* SPDX-License-Identifier: MIT */
/*
 * Running Python leaves an address on the stack of C: from 3.10 to 3.12 the state points to
 * it, from 3.13 on a frame of the interpreter is there, and before, the address of the
 * innermost frame is among the words of that stack. The C library keeps a thread's control
 * block, which its ident is the address of, above its stack in the same mapping.
 */
#include "source/python/states.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"

#define MAPS_MAX      (16u << 20)
#define OF_A_THREAD   64u  /* states */
#define RUNNING_MAX   256u /* states that run Python, with several interpreters */
#define SEARCHED_MAX  32u  /* threads whose stacks are searched for a frame */
#define SEARCHED_DEEP (128u << 10)
#define WORDS         512u

static int compare_threads(const void *a, const void *b)
{
	const struct python_thread *left = a, *right = b;

	return left->tid != right->tid ? ORDER(left->tid, right->tid)
				       : ORDER(left->order, right->order);
}

static void sort_threads(struct python *python)
{
	if (python->nr_threads > 1)
		qsort(python->threads, python->nr_threads, sizeof(*python->threads),
		      compare_threads);
}

/* The interpreter's list begins with the newest state. That it has the kernel's id says
 * more. */
static bool replaces(const struct python_thread *state, const struct python_thread *other)
{
	return state->interp == other->interp &&
	       (state->exact != other->exact ? state->exact
					     : state->order < other->order);
}

/* Marks those of the states of a thread that another one replaces. */
static bool mark_left_over(struct python_thread *states, size_t nr)
{
	bool any = false;

	for (size_t i = 0; i < nr && nr <= OF_A_THREAD; i++)
		for (size_t k = 0; k < nr && !states[i].left_over; k++)
			any |= states[i].left_over = replaces(&states[k], &states[i]);
	return any;
}

/* The end of the run of states, from this one on, that have one thread. */
static size_t end_of_run(const struct python *python, size_t at)
{
	size_t end = at + 1;

	while (end < python->nr_threads &&
	       python->threads[end].tid == python->threads[at].tid)
		end++;
	return end;
}

void python_states_drop(struct python *python)
{
	bool any = false;

	sort_threads(python);
	for (size_t i = 0, end; i < python->nr_threads; i = end) {
		end = end_of_run(python, i);
		if (python->threads[i].tid)
			any |= mark_left_over(python->threads + i, end - i);
	}
	for (size_t i = 0; any && i < python->nr_threads; i++)
		if (python->threads[i].left_over)
			python->threads[i].tid = 0, python->threads[i].ident = 0;
	if (any)
		sort_threads(python);
}

/* The states that run Python, and the mappings of the process. */
struct settling {
	struct python *python;
	struct python_thread *running[RUNNING_MAX];
	size_t nr;
	struct process_maps maps;
};

/* Searches the part of a thread's stack that is in use for a word, and returns where it is,
 * or 0. A thread that runs has no stack to be searched. */
static uint64_t search_stack(struct python *python, pid_t tid, uint64_t word)
{
	uint64_t words[WORDS];
	struct proc_call call;

	if (tid <= 0 || process_thread_call(&python->kernel->process, tid, &call) < 0 ||
	    call.running || call.sp % 8 != 0)
		return 0;
	for (uint64_t at = call.sp; at < call.sp + SEARCHED_DEEP; at += sizeof(words)) {
		size_t got =
			memory_read_some(&python->reader.mem, at, words, sizeof(words)) /
			8;

		for (size_t i = 0; i < got; i++)
			if (words[i] == word)
				return at + 8 * i;
		if (got < WORDS)
			break;
	}
	return 0;
}

/* Up to 3.9: the thread whose stack has the frame, beginning with the one that the
 * interpreter names. */
static void search_stacks(struct settling *settling, struct python_thread *state)
{
	struct python *python = settling->python;
	pid_t before = 0;
	unsigned searched = 0;

	state->stack_at = search_stack(python, state->tid, state->top);
	for (size_t i = 0; i < python->nr_threads && !state->stack_at; i++) {
		const struct python_thread *other = &python->threads[i];

		if (other->tid == before || other->tid == state->tid ||
		    searched++ == SEARCHED_MAX)
			continue;
		before = other->tid;
		state->stack_at = search_stack(python, other->tid, state->top);
		if (state->stack_at) {
			state->tid = other->tid;
			state->ident = other->ident;
			return;
		}
	}
}

/* Returns the end of the mapping at this address, or 0. Sets *first if it is the stack of
 * the first thread. */
static uint64_t find_stack(const struct settling *settling, uint64_t address, bool *first)
{
	struct proc_map map;
	size_t at = 0;

	while (process_maps_next(&settling->maps, &at, &map)) {
		if (address < map.start || address >= map.end)
			continue;
		*first = map.path_bytes == 7 && memcmp(map.path, "[stack]", 7) == 0;
		return map.end;
	}
	return 0;
}

/* The thread on whose stack this address is: its control block is the next one above. */
static const struct python_thread *find_runner(const struct settling *settling,
					       uint64_t address)
{
	const struct python *python = settling->python;
	const struct python_thread *found = NULL;
	bool first = false;
	uint64_t end = find_stack(settling, address, &first);

	for (size_t i = 0; i < python->nr_threads; i++) {
		const struct python_thread *thread = &python->threads[i];

		if (first ? thread->tid == python->kernel->process.pid
			  : thread->tid && thread->ident > address &&
				    thread->ident < end &&
				    (!found || thread->ident < found->ident))
			found = thread;
	}
	return found;
}

static void settle_state(struct settling *settling, struct python_thread *state)
{
	struct python *python = settling->python;
	int32_t cframe = python->reader.layout.tstate_cframe;
	const struct python_thread *runner;

	if (cframe >= 0)
		python_word(&python->reader, state->address + (uint64_t)cframe,
			    &state->stack_at);
	else if (python->reader.layout.minor < 10)
		search_stacks(settling, state);
	if (python->reader.layout.minor < 10 || !state->stack_at)
		return;
	runner = find_runner(settling, state->stack_at);
	if (runner) {
		state->tid = runner->tid;
		state->ident = runner->ident;
	}
}

/* Of the states of one thread, the one that runs deepest gets the frames of all. */
static void join_frames(struct python *python, struct python_thread **states, size_t nr)
{
	struct python_thread *inner = states[0];
	uint32_t total = 0;
	size_t first = python->nr_frames;

	for (size_t i = 0; i < nr; i++) {
		total += states[i]->nr_frames;
		inner->moved |= states[i]->moved;
		inner->truncated |= states[i]->truncated;
	}
	if (!array_reserve(&python->frames, &python->cap_frames, first + total))
		return;
	for (size_t i = 0; i < nr; i++) {
		memcpy(python->frames + python->nr_frames,
		       python->frames + states[i]->first_frame,
		       states[i]->nr_frames * sizeof(*python->frames));
		python->nr_frames += states[i]->nr_frames;
		states[i]->nr_frames = 0;
	}
	inner->first_frame = (uint32_t)first;
	inner->nr_frames = total < PYTHON_FRAMES_MAX ? total : PYTHON_FRAMES_MAX;
	inner->truncated |= total > PYTHON_FRAMES_MAX;
}

static int compare_places(const void *a, const void *b)
{
	const struct python_thread *left = *(struct python_thread *const *)a;
	const struct python_thread *right = *(struct python_thread *const *)b;

	return left->tid != right->tid ? ORDER(left->tid, right->tid)
				       : ORDER(left->stack_at, right->stack_at);
}

static void join_states(struct settling *settling)
{
	struct python_thread **running = settling->running;

	qsort(running, settling->nr, sizeof(*running), compare_places);
	for (size_t i = 0, end; i < settling->nr; i = end) {
		for (end = i + 1;
		     end < settling->nr && running[end]->tid == running[i]->tid;)
			end++;
		/* One whose place is not known comes first. */
		if (end > i + 1 && running[i]->tid && running[i]->stack_at)
			join_frames(settling->python, running + i, end - i);
	}
}

void python_states_settle(struct python *python)
{
	struct settling settling = {.python = python};

	if (python->nr_interps < 2)
		return;
	for (size_t i = 0; i < python->nr_threads && settling.nr < RUNNING_MAX; i++)
		if (python->threads[i].nr_frames > 0)
			settling.running[settling.nr++] = &python->threads[i];
	process_maps_read(&settling.maps, &python->kernel->process, MAPS_MAX, NULL);
	for (size_t i = 0; i < settling.nr; i++)
		settle_state(&settling, settling.running[i]);
	process_maps_release(&settling.maps);
	join_states(&settling);
	sort_threads(python);
}
