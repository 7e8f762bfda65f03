/* SPDX-License-Identifier: MIT */
/* Prints the findings of a check: one entry for all guilty tasks with the same stack. */
#include "cli/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "core/graph.h"
#include "core/query.h"
#include "core/spread.h"
#include "core/wayback.h"
#include "out/escape.h"
#include "out/report.h"
#include "out/report_style.h"

#define STACKS_MAX 10u
#define IDS_MAX    6u
#define UNREAD_NS  CLOCK_SECOND_NS

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

static void put_ancestors(struct buf *out, const struct ancestry *ancestry, bool ascii)
{
	for (size_t i = 1; ancestry && i < ancestry->nr; i++)
		put_stack(out, "which was created by", ancestry->stacks[i], ascii);
}

/* Returns whether both are one entry: they have the same stacks or, in two processes, where
 * addresses differ, wait in the same function and were created by the same one. */
static bool is_alike(const struct task *a, const struct task *b)
{
	const struct leak place = {
		.state = a->state, .stack = a->stack, .created_by = a->created_by};

	if (a->state != b->state)
		return false;
	if (a->pid != b->pid)
		return leak_has(&place, b);
	return a->stack == b->stack && a->created_by == b->created_by &&
	       task_more(a)->ancestry == task_more(b)->ancestry;
}

/* Prints in which processes the counted tasks are, if the target is several. */
static void put_processes(const struct snapshot *s, const uint32_t *tasks, bool ascii,
			  struct buf *out)
{
	char text[SPREAD_TEXT_MAX];

	if (!tasks || s->nr_members == 0 || !spread_text(s, tasks, text)[0])
		return;
	buf_puts(out, ", ");
	escape_text(out, text, 0, ascii);
}

/* Prints all guilty tasks with one stack; the first of them is at `from`. */
static void put_guilty(const struct check *check, const struct snapshot *s, size_t from,
		       enum check_rule rule, struct buf *out)
{
	const struct task *first = &s->tasks[from];
	char site[REPORT_LINE_MAX], ids[IDS_MAX * (TASK_ID_MAX + 2) + 16] = "";
	uint32_t *tasks = calloc(s->nr_members + 1, sizeof(*tasks));
	bool ascii = check->options->settings.ascii;
	int64_t oldest_ns = -1;
	size_t count = 0, proved = 0;

	for (size_t i = from; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		char id[TASK_ID_MAX];

		if (!is_alike(first, task) ||
		    (check_is_about_guilt(rule) && !check_is_guilty(check, rule, task)) ||
		    !check_is_shown(check, task))
			continue;
		if (count++ < IDS_MAX) {
			strcat(ids, count > 1 ? ", " : "");
			strcat(ids, task_format_id(task, id));
		} else if (count == IDS_MAX + 1) {
			strcat(ids, " and more");
		}
		if (tasks)
			spread_add(s, task, tasks);
		proved += (task->flags & TASK_UNREACHABLE) != 0;
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
	put_processes(s, tasks, ascii, out);
	free(tasks);
	if (proved > 0 && proved == count)
		buf_puts(out, "; proved: nothing alive could wake it");
	else if (proved > 0)
		buf_printf(out, "; proved for %zu of them: nothing alive could wake them",
			   proved);
	buf_puts(out, "\n");
	put_stack(out, "blocked at", first->stack, ascii);
	put_stack(out, "created by", first->created_by, ascii);
	put_ancestors(out, task_more(first)->ancestry, ascii);
}

static void put_tasks(const struct check *check, const struct snapshot *s,
		      enum check_rule rule, struct buf *out)
{
	const struct task *shown[STACKS_MAX];
	size_t nr_shown = 0;

	query_begin(check->filter, s);
	grouping_begin_acknowledging(check->span.session.grouping, s);
	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		bool known = false;

