/* SPDX-License-Identifier: MIT */
/* Builds the lines with everything known about one task. Long texts are wrapped, never
 * cut. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/verdict.h"
#include "tui/detail.h"
#include "tui/stack_lines.h"

#define SINCE_MAX 80

struct builder {
	struct page page;
	struct tui *t;
	struct detail *v;
	const struct task *task;
};

/* Shows the evidence of a proof, with the address of the object; a select has several. */
static void say_proof(struct page *page, const struct task *task)
{
	const struct waits_on *waits = &task->waits;

	if (waits->kind && waits->address != 0)
		page_say(page, ROLE_STUCK, "P", NULL,
			 "proven leak: nothing alive can reach %s 0x%llx%s", waits->kind,
			 (unsigned long long)waits->address,
			 task->state == STATE_SELECT ? " or the others" : "");
	else
		page_say(page, ROLE_STUCK, "P", NULL,
			 "proven leak: nothing can ever end this wait");
}

void detail_say_marks(struct page *page, const struct task *task)
{
	const struct thresholds *rule = &page->t->settings.rule;
	int64_t threshold =
		rule->threshold_ns[task->state < STATE_COUNT ? task->state : 0];
	char limit[CLOCK_DURATION_MAX], evidence[VERDICT_TEXT_MAX];

	if (threshold < 0)
		threshold = STUCK_DEFAULT_NS;
	if (task->flags & TASK_DEADLOCK)
		page_say(page, ROLE_STUCK, "D", NULL,
			 "in a deadlock: it waits for a task that waits for it; w shows "
			 "the cycle");
	if (task->flags & TASK_UNREACHABLE)
		say_proof(page, task);
	verdict_explain(task, page->t->now_ns, evidence);
	clock_format_duration(threshold, limit);
	/* A deadlock has been explained above. */
	if (task->flags & TASK_STUCK && !(task->flags & TASK_DEADLOCK))
		page_say(page, ROLE_STUCK, "!", NULL, "stuck: %s; threshold %s", evidence,
			 limit);
	else if (task->flags & TASK_LONG)
		page_say(page, ROLE_WARN, "?", NULL, "long: %s; threshold %s", evidence,
			 limit);
	if (task->flags & TASK_IDLE)
		page_say(page, ROLE_DIM, "Idle", NULL, "%s", evidence);
	if (task->flags & TASK_STALE)
		page_say(page, ROLE_WARN, "Stale", NULL,
			 "the kernel contradicts what the agent published: do not trust "
			 "the state");
	if (task->flags & TASK_SUSPECT)
		page_say(page, ROLE_WARN, "Suspect", NULL,
			 "it changed while it was read: press r to read it again");
}

/* Writes "at least 12.3s, seen from 10:00:03". The age must be known. */
static const char *since_text(struct page *page, const struct task *task,
			      char out[SINCE_MAX])
{
	bool exact = task->flags & TASK_AGE_EXACT;
	int64_t age = task_age_ns(task, page->t->now_ns);
	char duration[CLOCK_DURATION_MAX], when[16];

	tui_shows_age(page->t, age);
	snprintf(out, SINCE_MAX, "%s%s, %s %s", exact ? "" : "at least ",
		 clock_format_duration(age, duration), exact ? "from" : "seen from",
		 page_time(page, task->since_ns, when));
	return out;
}

void detail_say_state(struct page *page, const struct task *task)
{
	const struct state_info *info = state_info(task->state);
	enum role role = (enum role)(ROLE_CLASS_CHANNEL + info->class);
	char since[SINCE_MAX];

	if (task_age_ns(task, page->t->now_ns) < 0)
		page_say(page, role, "State", NULL, "%s: %s", info->name, info->help);
	else
		page_say(page, role, "State", NULL, "%s for %s", info->name,
			 since_text(page, task, since));
}

