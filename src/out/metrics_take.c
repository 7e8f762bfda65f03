/* SPDX-License-Identifier: MIT */
/* What the metrics of a target are: counted from a snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/order.h"
#include "core/graph.h"
#include "core/group.h"
#include "core/spread.h"
#include "out/frame_name.h"
#include "out/metrics.h"

_Static_assert(STATE_COUNT <= 64, "metrics_seen has a bit per state");

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static int by_tasks(const void *left, const void *right)
{
	const struct group *a = *(const struct group *const *)left;
	const struct group *b = *(const struct group *const *)right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return ORDER(a->serial, b->serial);
}

static void take_group(struct metrics_group *to, const struct group *group)
{
	const struct frame *frame = stack_top_frame(group->stack);
	const struct frame *creator = stack_top_frame(group->created_by);
	char address[FRAME_NAME_MAX];

	copy_text(to->function, sizeof(to->function),
		  frame ? frame_name(frame, address) : "");
	copy_text(to->created_by, sizeof(to->created_by),
		  creator ? frame_name(creator, address) : "");
	to->state = group->state;
	to->tasks = group->count;
}

static bool same_labels(const struct metrics_group *a, const struct metrics_group *b)
{
	return a->state == b->state && strcmp(a->function, b->function) == 0 &&
	       strcmp(a->created_by, b->created_by) == 0;
}

/* Takes the largest groups of equal stacks; merges those that would get the same
 * labels. */
static void take_groups(struct metrics *metrics, const struct groups *groups, size_t most)
{
	size_t count = groups ? groups->count[GROUP_STACK] : 0;
	const struct group **sorted = calloc(count + 1, sizeof(const struct group *));

	if (!sorted)
		return;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &groups->list[GROUP_STACK][i];
	qsort(sorted, count, sizeof(const struct group *), by_tasks);
	for (size_t i = 0; i < count && sorted[i]->count > 0; i++) {
		struct metrics_group one;
		size_t at = 0;

		take_group(&one, sorted[i]);
		while (at < metrics->nr_groups &&
		       !same_labels(&metrics->groups[at], &one))
			at++;
		if (at < metrics->nr_groups)
			metrics->groups[at].tasks += one.tasks;
		else if (metrics->nr_groups < most)
			metrics->groups[metrics->nr_groups++] = one;
		else
			break;
	}
	free(sorted);
}

static void clear_tasks(struct metrics *metrics)
{
	memset(metrics->tasks, 0, sizeof(metrics->tasks));
	memset(metrics->stuck, 0, sizeof(metrics->stuck));
	memset(metrics->is_long, 0, sizeof(metrics->is_long));
	for (int state = 0; state < STATE_COUNT; state++)
		metrics->oldest_ns[state] = -1;
}

static void add_task(struct metrics *metrics, const struct task *task, int64_t now_ns)
{
	int64_t age_ns = task_age_ns(task, now_ns);
	unsigned state = (unsigned)task->state < STATE_COUNT ? (unsigned)task->state
							     : (unsigned)STATE_UNKNOWN;

	metrics->tasks[state] += task_weight(task);
	if (task->flags & TASK_STUCK)
		metrics->stuck[state] += task_weight(task);
	else if (task->flags & TASK_LONG)
		metrics->is_long[state] += task_weight(task);
	if (state_blocks(task->state) && age_ns > metrics->oldest_ns[state])
		metrics->oldest_ns[state] = age_ns;
}

static bool is_silent(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_notes; i++)
		if (snapshot_note_is_silence(snapshot->notes[i]))
			return true;
	return false;
}

static bool same_timers(const struct metrics_timers *a, const struct metrics_timers *b)
{
	return a->period_ns == b->period_ns && strcmp(a->callback, b->callback) == 0 &&
	       strcmp(a->function, b->function) == 0;
}

static void add_timers(struct metrics *metrics, const struct metrics_timers *one)
{
	size_t at = 0;

	while (at < metrics->nr_timers && !same_timers(&metrics->timers[at], one))
		at++;
	if (at < metrics->nr_timers)
		metrics->timers[at].count += one->count;
	else if (at < ARRAY_COUNT(metrics->timers))
		metrics->timers[metrics->nr_timers++] = *one;
}

/* Those in no group have empty labels, so that the sum is right. */
static void take_timers(struct metrics *metrics, const struct timers *timers)
{
	metrics->timing = timers && timers->count >= 0;
	metrics->nr_timers = 0;
	for (size_t i = 0; metrics->timing && i < timers->nr_groups; i++) {
		const struct timer_group *group = &timers->groups[i];
		struct metrics_timers one = {.period_ns = group->period_ns,
					     .count = group->count};

		copy_text(one.callback, sizeof(one.callback), group->callback);
		copy_text(one.function, sizeof(one.function), group->function);
		add_timers(metrics, &one);
	}
	if (metrics->timing && (timers->others > 0 || metrics->nr_timers == 0))
		add_timers(metrics, &(struct metrics_timers){.count = timers->others});
}

