/* SPDX-License-Identifier: MIT */
/* Keeps one record for each goroutine that has waited for minutes. The table is rebuilt
 * at each sample, so stale records do not accumulate. */
#include "source/pprof/age.h"

#include <stdlib.h>

#include "base/hash.h"

struct pprof_age {
	uint64_t id; /* 0 if free */
	const char *raw;
	const struct stack *stack;
	int64_t since_ns;
};

static struct pprof_age *find_slot(const struct pprof_ages *ages, uint64_t id)
{
	size_t at = hash_mix(id, 1) & (ages->capacity - 1);

	while (ages->list[at].id && ages->list[at].id != id)
		at = (at + 1) & (ages->capacity - 1);
	return &ages->list[at];
}

void pprof_ages_update(struct pprof_ages *ages, struct snapshot *snapshot)
{
	struct pprof_ages now = {NULL, 1024};
	size_t waiting = 0;

	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		waiting += snapshot->tasks[i].since_ns > 0;
	while (now.capacity < waiting * 2)
		now.capacity *= 2;
	now.list = calloc(now.capacity, sizeof(*now.list));
	for (size_t i = 0; now.list && i < snapshot->nr_tasks; i++) {
		struct task *task = &snapshot->tasks[i];
		const struct pprof_age *before;

		if (task->since_ns <= 0 || task->id == 0)
			continue;
		before = ages->list ? find_slot(ages, task->id) : NULL;
		if (before && before->id && before->raw == task->raw &&
		    before->stack == task->stack && before->since_ns < task->since_ns)
			task->since_ns = before->since_ns;
		*find_slot(&now, task->id) = (struct pprof_age){
			task->id, task->raw, task->stack, task->since_ns};
	}
	if (!now.list)
		return;
	free(ages->list);
	*ages = now;
}

void pprof_ages_release(struct pprof_ages *ages)
{
	free(ages->list);
	ages->list = NULL;
	ages->capacity = 0;
}
