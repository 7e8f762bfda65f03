/* SPDX-License-Identifier: MIT */
/* One look says little: a rule counts as broken when CHECK_RETRIES looks in a row agree. */
#include "cli/check.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "core/graph.h"
#include "core/pool.h"
#include "core/query.h"
#include "out/escape.h"
#include "out/report.h"
#include "out/report_style.h"

#define STACKS_MAX 10u
#define IDS_MAX    6u

/* A wait that began before the first look is not the doing of what is checked. */
static bool was_before(const struct check *check, const struct task *task)
{
	return check->baseline && task->since_ns <= check->span.first_ns;
}

static bool is_shown(const struct check *check, const struct task *task)
{
	return query_match(check->filter, task, check->span.last_ns);
}

static bool is_guilty(const struct check *check, const struct task *task)
{
	return (task->flags & TASK_STUCK) && !was_before(check, task) &&
	       !pool_member(task) && is_shown(check, task) &&
	       !grouping_acknowledges(check->span.look.grouping, task,
				      check->span.last_ns);
}

/* Growth of an idle pool is no leak; what is proved is one, whoever it is. */
static bool is_guilty_leak(const struct snapshot *s, const struct leak *leak)
{
	return leak->finding.verdict == VERDICT_PROOF ||
	       (leak->finding.verdict == VERDICT_LEAK &&
		!pool_member(&s->tasks[leak->example]));
}

static uint64_t count_leaks(const struct snapshot *s)
{
	uint64_t count = 0;

	for (size_t i = 0; s->groups && i < s->groups->nr_leaks; i++)
		count += is_guilty_leak(s, &s->groups->leaks[i]);
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
		count += rule == CHECK_STUCK ? is_guilty(check, &s->tasks[i])
					     : is_shown(check, &s->tasks[i]);
	return count;
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
	}
}

static uint32_t needed(const struct check *check)
{
	return check->span.looks < CHECK_RETRIES ? (uint32_t)check->span.looks
						 : CHECK_RETRIES;
}

/* A look at a process that is about to end finds its threads gone, so the last looks
 * before its end acquit nobody. */
static bool is_broken(const struct check *check, int rule)
{
	const struct check_finding *finding = &check->findings[rule];

	if (finding->streak > 0)
		return finding->streak >= needed(check);
	return check->span.ended && finding->before >= CHECK_RETRIES &&
	       finding->clear < CHECK_RETRIES;
}

bool check_undecided(const struct check *check)
{
	for (int rule = 0; rule < CHECK_COUNT; rule++)
		if (check->findings[rule].streak > 0 && !is_broken(check, rule))
			return true;
	return false;
}

int check_broken(const struct check *check)
{
	int broken = 0;

	for (int rule = 0; rule < CHECK_COUNT; rule++)
		broken += is_broken(check, rule);
	return broken;
}

static void put_stack(struct buf *out, const char *title, const struct stack *stack,
		      bool ascii)
{
	char line[REPORT_FRAME_MAX];

	if (!stack)
		return;
	buf_printf(out, "    %s\n", title);
	for (size_t i = 0; i < stack->nr_frames; i++) {
		buf_puts(out, "      ");
		escape_text(out, report_frame(&stack->frames[i], line), 0, ascii);
		buf_puts(out, "\n");
	}
}

/* All guilty tasks of one stack; the first of them is at `from`. */
static void put_guilty(const struct check *check, const struct snapshot *s, size_t from,
		       enum check_rule rule, struct buf *out)
{
	const struct task *first = &s->tasks[from];
	char site[REPORT_LINE_MAX], ids[IDS_MAX * (TASK_ID_MAX + 2) + 16] = "";
	bool ascii = check->options->settings.ascii;
	int64_t oldest_ns = -1;
	size_t count = 0;

	for (size_t i = from; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		char id[TASK_ID_MAX];

		if (task->stack != first->stack || task->state != first->state ||
		    task->created_by != first->created_by ||
		    (rule == CHECK_STUCK && !is_guilty(check, task)) ||
		    !is_shown(check, task))
			continue;
		if (count++ < IDS_MAX) {
			strcat(ids, count > 1 ? ", " : "");
			strcat(ids, task_format_id(task, id));
		} else if (count == IDS_MAX + 1) {
			strcat(ids, " and more");
		}
		if (task_age_ns(task, s->mono_ns) > oldest_ns)
			oldest_ns = task_age_ns(task, s->mono_ns);
	}
	buf_printf(out, "  %zu x ", count);
	escape_text(out, report_site(first->stack, first->created_by, first->state, site),
		    0, ascii);
	buf_printf(out, ": %s", ids);
	if (oldest_ns >= 0)
		buf_printf(out, ", the oldest for %s",
			   clock_format_duration(oldest_ns, site));
	buf_puts(out, "\n");
	put_stack(out, "blocked at", first->stack, ascii);
	put_stack(out, "created by", first->created_by, ascii);
}