static uint64_t bit_if(bool set, unsigned bit)
{
	return set && bit < 64 ? UINT64_C(1) << bit : 0;
}

static void take_seen(struct metrics *metrics)
{
	struct metrics_seen *seen = &metrics->seen;

	for (unsigned state = 0; state < STATE_COUNT; state++) {
		seen->tasks |= bit_if(metrics->tasks[state] > 0, state);
		seen->stuck |= bit_if(metrics->stuck[state] > 0, state);
		seen->is_long |= bit_if(metrics->is_long[state] > 0, state);
		seen->oldest |= bit_if(metrics->oldest_ns[state] > 0, state);
	}
	seen->families |= bit_if(metrics->created > 0, SEEN_CREATED) |
			  bit_if(metrics->ended > 0, SEEN_ENDED) |
			  bit_if(metrics->leaking > 0, SEEN_LEAKING) |
			  bit_if(metrics->deadlocks > 0, SEEN_DEADLOCKS) |
			  bit_if(metrics->silent, SEEN_SILENT);
	for (unsigned i = 0; go_heap_fields[i].key; i++)
		seen->go_heap |= bit_if(
			go_heap_value(&metrics->go_heap, &go_heap_fields[i]) > 0, i);
}

void metrics_take(struct metrics *metrics, const struct snapshot *snapshot,
		  size_t nr_groups)
{
	const struct groups *groups = snapshot->groups;

	copy_text(metrics->target, sizeof(metrics->target), snapshot->target.name);
	metrics->pid = snapshot->target.pid;
	metrics->up = true;
	clear_tasks(metrics);
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		add_task(metrics, &snapshot->tasks[i], snapshot->mono_ns);
	metrics->leaking = groups_leaks(groups, VERDICT_LEAK) +
			   timers_leaks(snapshot->timers, VERDICT_LEAK);
	metrics->deadlocks = graph_cycles(snapshot);
	metrics->silent = is_silent(snapshot);
	metrics->rss_bytes = snapshot->resources.rss_bytes;
	metrics->fds = snapshot->resources.fds;
	take_timers(metrics, snapshot->timers);
	metrics->go_heap = snapshot->resources.go_heap;
	metrics->nr_groups = 0;
	take_groups(metrics, groups,
		    nr_groups < METRICS_GROUPS_MAX ? nr_groups : METRICS_GROUPS_MAX);
	take_seen(metrics);
}

/* A leak is counted in each process that has tasks of it. */
static void add_leaks(struct metrics *list, const struct snapshot *snapshot)
{
	const struct groups *groups = snapshot->groups;
	uint32_t *tasks = calloc(snapshot->nr_members + 1, sizeof(*tasks));

	for (size_t i = 0; tasks && groups && i < groups->nr_leaks; i++) {
		const struct leak *leak = &groups->leaks[i];

		if (leak->lead || leak->finding.verdict < VERDICT_LEAK)
			continue;
		spread_of_leak(snapshot, leak, tasks);
		for (size_t at = 0; at < snapshot->nr_members; at++)
			list[at].leaking += tasks[at] > 0;
	}
	free(tasks);
}

static void add_deadlocks(struct metrics *list, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < graph_cycles(snapshot); i++) {
		const struct cycle *cycle = &snapshot->graph->cycles[i];

		for (size_t at = 0; at < snapshot->nr_members; at++) {
			bool here = false;

			for (size_t n = 0; n < cycle->nr_nodes; n++)
				here |= graph_task(snapshot, cycle->nodes[n])->pid ==
					snapshot->members[at].pid;
			list[at].deadlocks += here;
		}
	}
}

static void take_member(struct metrics *metrics, const struct member_process *member)
{
	copy_text(metrics->target, sizeof(metrics->target), member->name);
	metrics->pid = member->pid;
	metrics->up = !member->trouble;
	metrics->silent = member->trouble && snapshot_note_is_silence(member->trouble);
	metrics->rss_bytes = member->resources.rss_bytes;
	metrics->fds = member->resources.fds;
	metrics->go_heap = member->resources.go_heap;
	metrics->leaking = timers_leaks(member->timers, VERDICT_LEAK);
	take_timers(metrics, member->timers);
	clear_tasks(metrics);
}

void metrics_take_members(struct metrics *list, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_members; i++)
		take_member(&list[i], &snapshot->members[i]);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];
		const struct member_process *member =
			snapshot_member(snapshot, task->pid);

		if (member)
			add_task(&list[member - snapshot->members], task,
				 snapshot->mono_ns);
	}
	add_leaks(list, snapshot);
	add_deadlocks(list, snapshot);
	for (size_t i = 0; i < snapshot->nr_members; i++)
		take_seen(&list[i]);
}
