/* SPDX-License-Identifier: MIT */
/* Warnings of deadlocks, and of locks behind which a task is stuck. Waiters of one holder
 * are one warning, those that wait behind other waiters too; without a known holder, those
 * of one lock are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/order.h"
#include "core/graph.h"
#include "core/warnings_private.h"

#define CHAIN_MAX   64 /* waits that are followed */
#define NAMED_MOST  3  /* tasks of a deadlock that are named */
#define BEFORE_MAX  160
#define NAME_BYTES  100
#define PLACE_BYTES 40

/* A task that waits for a lock. */
struct waiter {
	uint32_t holder; /* a node; or GRAPH_NONE, and then the others count */
	pid_t pid;
	uint64_t object;
	uint32_t task;
	bool direct; /* the holder holds what it waits for itself */
};

static bool is_lock(const struct task *task)
{
	switch (task->state) {
	case STATE_MUTEX:
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
	case STATE_FLOCK:
		return task->waits.kind != NULL;
	default:
		return false;
	}
}

static const char *lock_word(const struct task *task)
{
	return task->state == STATE_FLOCK   ? "a file lock"
	       : task->state == STATE_MUTEX ? "a mutex"
					    : "an rwlock";
}

static uint32_t next_of(const struct snapshot *s, uint32_t node)
{
	return s->graph && node < s->graph->nr_nodes ? s->graph->next[node] : GRAPH_NONE;
}

static bool is_behind_deadlock(const struct snapshot *s, uint32_t node)
{
	for (int i = 0; i < CHAIN_MAX && node != GRAPH_NONE; i++) {
		if (graph_task(s, node)->flags & TASK_DEADLOCK)
			return true;
		node = next_of(s, node);
	}
	return false;
}

/* Returns the last holder of a chain of locks, or the first one if they form a ring. */
static uint32_t holder_of(const struct snapshot *s, uint32_t node)
{
	uint32_t first = next_of(s, node), last = first;

	for (int i = 0; i < CHAIN_MAX && last != GRAPH_NONE; i++) {
		uint32_t next = next_of(s, last);

		if (next == GRAPH_NONE || !is_lock(graph_task(s, last)))
			return last;
		last = next;
	}
	return first;
}

static int compare_waiters(const void *left, const void *right)
{
	const struct waiter *a = left, *b = right;

	if (a->holder != b->holder)
		return a->holder < b->holder ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return ORDER(a->task, b->task);
}

/* Without a holder, waiters of one lock belong together. */
static bool is_with(const struct waiter *a, const struct waiter *b)
{
	return a->holder == b->holder &&
	       (a->holder != GRAPH_NONE || (a->pid == b->pid && a->object == b->object));
}

static uint64_t object_of(const struct task *task)
{
	if (task->waits.address != 0)
		return task->waits.address;
	return task->waits.fd >= 0 ? (uint64_t)task->waits.fd + 1 : 0;
}

/* Says what the holder does: ", io-read for 14s". */
static void put_activity(const struct snapshot *s, const struct task *holder, char *out,
			 size_t size)
{
	int64_t age_ns = task_age_ns(holder, s->mono_ns);
	char age[WARNING_AGE_MAX];

	out[0] = '\0';
	if (!state_blocks(holder->state))
		return;
	if (age_ns < 0)
		snprintf(out, size, ", %s", state_info(holder->state)->name);
	else
		snprintf(out, size, ", %s for %s", state_info(holder->state)->name,
			 warning_age(age_ns, age));
}

static void say_holder(struct finder *finder, struct warning *warning,
		       const struct waiter *waiter, bool all_direct)
{
	const struct snapshot *s = finder->snapshot;
	const struct task *holder = graph_task(s, waiter->holder);
	const struct task *task = &s->tasks[waiter->task];
	const char *function = warning_function(holder);
	bool one = warning->tasks == 1, rests = holder->flags & TASK_IDLE;
	char count[NUMBER_TEXT_MAX], before[BEFORE_MAX], activity[64];
	char who[WARNING_WHO_MAX], name[WARNING_NAME_MAX];

	number_format(warning->tasks, count);
	warning_who(s, waiter->holder, who);
	put_activity(s, holder, activity, sizeof(activity));
	if (all_direct)
		snprintf(before, sizeof(before), "%s wait%s for %s held by %s%s", count,
			 one ? "s" : "", lock_word(task), who, rests ? " at rest" : "");
	else
		snprintf(before, sizeof(before), "%s wait behind %s, which holds %s%s",
			 count, who, lock_word(task), rests ? " at rest" : "");
	warning_say(finder, warning, before, function, activity);
	warning_explain(warning, "%s task%s wait%s %s %s", count, one ? "" : "s",
			one ? "s" : "", all_direct ? "for" : "behind the holder of",
			lock_word(task));
	if (task->waits.address != 0)
		warning_explain(warning, " at 0x%llx",
				(unsigned long long)task->waits.address);
	warning_explain(warning, "%s held by %s", all_direct ? "" : ",", who);
	if (function)
		warning_explain(warning, " in %s",
				warning_name(function, NAME_BYTES, name));
	warning_explain(warning, "%s%s", activity,
			rests ? "; the holder is at rest there" : "");
}

