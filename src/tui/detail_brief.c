/* SPDX-License-Identifier: MIT */
/* The lines of a task that matter most, for a small area: why it is marked, what it waits
 * on, its stack, its states lately, where it comes from. The stack gives way first. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "tui/detail.h"
#include "tui/stack_lines.h"
#include "tui/strip.h"

#define FRAMES_LEAST 4 /* lines that the stack keeps */
#define NAMES_MAX    12
#define TEXT_MAX     512
#define ALL_LINES    SIZE_MAX

struct plan {
	size_t stack; /* lines of stack at most */
	size_t code;  /* … and of source code */
	bool rich;    /* the rest of what is known, too */
	bool tight;   /* leave out what the row says as well */
};

static void say_others(struct page *page, const struct detail *d)
{
	char text[TEXT_MAX] = "", id[TASK_ID_MAX];
	size_t used = 0;

	if (d->all_waiters == 0)
		return;
	for (size_t i = 0; i < d->nr_waiters && i < NAMES_MAX; i++) {
		const struct task *task = &d->others->tasks[d->waiters[i]];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i > 0 ? ", " : "",
					 task_format_short_id(task, id));
	}
	if (d->all_waiters > NAMES_MAX)
		snprintf(text + used, sizeof(text) - used, " and %zu more",
			 d->all_waiters - NAMES_MAX);
	page_say(page, ROLE_NORMAL, "Also wait", NULL, "%s", text);
}

static void say_waits(struct page *page, const struct detail *d)
{
	const struct waits_on *waits = &d->task->waits;

	if (!waits->kind)
		return;
	page_say(page, ROLE_NORMAL, "Waits on", NULL, "%s",
		 waits->text ? waits->text : waits->kind);
	if (task_more(d->task)->inner)
		page_say(page, ROLE_NORMAL, "Inside it", NULL, "%s",
			 task_more(d->task)->inner);
	detail_say_holder(page, d);
	say_others(page, d);
}

static void say_stack(struct page *page, struct detail *d, const struct brief *brief,
		      const struct plan *plan)
{
	struct stack_lines of = {.stack = d->task->stack,
				 .top = task_top_frame(d->task),
				 .place = detail_place(d->task),
				 .excerpt = &d->excerpt,
				 .read = brief->read,
				 .code = plan->code};
	size_t first = page->lines->count;

	page_stack(page, &of, plan->stack);
	page_label(page, first, "Stack");
}

static void say_labels(struct page *page, const struct task *task)
{
	char text[TEXT_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < task->nr_labels && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%s",
					 i > 0 ? "  " : "", task->labels[i].key,
					 task->labels[i].text);
	if (task->nr_labels > 0)
		page_text(page, ROLE_NORMAL, "Labels", NULL, text);
}

static void say_creator(struct page *page, const struct detail *d, bool rich)
{
	const struct task *task = d->task;
	const struct stack *stack = task->created_by;
	const struct frame *top = stack ? stack_top_frame(stack) : NULL;
	size_t first = page->lines->count;
	char id[TASK_ID_MAX];

	if (top && rich)
		page_frames(page, stack, top);
	else if (top)
		page_frames_range(page, stack, top, (size_t)(top - stack->frames),
				  (size_t)(top - stack->frames) + 1);
	else if (task_more(task)->creator_name)
		page_say(page, ROLE_NORMAL, NULL, NULL, "%s",
			 task_more(task)->creator_name);
	page_label(page, first, "Created by");
	if (d->creator)
		page_task(page, "In", d->creator);
	else if (task_format_parent(task, id))
		page_say(page, ROLE_DIM, "In", NULL, "%s%s", detail_shorten_id(id),
			 d->others ? ", which is no longer among the tasks" : "");
}

static void add_lines(struct tui *t, struct detail *d, const struct brief *brief,
		      const struct plan *plan)
{
	struct page page = {.t = t,
			    .lines = &d->lines,
			    .snapshot = d->snapshot,
			    .width = page_text_cells(brief->width),
			    .pid = d->task->pid};

	lines_clear(&d->lines);
	if (brief->alike)
		page_text(&page, ROLE_STRONG, "Stands for", NULL, brief->alike);
	if (d->ended)
		page_say(&page, ROLE_WARN, "Ended", NULL, "this is its last state");
	detail_say_marks(&page, d->task);
	if (!plan->tight || !d->task->waits.kind)
		detail_say_state(&page, d->task);
	say_waits(&page, d);
	say_stack(&page, d, brief, plan);
	page_strip(&page, "Lately", d->history, d->nr_history, t->now_ns);
	say_labels(&page, d->task);
	say_creator(&page, d, plan->rich);
	if (!plan->rich)
		return;
	detail_say_object(&page, &d->task->waits);
	detail_say_figures(&page, d->task);
}

void detail_build_brief(struct tui *t, struct detail *d, const struct brief *brief)
{
	static const struct plan plans[] = {{ALL_LINES, EXCERPT_LINES_MAX, true, false},
					    {ALL_LINES, 1, true, false},
					    {ALL_LINES, 1, false, false},
					    {ALL_LINES, 1, false, true}};
	struct plan least = {.code = 1, .tight = true};
	size_t height = brief->height > 0 ? (size_t)brief->height : 1, stack = 0, over;

	lines_clear(&d->lines);
	if (!d->task)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(plans); i++) {
		add_lines(t, d, brief, &plans[i]);
		if (d->lines.count <= height || (brief->whole && i == 1))
			return;
	}
	for (size_t i = 0; i < d->lines.count; i++)
		stack += d->lines.list[i].stack &&
			 d->lines.list[i].stack == d->task->stack;
	over = d->lines.count - height;
	least.stack = stack > over + FRAMES_LEAST ? stack - over : FRAMES_LEAST;
	add_lines(t, d, brief, &least);
}
