/* SPDX-License-Identifier: MIT */
/* Rows at rest: their tasks are copied many at once, and of their slots only the sequence
 * numbers are read. Most threads of most programs wait for long. */
#include "source/agent/private.h"

static size_t nr_blocks(const struct agent *agent)
{
	return (agent->nr_rows + REST_ROWS - 1) / REST_ROWS;
}

static void wake_all(struct agent *agent)
{
	for (size_t at = 0; at < nr_blocks(agent); at++)
		agent->blocks[at].resting = 0;
}

void rest_begin(struct agent *agent)
{
	for (size_t at = 0; at < nr_blocks(agent); at++)
		if (agent->now_ns >= agent->blocks[at].until_ns)
			agent->blocks[at].resting = 0;
}

static bool is_in_focus(const struct row *row, const struct source_focus *focus)
{
	if (row->kind == WIRE_THREAD)
		return focus->kind == TASK_THREAD && (uint64_t)row->tid == focus->id;
	return row->kind == WIRE_COROUTINE && focus->kind == TASK_COROUTINE &&
	       row->more->slot.serial == focus->id;
}

/* The task that is looked at in detail is mostly that of the look before. */
static void wake_focus(struct agent *agent, const struct source_focus *focus)
{
	uint32_t i = agent->focus_row;

	if (i >= agent->nr_rows || !is_in_focus(&agent->rows[i], focus))
		for (i = 0; i < agent->nr_rows; i++)
			if (is_in_focus(&agent->rows[i], focus))
				break;
	if (i == agent->nr_rows)
		return;
	agent->focus_row = i;
	rest_wake(agent, i);
}

/* Only a lock can get another holder while the slot of its waiter does not change. */
static void wake_owned(struct agent *agent, size_t at)
{
	uint64_t owned = agent->blocks[at].resting & agent->blocks[at].owned;

	for (; owned; owned &= owned - 1) {
		size_t i = at * REST_ROWS + (size_t)__builtin_ctzll(owned);

		if (!row_owner_same(agent, &agent->kept[i]))
			rest_wake(agent, (uint32_t)i);
	}
}

void rest_choose(struct agent *agent, const struct source_focus *focus)
{
	if (!agent->texts_usable || agent->texts.began || (focus && focus->all))
		wake_all(agent);
	else if (focus && focus->id)
		wake_focus(agent, focus);
	for (size_t at = 0; at < nr_blocks(agent); at++)
		wake_owned(agent, at);
}

uint32_t rest_run(const struct agent *agent, uint32_t i)
{
	uint32_t nr = 0;

	while (i + nr < agent->nr_rows && rest_is(agent, i + nr)) {
		uint32_t bit = (i + nr) % REST_ROWS;
		uint64_t awake = ~agent->blocks[(i + nr) / REST_ROWS].resting >> bit;

		/* Rows above nr_rows do not rest. */
		nr += awake ? (uint32_t)__builtin_ctzll(awake) : REST_ROWS - bit;
	}
	return nr;
}

void rest_settle(struct agent *agent, uint32_t i)
{
	struct row_block *block = &agent->blocks[i / REST_ROWS];
	uint64_t bit = 1ull << (i % REST_ROWS);
	const struct row *row = &agent->rows[i];
	int64_t until_ns = row->kept_until_ns;

	if (!row_is_kept(agent, row) || !row->unchanged || row->kept_details ||
	    row->kept_moves || row->running || row->contradicted)
		return;
	/* As long as the kernel need not be asked again. */
	if (row->kind == WIRE_THREAD && !agent->kernel.denied) {
		if (!row->blocked_agreed)
			return;
		if (until_ns > row->checked_ns + CHECK_REPEAT_NS)
			until_ns = row->checked_ns + CHECK_REPEAT_NS;
	}
	if (!block->resting || until_ns < block->until_ns)
		block->until_ns = until_ns;
	block->resting |= bit;
	block->owned = row->kept_owned ? block->owned | bit : block->owned & ~bit;
}