static void add_state(struct builder *b)
{
	const struct task *task = b->task;
	const struct state_info *info = state_info(task->state);
	int64_t age = task_age_ns(task, b->t->now_ns);
	char since[SINCE_MAX];

	page_say(&b->page, (enum role)(ROLE_CLASS_CHANNEL + info->class), "State", NULL,
		 "%s: %s", info->name, info->help);
	if (task->raw)
		page_say(&b->page, ROLE_NORMAL, "Raw", NULL, "%s", task->raw);
	if (task_is_many(task))
		page_say(&b->page, ROLE_NORMAL, "Stands for", NULL,
			 "%u goroutines with the same stack; only debug=2 has states, "
			 "ages and ids",
			 task_weight(task));
	if (age < 0)
		page_say(&b->page, ROLE_DIM, "Since", NULL, "unknown");
	else
		page_say(&b->page, ROLE_NORMAL, "Since", NULL, "%s",
			 since_text(&b->page, task, since));
	detail_say_marks(&b->page, task);
}

/* Adds a text of several lines. */
static void say_text(struct page *page, const char *label, const char *text)
{
	for (const char *end; text && *text != '\0'; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		page_say(page, ROLE_DIM, label, NULL, "%.*s", (int)(end - text), text);
		label = NULL;
	}
}

void detail_say_object(struct page *page, const struct waits_on *waits)
{
	if (!waits->kind)
		return;
	if (waits->address != 0)
		page_say(page, ROLE_DIM, "Object", NULL, "%s at 0x%llx", waits->kind,
			 (unsigned long long)waits->address);
	if (waits->fd >= 0)
		page_say(page, ROLE_DIM, "Descriptor", NULL, "%d", waits->fd);
	say_text(page, "In detail", waits_more(waits)->detail);
}

const char *detail_shorten_id(char *id)
{
	id[strcspn(id, "@")] = '\0';
	return id;
}

void detail_say_holder(struct page *page, const struct detail *d)
{
	const struct task *owner = d->owner;
	char id[TASK_ID_MAX];

	if (owner) {
		page_task(page, "Held by", owner);
		if (owner->id == d->task->id && owner->kind == d->task->kind &&
		    owner->pid == d->task->pid)
			page_say(page, ROLE_STUCK, "!", NULL, "it waits for itself");
	} else if (task_format_owner(d->task, id)) {
		page_say(page, ROLE_NORMAL, "Held by", NULL, "%s%s",
			 detail_shorten_id(id),
			 d->others ? ", which is not among the tasks" : "");
	}
}

static void add_waits(struct builder *b)
{
	const struct waits_on *waits = &b->task->waits;
	const struct detail *v = b->v;

	if (!waits->kind)
		return;
	page_say(&b->page, ROLE_NORMAL, "Waits on", NULL, "%s",
		 waits->text ? waits->text : waits->kind);
	detail_say_object(&b->page, waits);
	if (task_more(b->task)->inner)
		page_say(&b->page, ROLE_NORMAL, "Inside it", NULL, "%s",
			 task_more(b->task)->inner);
	detail_say_holder(&b->page, v);
	if (waits->address == 0 || !v->others)
		return;
	if (v->all_waiters == 0) {
		page_say(&b->page, ROLE_DIM, "Also waits", NULL, "no other task");
		return;
	}
	page_heading(&b->page, "Other tasks that wait on it (%zu)", v->all_waiters);
	for (size_t i = 0; i < v->nr_waiters; i++)
		page_task(&b->page, NULL, &v->others->tasks[v->waiters[i]]);
	if (v->all_waiters > v->nr_waiters)
		page_say(&b->page, ROLE_DIM, NULL, NULL, " and %zu more",
			 v->all_waiters - v->nr_waiters);
}

