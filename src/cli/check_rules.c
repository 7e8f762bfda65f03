/* SPDX-License-Identifier: MIT */
/* One look says little: a rule counts as broken when CHECK_RETRIES looks in a row agree. */
#include "cli/check.h"

#include "base/clock.h"
#include "core/graph.h"
#include "core/pool.h"
#include "core/query.h"

#define SETTLE_NS (CLOCK_SECOND_NS / 10) /* between looks at what cannot pass */

/* A wait that began before the first look is not the doing of what is checked. */
static bool was_before(const struct check *check, const struct task *task)
{
	return check->baseline && task->since_ns <= check->span.first_ns;
}

bool check_is_shown(const struct check *check, const struct task *task)
{
	return query_match(check->filter, task, check->span.last_ns);
}

/* Of the last look at a command, which has left out by its own rule who may be there. */
static bool is_at_exit(const struct check *check, const struct task *task)
{
	const struct snapshot *s = check->at_exit.snapshot;

	return s && task >= s->tasks && task < s->tasks + s->nr_tasks;
}

bool check_is_about_guilt(enum check_rule rule)
{
	return rule == CHECK_STUCK || rule == CHECK_LONG;
}

/* A file is all that will ever be known: what waits long there counts as stuck, but where
 * long waits have a rule of their own. */
static bool counts(const struct check *check, enum check_rule rule,
		   const struct task *task)
{
	uint32_t flags = rule == CHECK_LONG ? TASK_LONG : TASK_STUCK;

	if (rule == CHECK_STUCK && check->span.fixed && !check->wanted[CHECK_LONG])
		flags |= TASK_LONG;
	return (task->flags & flags) && (!pool_member(task) || is_at_exit(check, task));
}

/* It is, and by nobody's leave. */
static bool is_unwanted(const struct check *check, enum check_rule rule,
			const struct task *task)
{
	return counts(check, rule, task) && check_is_shown(check, task) &&
	       !grouping_acknowledges(check->span.look.grouping, task,
				      check->span.last_ns);
}

bool check_is_guilty(const struct check *check, enum check_rule rule,
		     const struct task *task)
{
	return is_unwanted(check, rule, task) && !was_before(check, task);
}

uint64_t check_before(const struct check *check)
{
	const struct snapshot *s = check->span.last;
	uint64_t count = 0;

	if (!s || !check->baseline)
		return 0;
	query_begin(check->filter, s);
	grouping_begin_acknowledging(check->span.look.grouping, s);
	for (size_t i = 0; i < s->nr_tasks; i++)
		if (was_before(check, &s->tasks[i]) &&
		    is_unwanted(check, CHECK_STUCK, &s->tasks[i]))
			count += task_weight(&s->tasks[i]);
	return count;
}

/* Growth of an idle pool is no leak; what is proved is one, whoever it is. */
bool check_is_guilty_leak(const struct snapshot *s, const struct leak *leak)
{
	return leak->finding.verdict == VERDICT_PROOF ||
	       (leak->finding.verdict == VERDICT_LEAK &&
		!pool_member(&s->tasks[leak->example]));
}

static uint64_t count_leaks(const struct snapshot *s)
{
	uint64_t count = 0;

	for (size_t i = 0; s->groups && i < s->groups->nr_leaks; i++)
		count += check_is_guilty_leak(s, &s->groups->leaks[i]);
	return count;
}

static uint64_t count_rule(const struct check *check, enum check_rule rule)
{
	const struct snapshot *s = check->span.last;
	uint64_t count = 0;

	if (rule == CHECK_LEAK)
		return count_leaks(s);
	if (rule == CHECK_DEADLOCK)
		return graph_cycles(s);
	for (size_t i = 0; i < s->nr_tasks; i++)
		if (check_is_about_guilt(rule)
			    ? check_is_guilty(check, rule, &s->tasks[i])
			    : check_is_shown(check, &s->tasks[i]))
			count += task_weight(&s->tasks[i]);
	return count;
}

/* A deadlock and what is proved never end by themselves; a count that was too large was. */
static bool is_lasting(const struct snapshot *s, enum check_rule rule)
{
	if (rule != CHECK_LEAK)
		return rule == CHECK_DEADLOCK || rule == CHECK_TASKS;
	for (size_t i = 0; s->groups && i < s->groups->nr_leaks; i++)
		if (s->groups->leaks[i].finding.verdict == VERDICT_PROOF)
			return true;
	return false;
}