/* Returns whether every thread of the target is among the tasks. */
static bool is_complete(const struct snapshot *s)
{
	int64_t threads = 0;

	for (size_t i = 0; i < s->nr_tasks; i++)
		threads += s->tasks[i].kind == TASK_THREAD;
	return s->dropped == 0 && s->resources.threads >= 0 &&
	       s->resources.threads <= threads;
}

static void say_lock(struct finder *finder, struct warning *warning,
		     const struct waiter *waiter, const struct warned *warned)
{
	const struct snapshot *s = finder->snapshot;
	const struct task *task = &s->tasks[waiter->task];
	bool one = warning->tasks == 1;
	char count[NUMBER_TEXT_MAX], before[BEFORE_MAX], id[TASK_ID_MAX];
	char age[WARNING_AGE_MAX], name[WARNING_NAME_MAX];
	const char *holder = "whose holder is unknown";
	char held[64];

	if (task_format_owner(task, id) && wait_more(task)->owner_pid == 0) {
		snprintf(held, sizeof(held), "held by %s%s", id,
			 is_complete(s) ? ", which has ended" : "");
		holder = held;
	}
	number_format(warning->tasks, count);
	snprintf(before, sizeof(before), "%s wait%s for %s %s", count, one ? "s" : "",
		 lock_word(task), holder);
	if (holder == held)
		warning_say(finder, warning, before, NULL, "");
	else
		warning_say(finder, warning, before, warned->function, "");
	warning_explain(warning, "%s task%s wait%s for %s", count, one ? "" : "s",
			one ? "s" : "", lock_word(task));
	if (task->waits.address != 0)
		warning_explain(warning, " at 0x%llx",
				(unsigned long long)task->waits.address);
	if (warned->function)
		warning_explain(warning, " in %s",
				warning_name(warned->function, NAME_BYTES, name));
	warning_explain(
		warning, ", %s, for %s", holder,
		warning_age(task_age_ns(&s->tasks[warned->oldest], s->mono_ns), age));
}

/* One warning for `count` waiters that belong together, if one of them is stuck. */
static void add_lock(struct finder *finder, const struct waiter *waiters, size_t count)
{
	const struct snapshot *s = finder->snapshot;
	const struct waiter *direct = &waiters[0];
	struct warned warned = {0};
	struct warning *warning;
	bool stuck = false, all_direct = true;
	uint64_t key;

	for (size_t i = 0; i < count; i++) {
		warned_add(&warned, s, waiters[i].task);
		stuck |= (s->tasks[waiters[i].task].flags & TASK_STUCK) != 0;
		all_direct &= waiters[i].direct;
		if (waiters[i].direct && !direct->direct)
			direct = &waiters[i];
	}
	if (!stuck)
		return;
	for (size_t i = 0; i < count; i++)
		finder->told[waiters[i].task] = true;
	if (direct->holder == GRAPH_NONE) {
		key = hash_mix(direct->object, (uint64_t)direct->pid);
	} else {
		const struct task *holder = graph_task(s, direct->holder);

		key = hash_identity(1, holder->kind, holder->id, holder->serial);
	}
	warning = warning_add(finder, WARNING_LOCK, true, key, &warned);
	if (!warning)
		return;
	warning->place = WARNING_AT_WAITS;
	warning->node = direct->holder;
	warning->object = direct->object;
	if (direct->holder == GRAPH_NONE)
		say_lock(finder, warning, direct, &warned);
	else
		say_holder(finder, warning, direct, all_direct);
}

static void find_locks(struct finder *finder)
{
	const struct snapshot *s = finder->snapshot;
	struct waiter *waiters;
	size_t count = 0, end;

	for (size_t i = 0; i < s->nr_tasks; i++)
		count += is_lock(&s->tasks[i]) && !finder->told[i];
	waiters = count > 0 ? calloc(count, sizeof(*waiters)) : NULL;
	if (!waiters)
		return;
	count = 0;
	for (uint32_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		uint32_t holder;

		if (!is_lock(task) || finder->told[i])
			continue;
		holder = holder_of(s, i);
		waiters[count++] = (struct waiter){holder, task->pid, object_of(task), i,
						   holder == next_of(s, i)};
	}
	qsort(waiters, count, sizeof(*waiters), compare_waiters);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (!is_with(&waiters[i], &waiters[end]))
				break;
		add_lock(finder, &waiters[i], end - i);
	}
	free(waiters);
}