static void add_kin(struct builder *b)
{
	const struct detail *v = b->v;
	const struct wait_several *several = wait_more(b->task)->several;
	size_t nr = task_more(b->task)->nr_awaiting;

	if (several)
		page_heading(&b->page, "It waits for %s of %zu%s",
			     several->any ? "any" : "all", several->nr,
			     several->open ? ", and for what is not known" : "");
	for (size_t i = 0; several && i < v->nr_several; i++)
		page_task(&b->page, NULL, v->several[i]);
	if (several && several->nr > v->nr_several)
		page_say(&b->page, ROLE_DIM, NULL, NULL, " and %zu more",
			 several->nr - v->nr_several);
	if (nr > 0)
		page_heading(&b->page, "Awaited by");
	for (size_t i = 0; i < v->nr_awaiting; i++)
		page_task(&b->page, NULL, v->awaiting[i]);
	if (nr > v->nr_awaiting)
		page_say(&b->page, ROLE_DIM, NULL, NULL, " and %zu more",
			 nr - v->nr_awaiting);
}

static void add_stack(struct builder *b)
{
	const struct stack *stack = b->task->stack;

	if (!stack || stack->nr_frames == 0) {
		page_heading(&b->page, "Stack: unknown");
		return;
	}
	page_heading(&b->page, "Stack (%zu frame%s%s)", stack->nr_frames,
		     stack->nr_frames == 1 ? "" : "s",
		     stack->truncated ? ", incomplete" : "");
	page_frames(&b->page, stack, task_top_frame(b->task));
}

const struct frame *detail_place(const struct task *task)
{
	return stack_place(task->stack, task_top_frame(task));
}

static void add_source(struct builder *b)
{
	const struct frame *frame = detail_place(b->task);
	struct excerpt *excerpt = &b->v->excerpt;

	if (!frame)
		return;
	excerpt_load(excerpt, b->t->options->read_code,
		     b->task->pid > 0 ? b->task->pid : b->v->snapshot->target.pid,
		     frame->file, frame->line);
	if (excerpt->count == 0)
		return;
	page_heading(&b->page, "Source: %s", frame->file);
	for (size_t i = 0; i < excerpt->count; i++) {
		int number = excerpt->first + (int)i;

		/* Source lines are cut, not wrapped. */
		page_line(&b->page, number == frame->line ? ROLE_STRONG : ROLE_DIM,
			  arena_printf(&b->v->lines.arena, "%s%5d  %s",
				       number == frame->line ? ">" : " ", number,
				       excerpt->lines[i]));
	}
}

static void add_creator(struct builder *b)
{
	const struct task *task = b->task;
	char id[TASK_ID_MAX];

	if (!task->created_by && task->creator_id == 0 &&
	    !task_more(task)->creator_name) {
		page_heading(&b->page, "Created by: unknown");
		page_say(&b->page, ROLE_DIM, NULL, NULL,
			 "  Only the agent sees threads start: start the program with "
			 "`grmon-c run`.");
		return;
	}
	page_heading(&b->page, "Created by%s%s", task_more(task)->creator_name ? " " : "",
		     task_more(task)->creator_name ? task_more(task)->creator_name : "");
	if (b->v->creator)
		page_task(&b->page, NULL, b->v->creator);
	else if (task_format_parent(task, id))
		page_say(&b->page, ROLE_DIM, NULL, NULL,
			 " %s, which is no longer among the tasks",
			 detail_shorten_id(id));
	if (task->created_by)
		page_frames(&b->page, task->created_by, NULL);
	if (task->kind == TASK_GOROUTINE && !task_more(task)->ancestry &&
	    task->created_by && !b->v->snapshot->target.replay)
		page_say(&b->page, ROLE_DIM, NULL, NULL,
			 "  A program started with `grmon-c run --ancestors 5` keeps the "
			 "whole way back to main.");
	for (size_t i = 1; task_more(task)->ancestry && i < task_more(task)->ancestry->nr;
	     i++) {
		const char *ancestor = task_format_ancestor(task, i, id);

		page_heading(&b->page, "Which was created by%s%s", ancestor ? " " : "",
			     ancestor ? detail_shorten_id(id) : "");
		page_frames(&b->page, task_more(task)->ancestry->stacks[i], NULL);
	}
}