static void put_tasks(const struct check *check, enum check_rule rule, struct buf *out)
{
	const struct snapshot *s = check->findings[rule].snapshot;
	const struct task *shown[STACKS_MAX];
	size_t nr_shown = 0;

	query_begin(check->filter, s);
	grouping_begin_acknowledging(check->span.look.grouping, s);
	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		bool known = false;

		if (rule == CHECK_STUCK ? !is_guilty(check, task)
					: !is_shown(check, task))
			continue;
		for (size_t n = 0; n < nr_shown && !known; n++)
			known = shown[n]->stack == task->stack &&
				shown[n]->state == task->state &&
				shown[n]->created_by == task->created_by;
		if (known)
			continue;
		if (nr_shown == STACKS_MAX) {
			buf_puts(out, "  and more\n");
			return;
		}
		shown[nr_shown++] = task;
		put_guilty(check, s, i, rule, out);
	}
}

static void put_leaks(const struct check *check, struct buf *out)
{
	const struct snapshot *s = check->findings[CHECK_LEAK].snapshot;
	bool ascii = check->options->settings.ascii;

	for (size_t i = 0, shown = 0; i < s->groups->nr_leaks && shown < STACKS_MAX;
	     i++) {
		const struct leak *leak = &s->groups->leaks[i];
		char line[REPORT_LINE_MAX];

		if (!is_guilty_leak(s, leak))
			continue;
		shown++;
		buf_printf(out, "  %u x ", leak->count);
		escape_text(out,
			    report_site(leak->stack, leak->created_by, leak->state, line),
			    0, ascii);
		buf_puts(out, "\n    ");
		escape_text(out, leak->evidence, 0, ascii);
		buf_puts(out, "\n");
		put_stack(out, "blocked at", leak->stack, ascii);
		put_stack(out, "created by", leak->created_by, ascii);
	}
}

static void put_cycles(const struct check *check, struct buf *out)
{
	const struct snapshot *s = check->findings[CHECK_DEADLOCK].snapshot;
	bool ascii = check->options->settings.ascii;

	for (size_t i = 0; i < graph_cycles(s) && i < STACKS_MAX; i++) {
		const struct cycle *cycle = &s->graph->cycles[i];

		for (size_t n = 0; n < cycle->nr_nodes; n++) {
			const struct task *task = graph_task(s, cycle->nodes[n]);
			char id[TASK_ID_MAX];

			buf_printf(out, "  %s ", task_format_id(task, id));
			escape_text(out, task->name, 60, ascii);
			buf_printf(out, " in %s: ", state_info(task->state)->name);
			escape_text(out, task->waits.kind ? task->waits.text : "", 200,
				    ascii);
			buf_puts(out, "\n");
			put_stack(out, "blocked at", task->stack, ascii);
		}
	}
}

void check_print(const struct check *check, struct buf *out)
{
	static const char *const what[CHECK_COUNT] = {
		[CHECK_STUCK] = "stuck task",
		[CHECK_TASKS] = "task",
		[CHECK_LEAK] = "leak",
		[CHECK_DEADLOCK] = "deadlock",
	};

	for (int rule = 0; rule < CHECK_COUNT; rule++) {
		const struct check_finding *finding = &check->findings[rule];

		if (!is_broken(check, rule))
			continue;
		buf_printf(out, "check: %" PRIu64 " %s%s", finding->count, what[rule],
			   finding->count == 1 ? "" : "s");
		if (rule == CHECK_STUCK || rule == CHECK_TASKS)
			buf_printf(out, ", at most %" PRId64 " may be",
				   check->most[rule]);
		buf_puts(out, "\n");
		if (rule == CHECK_LEAK)
			put_leaks(check, out);
		else if (rule == CHECK_DEADLOCK)
			put_cycles(check, out);
		else
			put_tasks(check, (enum check_rule)rule, out);
	}
}

void check_release(struct check *check)
{
	for (int rule = 0; rule < CHECK_COUNT; rule++)
		snapshot_unref(check->findings[rule].snapshot);
	query_free(check->filter);
}