		if (check_is_about_guilt(rule) ? !check_is_guilty(check, rule, task)
					       : !check_is_shown(check, task))
			continue;
		for (size_t n = 0; n < nr_shown && !known; n++)
			known = is_alike(shown[n], task);
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

static void put_timer_leaks(const struct timers *timers, bool ascii, struct buf *out)
{
	char text[TIMER_TEXT_MAX];

	for (size_t i = 0; timers && i < timers->nr_groups; i++) {
		const struct timer_group *group = &timers->groups[i];

		if (!group->evidence || group->verdict < VERDICT_LEAK || group->lead)
			continue;
		buf_puts(out, "  ");
		escape_text(out, timer_group_text(group, text), 0, ascii);
		buf_printf(out, "\n    %s\n", group->evidence);
	}
}

/* Parts of a leak have been made with it. */
static void put_made(const struct snapshot *s, const struct leak *leak, bool ascii,
		     struct buf *out)
{
	char text[WAYBACK_TEXT];
	struct wayback way;

	if (leak->lead)
		return;
	wayback_find(s, (struct wayback_of){.leak = leak}, &way);
	if (!wayback_made(&way, text)[0])
		return;
	buf_puts(out, "    made by ");
	escape_text(out, text, 0, ascii);
	buf_puts(out, "\n");
}

/* Who awaits a task of the leak. */
static void put_awaited_by(const struct task *example, bool ascii, struct buf *out)
{
	const char *awaited_by = task_awaited_by(example);

	if (!awaited_by)
		return;
	buf_puts(out, "    awaited by ");
	escape_text(out, awaited_by, 0, ascii);
	buf_puts(out, "\n");
}

static void put_leaks(const struct check *check, struct buf *out)
{
	const struct snapshot *s = check->findings[CHECK_LEAK].snapshot;
	bool ascii = check->options->settings.ascii;

	put_timer_leaks(s->timers, ascii, out);
	for (size_t i = 0, shown = 0;
	     s->groups && i < s->groups->nr_leaks && shown < STACKS_MAX; i++) {
		const struct leak *leak = &s->groups->leaks[i];
		uint32_t live = report_live_tasks(s, leak);
		char line[REPORT_LINE_MAX], stayed[REPORT_STAYED_MAX];

		if (!check_is_guilty_leak(s, leak))
			continue;
		shown++;
		/* One that is proven may have no task left in this sample. */
		if (live < leak->count)
			live = leak->count;
		buf_printf(out, "  %u x ", live);
		escape_text(out,
			    report_site(leak->stack, leak->created_by, leak->state, line),
			    0, ascii);
		buf_puts(out, report_stayed(leak, live, stayed));
		if (spread_leak_text(s, leak, line)[0]) {
			buf_puts(out, ", ");
			escape_text(out, line, 0, ascii);
		}
		buf_puts(out, "\n    ");
		escape_text(out, leak->evidence, 0, ascii);
		buf_puts(out, "\n");
		put_made(s, leak, ascii, out);
		put_awaited_by(&s->tasks[leak->example], ascii, out);
		put_stack(out, "blocked at", leak->stack, ascii);
		put_stack(out, "created by", leak->created_by, ascii);
		put_ancestors(out, leak->ancestry, ascii);
	}
}

static void put_cycles(const struct check *check, const struct snapshot *s,
		       struct buf *out)
{
	bool ascii = check->options->settings.ascii;