static void add_labels(struct builder *b)
{
	if (b->task->nr_labels == 0)
		return;
	page_heading(&b->page, "Labels");
	for (size_t i = 0; i < b->task->nr_labels; i++)
		page_say(&b->page, ROLE_NORMAL, NULL, NULL, "  %s=%s",
			 b->task->labels[i].key, b->task->labels[i].text);
}

static void add_history(struct builder *b)
{
	const struct detail *v = b->v;
	char duration[CLOCK_DURATION_MAX], when[16];

	if (v->nr_history == 0)
		return;
	page_heading(&b->page, "History while it was watched, newest first");
	for (size_t i = 0; i < v->nr_history; i++) {
		const struct history_entry *entry = &v->history[i];
		int64_t until = i > 0      ? v->history[i - 1].since_ns
				: v->ended ? v->ended_ns
					   : b->t->now_ns;
		char object[32] = "";

		if (entry->object != 0)
			snprintf(object, sizeof(object), "  0x%llx",
				 (unsigned long long)entry->object);
		page_say(&b->page, ROLE_NORMAL, NULL, NULL, "  %s  %-12s for %7s%s",
			 page_time(&b->page, entry->since_ns, when),
			 state_info(entry->state)->name,
			 clock_format_duration(until - entry->since_ns, duration),
			 object);
	}
}

void detail_say_figures(struct page *page, const struct task *task)
{
	const uint32_t *counts = task_more(task)->state_counts;
	char age[CLOCK_DURATION_MAX], when[16];

	if (task->tid != 0)
		page_say(page, ROLE_NORMAL, "Thread", NULL, "%d", (int)task->tid);
	if (task->start_ns != 0)
		page_say(page, ROLE_NORMAL, "Started", NULL, "%s, %s ago",
			 page_time(page, task->start_ns, when),
			 clock_format_duration(page->t->now_ns - task->start_ns, age));
	if (task->cpu_percent >= 0)
		page_say(page, ROLE_NORMAL, "CPU", NULL, "%.1f %% of one CPU",
			 (double)task->cpu_percent);
	page_say(page, ROLE_NORMAL, "Switches", NULL, "%llu%s",
		 (unsigned long long)task->switches,
		 counts ? (task->switches == 1 ? " wait, counted by the agent"
					       : " waits, counted by the agent")
		 : task->kind == TASK_THREAD ? " context switches, voluntary and not"
					     : "");
	if (!counts)
		return;
	for (int state = 0; state < STATE_COUNT; state++)
		if (counts[state] > 0)
			page_say(page, ROLE_NORMAL, "Waited", NULL, "%u time%s: %s",
				 counts[state], counts[state] == 1 ? "" : "s",
				 state_info((enum task_state)state)->name);
}

void detail_build(struct tui *t, struct detail *d, const char *alike, int width)
{
	struct builder b = {{.t = t,
			     .lines = &d->lines,
			     .snapshot = d->snapshot,
			     .width = page_text_cells(width),
			     .pid = d->task ? d->task->pid : 0},
			    t,
			    d,
			    d->task};
	char id[TASK_ID_MAX], when[16];

	lines_clear(&d->lines);
	if (!d->task)
		return;
	if (alike)
		page_text(&b.page, ROLE_STRONG, "Stands for", NULL, alike);
	page_say(&b.page, ROLE_STRONG, "Task", NULL, "%s  %s",
		 task_format_short_id(d->task, id), d->task->name);
	if (d->task->pid > 0)
		page_say(&b.page, ROLE_NORMAL, "Process", NULL, "%d  %s",
			 (int)d->task->pid,
			 task_more(d->task)->process ? task_more(d->task)->process : "");
	if (d->ended)
		page_say(&b.page, ROLE_WARN, "Ended", NULL,
			 "it had ended at %s; this is its last snapshot",
			 page_time(&b.page, d->ended_ns, when));
	add_state(&b);
	add_waits(&b);
	add_kin(&b);
	b.page.width = width - 2;
	add_stack(&b);
	add_source(&b);
	add_creator(&b);
	add_labels(&b);
	add_history(&b);
	page_heading(&b.page, "Figures");
	detail_say_figures(&b.page, d->task);
}
