/* SPDX-License-Identifier: MIT */
#include "out/stream_holds.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

#define WRITTEN_MAX (1u << 18)
#define LEAST_NS    CLOCK_SECOND_NS /* of a wait */

void stream_holds_release(struct stream_holds *holds)
{
	free(holds->written);
	holds->written = NULL;
	holds->capacity = holds->count = 0;
}

void stream_holds_begin_key(struct stream_holds *holds)
{
	if (holds->written)
		memset(holds->written, 0, holds->capacity * sizeof(*holds->written));
	holds->count = 0;
}

static uint64_t hash_wait(const struct task *task)
{
	uint64_t hash = hash_mix(hash_mix(task->id, (uint64_t)task->since_ns),
				 (uint64_t)task->pid << 12 | (uint64_t)task->kind << 8 |
					 (uint64_t)task->state);

	return hash ? hash : 1;
}

static size_t find(const struct stream_holds *holds, uint64_t hash)
{
	size_t mask = holds->capacity - 1, at = hash & mask;

	while (holds->written[at] != 0 && holds->written[at] != hash)
		at = (at + 1) & mask;
	return at;
}

static bool grow(struct stream_holds *holds)
{
	struct stream_holds larger = *holds;

	larger.capacity = holds->capacity ? holds->capacity * 2 : 1024;
	larger.written = calloc(larger.capacity, sizeof(*larger.written));
	if (!larger.written)
		return false;
	for (size_t i = 0; i < holds->capacity; i++)
		if (holds->written[i] != 0)
			larger.written[find(&larger, holds->written[i])] =
				holds->written[i];
	free(holds->written);
	*holds = larger;
	return true;
}

void stream_holds_note(struct stream_holds *holds, const struct task *task)
{
	uint64_t hash = hash_wait(task);
	size_t at;

	/* Then some are read again. */
	if (holds->count == WRITTEN_MAX)
		stream_holds_begin_key(holds);
	if ((holds->count + 1) * 2 > holds->capacity && !grow(holds))
		return;
	at = find(holds, hash);
	holds->count += holds->written[at] == 0;
	holds->written[at] = hash;
}

static bool is_written(const struct stream_holds *holds, const struct task *task)
{
	return holds->capacity > 0 && holds->written[find(holds, hash_wait(task))] != 0;
}

static int by_age(const void *left, const void *right)
{
	const struct task *a = *(const struct task *const *)left;
	const struct task *b = *(const struct task *const *)right;

	if (a->since_ns != b->since_ns)
		return a->since_ns < b->since_ns ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

size_t stream_holds_next(const struct stream_holds *holds,
			 const struct snapshot *snapshot, struct holds_wish *out,
			 size_t most)
{
	const struct task **list = calloc(snapshot->nr_tasks + 1, sizeof(*list));
	size_t nr = 0;

	for (size_t i = 0; list && i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (holds_can(task) && state_blocks(task->state) &&
		    task_age_ns(task, snapshot->mono_ns) >= LEAST_NS &&
		    !is_written(holds, task))
			list[nr++] = task;
	}
	if (list)
		qsort(list, nr, sizeof(*list), by_age);
	nr = nr < most ? nr : most;
	for (size_t i = 0; i < nr; i++)
		out[i] = holds_wish_of(list[i]);
	free(list);
	return nr;
}
