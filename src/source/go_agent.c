/* SPDX-License-Identifier: MIT */
/* See go_agent.h. The source agent does the work; its rows are taken out of the snapshot
 * again, whose memory they stay in. */
#include "source/go_agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/agent.h"

#define AGAIN_NS (2 * CLOCK_SECOND_NS)

void go_agent_init(struct go_agent *agent, const struct source_target *target)
{
	memset(agent, 0, sizeof(*agent));
	agent->target = target;
}

void go_agent_forget(struct go_agent *agent)
{
	if (agent->ctx)
		source_agent.close(agent->ctx);
	free(agent->ctx);
	agent->ctx = NULL;
	agent->nr_rows = 0;
	agent->again_ns = 0;
}

void go_agent_release(struct go_agent *agent)
{
	go_agent_forget(agent);
	free(agent->rows);
	agent->rows = NULL;
	agent->cap_rows = 0;
}

/* It may be loaded later, or be of another version: then there is none. */
static void open_agent(struct go_agent *agent, int64_t now_ns)
{
	char unusable[ERR_TEXT_MAX];
	struct err ignored;

	if (agent->ctx || now_ns < agent->again_ns)
		return;
	agent->again_ns = now_ns + AGAIN_NS;
	err_clear(&ignored);
	if (!agent_present(agent->target->pid, unusable, sizeof(unusable)) || *unusable)
		return;
	agent->ctx = calloc(1, source_agent.ctx_size);
	if (agent->ctx && source_agent.open(agent->ctx, agent->target, &ignored) != 0) {
		free(agent->ctx);
		agent->ctx = NULL;
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct task *left = a, *right = b;

	return (left->tid > right->tid) - (left->tid < right->tid);
}

/* The goroutines come first: the threads wait beside until it is their turn. */
static void take_rows(struct go_agent *agent, struct snapshot *out)
{
	if (out->nr_tasks > agent->cap_rows) {
		size_t capacity = out->nr_tasks + out->nr_tasks / 4 + 16;
		struct task *rows = realloc(agent->rows, capacity * sizeof(*rows));

		if (rows) {
			agent->rows = rows;
			agent->cap_rows = capacity;
		}
	}
	for (size_t i = 0; i < out->nr_tasks && agent->nr_rows < agent->cap_rows; i++)
		if (out->tasks[i].kind == TASK_THREAD)
			agent->rows[agent->nr_rows++] = out->tasks[i];
	out->nr_tasks = 0;
	if (agent->nr_rows > 1)
		qsort(agent->rows, agent->nr_rows, sizeof(*agent->rows), compare_rows);
}

bool go_agent_look(struct go_agent *agent, const struct source_focus *focus,
		   struct snapshot *out)
{
	int64_t now_ns = clock_mono_ns();
	struct err ignored;

	agent->nr_rows = 0;
	open_agent(agent, now_ns);
	if (!agent->ctx)
		return false;
	err_clear(&ignored);
	if (source_agent.sample(agent->ctx, focus, out, &ignored) != 0) {
		go_agent_forget(agent);
		agent->again_ns = now_ns + AGAIN_NS;
		out->nr_tasks = 0;
		return false;
	}
	take_rows(agent, out);
	return true;
}

const struct task *go_agent_row(const struct go_agent *agent, pid_t tid)
{
	struct task key = {.tid = tid};

	return agent->nr_rows ? bsearch(&key, agent->rows, agent->nr_rows,
					sizeof(*agent->rows), compare_rows)
			      : NULL;
}

void go_agent_explain(const struct go_agent *agent, struct task *task)
{
	const struct task *row = go_agent_row(agent, task->tid);

	if (!row || !state_blocks(row->state) ||
	    (row->flags & (TASK_STALE | TASK_SUSPECT)) || !(row->flags & TASK_AGE_EXACT))
		return;
	task->state = row->state;
	task->waits = row->waits;
	task->inner = row->inner;
	task->since_ns = row->since_ns;
	task->flags |= TASK_AGE_EXACT;
}