	for (size_t i = 0; i < graph_cycles(s) && i < STACKS_MAX; i++) {
		const struct cycle *cycle = &s->graph->cycles[i];

		for (size_t n = 0; n < cycle->nr_nodes; n++) {
			const struct task *task = graph_task(s, cycle->nodes[n]);
			char id[TASK_ID_MAX], of[SPREAD_TEXT_MAX];

			buf_printf(out, "  %s ", task_format_id(task, id));
			escape_text(out, task->name, 60, ascii);
			escape_text(out, spread_task_text(task, of), 0, ascii);
			buf_printf(out, " in %s: ", state_info(task->state)->name);
			escape_text(out, task->waits.kind ? task->waits.text : "", 200,
				    ascii);
			buf_puts(out, "\n");
			put_stack(out, "blocked at", task->stack, ascii);
		}
	}
}

static void put_most(const struct check *check, enum check_rule rule, struct buf *out)
{
	if (check_is_about_guilt(rule) || rule == CHECK_TASKS)
		buf_printf(out, ", at most %" PRId64 " allowed", check->most[rule]);
	buf_puts(out, "\n");
}

/* Prints a rule that was broken while the target was watched. */
static void put_finding(const struct check *check, enum check_rule rule, struct buf *out)
{
	static const char *const what[CHECK_COUNT] = {
		[CHECK_STUCK] = "stuck task",  [CHECK_LONG] = "long task",
		[CHECK_TASKS] = "task",        [CHECK_LEAK] = "leak",
		[CHECK_DEADLOCK] = "deadlock",
	};
	const struct check_finding *finding = &check->findings[rule];

	buf_printf(out, "check: %" PRIu64 " %s%s", finding->count,
		   rule == CHECK_STUCK && check->span.fixed && !check->wanted[CHECK_LONG]
			   ? "stuck or long task"
			   : what[rule],
		   finding->count == 1 ? "" : "s");
	put_most(check, rule, out);
	if (rule == CHECK_LEAK)
		put_leaks(check, out);
	else if (rule == CHECK_DEADLOCK)
		put_cycles(check, finding->snapshot, out);
	else
		put_tasks(check, finding->snapshot, rule, out);
}

static void put_left(const struct check *check, bool stuck, struct buf *out)
{
	const struct check_exit *end = &check->at_exit;

	buf_printf(out, "check: %" PRIu64 " task%s left blocked at exit", end->left,
		   end->left == 1 ? "" : "s");
	if (stuck)
		put_most(check, CHECK_STUCK, out);
	else
		buf_puts(out, "\n");
	put_tasks(check, end->snapshot, CHECK_STUCK, out);
}

/* Prints the broken rules with the guilty stacks. */
static void check_print(const struct check *check, struct buf *out)
{
	const struct check_exit *end = &check->at_exit;
	bool stuck = check->wanted[CHECK_STUCK] &&
		     end->left > (uint64_t)check->most[CHECK_STUCK];
	bool left = stuck || (check->wanted[CHECK_LEAK] && end->left > 0);

	for (int i = 0; i < CHECK_COUNT; i++) {
		enum check_rule rule = (enum check_rule)i;

		/* Most tasks that are left behind were stuck before, so they are listed
		 * only once. */
		if (check->wanted[rule] && check_was_broken(check, rule) &&
		    !(rule == CHECK_STUCK && stuck))
			put_finding(check, rule, out);
	}
	if (left)
		put_left(check, stuck, out);
	if (check->wanted[CHECK_DEADLOCK] && end->cycles > 0 &&
	    !check_was_broken(check, CHECK_DEADLOCK)) {
		buf_printf(out, "check: %" PRIu64 " deadlock%s at exit\n", end->cycles,
			   end->cycles == 1 ? "" : "s");
		put_cycles(check, end->snapshot, out);
	}
	if (check->wanted[CHECK_TASKS] && !check_was_broken(check, CHECK_TASKS) &&
	    end->tasks > (uint64_t)check->most[CHECK_TASKS]) {
		buf_printf(out, "check: %" PRIu64 " tasks at exit", end->tasks);
		put_most(check, CHECK_TASKS, out);
		put_tasks(check, end->snapshot, CHECK_TASKS, out);
	}
}

static void say_before(const struct check *check)
{
	uint64_t before = check->wanted[CHECK_STUCK] ? check_before(check) : 0;

	if (before > 0)
		fprintf(stderr,
			"grmon-c: %" PRIu64 " task%s stuck before and %s not counted "
			"(use --count-existing to count them)\n",
			before, before == 1 ? " was" : "s were",
			before == 1 ? "is" : "are");
}

/* No rule was broken so far, but the rest of the time is unknown. */
static int say_interrupted(const struct check *check, int fine)
{
	const struct span *span = &check->span;
	char time[CLOCK_DURATION_MAX];

	if (span->nr_samples == 0)
		fprintf(stderr, "grmon-c: check interrupted before its first sample: "
				"neither passed nor failed.\n");
	else
		fprintf(stderr,
			"grmon-c: check interrupted after %" PRIu64
			" sample%s in %s: neither passed nor failed.\n",
			span->nr_samples, span->nr_samples == 1 ? "" : "s",
			clock_format_duration(span->last_ns - span->first_ns, time));
	return fine != CLI_FINE ? fine : CLI_ENDED;
}

/* Returns whether a process could not be read in the last samples. One that has just
 * started may be readable a moment later. */
static bool is_unread(const struct check *check, const struct member_process *member)
{
	const struct snapshot *s = check->span.last;

	for (size_t i = 0; member->trouble && i < s->nr_tasks; i++) {
		const struct task *row = &s->tasks[i];

		if (row->pid == member->pid)
			return row->since_ns <= check->span.first_ns ||
			       task_age_ns(row, s->mono_ns) >= UNREAD_NS;
	}
	return false;
}

/* Says which processes of a target that is several were not checked, because they cannot be
 * read. Returns the exit code: that they are in order is not known. */
static int say_unread(const struct check *check, int fine)
{
	const struct snapshot *s = check->span.last;
	bool partial = check->options->value[OPTION_ALLOW_PARTIAL] != NULL;
	size_t unread = 0;

	for (size_t i = 0; s && i < s->nr_members; i++) {
		const struct member_process *member = &s->members[i];

		if (is_unread(check, member) && unread++ < STACKS_MAX)
			cli_complain("%.40s %d was not checked: %s", member->name,
				     (int)member->pid, member->trouble);
	}
	if (unread == 0)
		return fine;
	cli_complain("%zu of %zu processes %s not checked%s", unread, s->nr_members,
		     unread == 1 ? "was" : "were",
		     partial ? "" : "; use --allow-partial to pass without them");
	return partial || fine != CLI_FINE ? fine : CLI_UNWATCHABLE;
}

static int say_passed(const struct check *check, int fine)
{
	const struct span *span = &check->span;
	const char *end = check->at_exit.snapshot ? ", the last at its exit" : "";
	int rc = say_unread(check, fine);
	const char *passed =
		rc == fine ? "check passed" : "nothing was found in the others";
	uint64_t nr_samples = span->nr_samples + (check->at_exit.snapshot != NULL);
	char time[CLOCK_DURATION_MAX];

	if (nr_samples == 0) {
		fprintf(stderr, "grmon-c: nothing was checked: the target ended before "
				"the first sample.\n");
		return fine != CLI_FINE ? fine : CLI_ENDED;
	}
	if (nr_samples == 1)
		fprintf(stderr, "grmon-c: %s: 1 sample%s.\n", passed,
			*end ? ", at its exit" : "");
	else
		fprintf(stderr, "grmon-c: %s: %" PRIu64 " samples in %s%s.\n", passed,
			nr_samples,
			clock_format_duration(span->last_ns - span->first_ns, time), end);
	return rc;
}

int check_say_result(const struct check *check, int fine)
{
	int rc = fine != CLI_FINE ? fine : CLI_FOUND;
	struct err e = {0};
	struct buf out;

	if (check_broken(check) == 0) {
		rc = check->interrupted ? say_interrupted(check, fine)
					: say_passed(check, fine);
	} else {
		buf_init(&out, 0);
		check_print(check, &out);
		if (cli_write(STDOUT_FILENO, "the standard output", &out, &e) != 0) {
			cli_complain("%s", e.text);
			rc = CLI_USAGE;
		}
		buf_release(&out);
	}
	say_before(check);
	return rc;
}