/* Writes "t17 and t18", or "5 tasks". */
static void name_cycle(const struct snapshot *s, const struct cycle *cycle, bool places,
		       char *out, size_t size)
{
	char who[WARNING_WHO_MAX], name[WARNING_NAME_MAX];
	size_t used = 0, count = cycle->nr_nodes;

	if (count > NAMED_MOST) {
		snprintf(out, size, "%zu tasks", count);
		return;
	}
	for (size_t i = 0; i < count && used < size; i++) {
		const struct task *task = graph_task(s, cycle->nodes[i]);
		const char *function = places ? warning_function(task) : NULL;

		used += (size_t)snprintf(
			out + used, size - used, "%s%s%s%s",
			i == 0           ? ""
			: i + 1 == count ? " and "
					 : ", ",
			warning_who(s, cycle->nodes[i], who), function ? " in " : "",
			function ? warning_name(function, PLACE_BYTES, name) : "");
	}
}

/* Says for how long all tasks of a cycle have waited, as far as it is known: a thread of
 * another process may have been seen just now for the first time. */
static void explain_age(struct warning *warning, const struct snapshot *s,
			const struct cycle *cycle)
{
	char age[WARNING_AGE_MAX];
	int64_t least_ns = -1;
	bool exact = true;

	for (size_t i = 0; i < cycle->nr_nodes; i++) {
		const struct task *task = graph_task(s, cycle->nodes[i]);
		int64_t age_ns = task_age_ns(task, s->mono_ns);

		if (age_ns < 0 || (least_ns >= 0 && age_ns >= least_ns))
			continue;
		least_ns = age_ns;
		exact = task->flags & TASK_AGE_EXACT;
	}
	if (least_ns >= CLOCK_SECOND_NS)
		warning_explain(warning, " for %s%s", exact ? "" : "at least ",
				warning_age(least_ns, age));
}

static void say_deadlocks(struct finder *finder, struct warning *warning, uint32_t behind)
{
	const struct snapshot *s = finder->snapshot;
	const struct cycle *cycle = &s->graph->cycles[0];
	size_t cycles = graph_cycles(s);
	bool one = cycle->nr_nodes == 1;
	char names[BEFORE_MAX + 32], before[BEFORE_MAX + 64], count[NUMBER_TEXT_MAX];
	char after[NUMBER_TEXT_MAX + 24] = "";

	name_cycle(s, cycle, false, names, sizeof(names));
	if (cycles > 1)
		snprintf(before, sizeof(before), "%zu deadlocks", cycles);
	else
		snprintf(before, sizeof(before), "1 deadlock%s%.40s", one ? ": " : " of ",
			 names);
	if (cycles == 1 && one)
		strcat(before, " waits for itself");
	if (behind > 0)
		snprintf(after, sizeof(after), ", %s wait%s behind",
			 number_format(behind, count), behind == 1 ? "s" : "");
	warning_say(finder, warning, before, NULL, after);
	name_cycle(s, cycle, true, names, sizeof(names));
	warning_explain(warning, "deadlock: %s %s", names,
			one ? "waits for itself" : "wait for each other");
	explain_age(warning, s, cycle);
	if (cycles > 1)
		warning_explain(warning, "; and %zu more deadlock%s", cycles - 1,
				cycles == 2 ? "" : "s");
	if (behind > 0)
		warning_explain(warning, "; %s more wait%s behind", count,
				behind == 1 ? "s" : "");
}

static void find_deadlocks(struct finder *finder)
{
	const struct snapshot *s = finder->snapshot;
	struct warned warned = {0};
	struct warning *warning;
	uint32_t behind = 0;

	if (graph_cycles(s) == 0)
		return;
	for (uint32_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];

		if (task->flags & TASK_DEADLOCK) {
			warned_add(&warned, s, i);
			finder->told[i] = true;
		} else if (is_lock(task) && is_behind_deadlock(s, i)) {
			behind += task_weight(task);
			finder->told[i] = true;
		}
	}
	warning = warning_add(finder, WARNING_DEADLOCK, true, 0, &warned);
	if (!warning)
		return;
	warning->place = WARNING_AT_WAITS;
	warning->node = s->graph->cycles[0].nodes[0];
	say_deadlocks(finder, warning, behind);
}

void warnings_find_locks(struct finder *finder)
{
	find_deadlocks(finder);
	find_locks(finder);
}
