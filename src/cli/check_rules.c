/* SPDX-License-Identifier: MIT */
/* One sample proves little: a rule is broken if CHECK_RETRIES consecutive samples
 * agree. */
#include "cli/check.h"

#include "base/clock.h"
#include "core/graph.h"
#include "core/pool.h"
#include "core/query.h"

/* Time between samples of a finding that cannot pass by itself. */
#define SETTLE_NS (CLOCK_SECOND_NS / 10)

/* A wait that began before the first sample was not caused by the work under check. */
static bool was_before(const struct check *check, const struct task *task)
{
	return check->baseline && task->since_ns <= check->span.first_ns;
}

bool check_is_shown(const struct check *check, const struct task *task)
{
	return query_match(check->filter, task, check->span.last_ns);
}

/* Returns true for tasks of the last sample of a command, which has its own rule for
 * tasks at rest. */
static bool is_at_exit(const struct check *check, const struct task *task)
{
	const struct snapshot *s = check->at_exit.snapshot;

	return s && task >= s->tasks && task < s->tasks + s->nr_tasks;
}

bool check_is_about_guilt(enum check_rule rule)
{
	return rule == CHECK_STUCK || rule == CHECK_LONG;
}

/* A saved file has no later sample: long waits in it count as stuck, unless there is a
 * limit for long waits. */
static bool counts_for_rule(const struct check *check, enum check_rule rule,
			    const struct task *task)
{
	uint32_t flags = rule == CHECK_LONG ? TASK_LONG : TASK_STUCK;

	if (rule == CHECK_STUCK && check->span.fixed && !check->wanted[CHECK_LONG])
		flags |= TASK_LONG;
	return (task->flags & flags) && (!pool_member(task) || is_at_exit(check, task));
}

/* Returns true if the task counts and no option or acknowledgement allows it. */
static bool is_unwanted(const struct check *check, enum check_rule rule,
			const struct task *task)
{
	return counts_for_rule(check, rule, task) && check_is_shown(check, task) &&
	       !grouping_acknowledges(check->span.session.grouping, task,
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
	grouping_begin_acknowledging(check->span.session.grouping, s);
	for (size_t i = 0; i < s->nr_tasks; i++)
		if (was_before(check, &s->tasks[i]) &&
		    is_unwanted(check, CHECK_STUCK, &s->tasks[i]))
			count += task_weight(&s->tasks[i]);
	return count;
}

/* An idle pool that grows is not a leak. A proven leak is one, whatever its tasks are; a
 * deadlock has a rule of its own. */
static bool is_guilty(const struct snapshot *s, const struct leak *leak)
{
	if (leak_is_deadlock(leak))
		return false;
	return leak->finding.verdict == VERDICT_PROOF ||
	       (leak->finding.verdict == VERDICT_LEAK &&
		!pool_member(&s->tasks[leak->example]));
}

bool check_is_guilty_leak(const struct snapshot *s, const struct leak *leak)
{
	uint64_t lead = leak->lead ? leak->lead : leak->serial;
	bool guilty = false;

	if (!leak->lead && leak->nr_parts == 0)
		return is_guilty(s, leak);
	for (size_t i = 0; i < s->groups->nr_leaks && !guilty; i++)
		guilty = (s->groups->leaks[i].serial == lead ||
			  s->groups->leaks[i].lead == lead) &&
			 is_guilty(s, &s->groups->leaks[i]);
	return guilty;
}

static uint64_t count_leaks(const struct snapshot *s)
{
	uint64_t count = timers_leaks(s->timers, VERDICT_LEAK);

	for (size_t i = 0; s->groups && i < s->groups->nr_leaks; i++)
		count += !s->groups->leaks[i].lead &&
			 check_is_guilty_leak(s, &s->groups->leaks[i]);
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

/* Deadlocks and proven leaks never end by themselves; a count over its limit stays a
 * finding. */
static bool is_lasting(const struct snapshot *s, enum check_rule rule)
{
	if (rule != CHECK_LEAK)
		return rule == CHECK_DEADLOCK || rule == CHECK_TASKS;
	for (size_t i = 0; s->groups && i < s->groups->nr_leaks; i++)
		if (s->groups->leaks[i].finding.verdict == VERDICT_PROOF)
			return true;
	return false;
}

/* Applies the rules to span.last. */
static void check_apply_rules(struct check *check)
{
	struct snapshot *s = check->span.last;

	query_begin(check->filter, s);
	grouping_begin_acknowledging(check->span.session.grouping, s);
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

static uint32_t samples_needed(const struct check *check)
{
	return check->span.nr_samples < CHECK_RETRIES ? (uint32_t)check->span.nr_samples
						      : CHECK_RETRIES;
}

/* In the last samples of a process that is ending, its threads are gone. So those samples
 * do not clear a finding. */
bool check_was_broken(const struct check *check, enum check_rule rule)
{
	const struct check_finding *finding = &check->findings[rule];

	if (finding->final)
		return true;
	if (finding->streak > 0)
		return finding->streak >= samples_needed(check);
	return (check->span.ended || check->span.woken) &&
	       finding->before >= CHECK_RETRIES && finding->clear < CHECK_RETRIES;
}

static bool check_is_broken(const struct check *check, enum check_rule rule)
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

/* A command is allowed to run to its own end because its output is wanted. In a deadlock
 * it might never end. */
bool check_decided(const struct check *check)
{
	for (int rule = 0; rule < CHECK_COUNT; rule++)
		if (check->findings[rule].final &&
		    (!check->command || check->limited || rule == CHECK_DEADLOCK))
			return true;
	return false;
}

/* Returns true if a rule is broken in some of the last samples, but not yet in enough. */
static bool check_undecided(const struct check *check)
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

void check_watch(struct check *check)
{
	struct span *span = &check->span;

	while (!check_decided(check) && span_next(span, &check->e))
		check_apply_rules(check);
	for (uint32_t i = 0;
	     i < CHECK_RETRIES && check_undecided(check) && !span->ended &&
	     !span->woken && !span_stopped() && !span->replay && !span->fixed;
	     i++) {
		span->end_ns = INT64_MAX;
		if (!span_next(span, &check->e))
			break;
		check_apply_rules(check);
	}
}

void check_release(struct check *check)
{
	for (int rule = 0; rule < CHECK_COUNT; rule++)
		snapshot_unref(check->findings[rule].snapshot);
	snapshot_unref(check->at_exit.snapshot);
	if (check->at_exit.opened)
		session_release(&check->at_exit.session);
	query_free(check->filter);
}
