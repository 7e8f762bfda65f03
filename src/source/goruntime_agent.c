/* SPDX-License-Identifier: MIT */
/* The agent source does the work. */
#include "source/goruntime_agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/agent/agent.h"

#define AGAIN_NS (2 * CLOCK_SECOND_NS)

void go_agent_init(struct go_agent *agent, const struct source_target *target)
{
	memset(agent, 0, sizeof(*agent));
	agent->target = target;
}

void go_agent_detach(struct go_agent *agent)
{
	if (agent->ctx)
		source_agent.close(agent->ctx);
	free(agent->ctx);
	agent->ctx = NULL;
	agent->rows.nr = 0;
	agent->rows.published = false;
	agent->again_ns = 0;
}

void go_agent_release(struct go_agent *agent)
{
	go_agent_detach(agent);
	go_agent_rows_release(&agent->rows);
}

/* Searches again later: an agent may be loaded later, or its version may be different. */
static void open_agent(struct go_agent *agent, int64_t now_ns)
{
	char unusable[ERR_TEXT_MAX];
	struct err ignored;

	if (agent->ctx || now_ns < agent->again_ns)
		return;
	agent->again_ns = now_ns + AGAIN_NS;
	err_clear(&ignored);
	if (!agent_present(agent->target->pid, agent->target->pages, unusable,
			   sizeof(unusable)) ||
	    *unusable)
		return;
	agent->ctx = calloc(1, source_agent.ctx_size);
	if (agent->ctx && source_agent.open(agent->ctx, agent->target, &ignored) != 0) {
		free(agent->ctx);
		agent->ctx = NULL;
	}
}

bool go_agent_sample(struct go_agent *agent, const struct source_focus *focus,
		     struct snapshot *out)
{
	int64_t now_ns = clock_mono_ns();
	struct err ignored;

	agent->rows.nr = 0;
	open_agent(agent, now_ns);
	if (!agent->ctx)
		return false;
	err_clear(&ignored);
	if (source_agent.sample(agent->ctx, focus, out, &ignored) != 0) {
		go_agent_detach(agent);
		agent->again_ns = now_ns + AGAIN_NS;
		out->nr_tasks = 0;
		return false;
	}
	go_agent_rows_take(&agent->rows, out);
	agent->rows.published = true;
	return true;
}