void check_look(struct check *check)
{
	struct snapshot *s = check->span.last;

	query_begin(check->filter, s);
	grouping_begin_acknowledging(check->span.look.grouping, s);
	for (int rule = 0; rule < CHECK_COUNT; rule++) {
		struct check_finding *finding = &check->findings[rule];
		uint64_t count;

		if (!check->wanted[rule])
			continue;
		count = count_rule(check, (enum check_rule)rule);
		if (count <= (uint64_t)check->most[rule]) {
			if (finding->streak > 0) {
				finding->before = finding->streak;
				finding->clear = 0;
			}
			finding->clear++;
			finding->streak = 0;
			continue;
		}
		finding->streak++;
		finding->count = count;
		snapshot_unref(finding->snapshot);
		finding->snapshot = snapshot_ref(s);
		if (!is_lasting(s, (enum check_rule)rule))
			continue;
		finding->final = finding->final || finding->streak >= CHECK_RETRIES;
		if (rule != CHECK_TASKS && !finding->final)
			span_hurry(&check->span, SETTLE_NS);
	}
}

static uint32_t needed(const struct check *check)
{
	return check->span.looks < CHECK_RETRIES ? (uint32_t)check->span.looks
						 : CHECK_RETRIES;
}

/* A look at a process that is about to end finds its threads gone, so the last looks
 * before its end acquit nobody. */
bool check_was_broken(const struct check *check, enum check_rule rule)
{
	const struct check_finding *finding = &check->findings[rule];

	if (finding->final)
		return true;
	if (finding->streak > 0)
		return finding->streak >= needed(check);
	return (check->span.ended || check->span.woken) &&
	       finding->before >= CHECK_RETRIES && finding->clear < CHECK_RETRIES;
}

bool check_is_broken(const struct check *check, enum check_rule rule)
{
	const struct check_exit *end = &check->at_exit;

	if (!check->wanted[rule])
		return false;
	if (check_was_broken(check, rule))
		return true;
	switch (rule) {
	case CHECK_STUCK:
		return end->left > (uint64_t)check->most[rule];
	case CHECK_LEAK:
		return end->left > 0;
	case CHECK_DEADLOCK:
		return end->cycles > 0;
	case CHECK_LONG:
		return false;
	default:
		return end->tasks > (uint64_t)check->most[rule];
	}
}

/* A command goes on to its end where that is its own, as what it prints is wanted; in a
 * deadlock it may never come there. */
bool check_decided(const struct check *check)
{
	for (int rule = 0; rule < CHECK_COUNT; rule++)
		if (check->findings[rule].final &&
		    (!check->command || check->limited || rule == CHECK_DEADLOCK))
			return true;
	return false;
}

bool check_undecided(const struct check *check)
{
	for (int rule = 0; rule < CHECK_COUNT; rule++)
		if (check->findings[rule].streak > 0 &&
		    !check_was_broken(check, (enum check_rule)rule))
			return true;
	return false;
}

int check_broken(const struct check *check)
{
	int broken = 0;

	for (int rule = 0; rule < CHECK_COUNT; rule++)
		broken += check_is_broken(check, (enum check_rule)rule);
	return broken;
}

/* Looks until it is over, and then until a doubt is settled. */
void check_watch(struct check *check)
{
	struct span *span = &check->span;

	while (!check_decided(check) && span_next(span, &check->e))
		check_look(check);
	for (uint32_t i = 0;
	     i < CHECK_RETRIES && check_undecided(check) && !span->ended &&
	     !span->woken && !span_stopped() && !span->replay && !span->fixed;
	     i++) {
		span->end_ns = INT64_MAX;
		if (!span_next(span, &check->e))
			break;
		check_look(check);
	}
}

void check_release(struct check *check)
{
	for (int rule = 0; rule < CHECK_COUNT; rule++)
		snapshot_unref(check->findings[rule].snapshot);
	snapshot_unref(check->at_exit.snapshot);
	if (check->at_exit.opened)
		look_release(&check->at_exit.look);
	query_free(check->filter);
}
