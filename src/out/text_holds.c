/* SPDX-License-Identifier: MIT */
#include "out/text_holds.h"

#include <inttypes.h>

#include "core/holds_group.h"
#include "out/escape.h"
#include "out/report.h"

#define LABEL_CELLS 10

/* Writes where it is: the frame of a variable, or how far from the stack. */
static void put_distance(struct buf *out, const struct task *task,
			 const struct held *held, bool ascii)
{
	const struct stack *stack = task->stack;
	char steps[HELD_STEPS_MAX];

	if (held->kind != HELD_LOCAL || held->frame < 0) {
		buf_puts(out, held_format_steps(held, steps));
		return;
	}
	buf_printf(out, "frame %d", held->frame);
	if (!stack || (size_t)held->frame >= stack->nr_frames ||
	    !stack->frames[held->frame].function)
		return;
	buf_puts(out, " ");
	escape_text(out, stack->frames[held->frame].function, 0, ascii);
}

static void put_held(struct buf *out, const struct task *task, const struct held *held,
		     bool ascii)
{
	char text[HELD_LINE_MAX], others[HELD_OTHERS_MAX];

	buf_printf(out, "      %-*s  ", LABEL_CELLS, held_label(held));
	escape_text(out, held_format(held, ascii, text), 0, ascii);
	buf_puts(out, "  (");
	/* The way to a variable is its function. */
	if (held->way[0] && (held->kind != HELD_LOCAL || held->frame < 0)) {
		escape_text(out, held_format_way(held, ascii, text, sizeof(text)), 0,
			    ascii);
		buf_puts(out, ", ");
	}
	put_distance(out, task, held, ascii);
	held_format_others(task_more(task)->holds, held, others);
	buf_printf(out, "%s%s%s)\n", others[0] ? ", " : "", others,
		   held->inferred ? ", inferred" : "");
}

void text_put_holds(struct buf *out, const struct snapshot *snapshot,
		    const struct task *task, bool ascii)
{
	const struct holds *holds = task_more(task)->holds;
	const char *why = holds ? holds->why : holds_missing(snapshot, task);
	char took[HOLDS_TOOK_MAX];

	if (!holds || why) {
		buf_puts(out, "    holds: ");
		escape_text(out, why, 0, ascii);
		buf_puts(out, "\n");
		return;
	}
	buf_printf(out, "    holds (%" PRIu32 " object%s read in %s%s)\n", holds->objects,
		   holds->objects == 1 ? "" : "s", holds_format_took(holds, took),
		   holds->cut ? "; a limit was reached, so there may be more" : "");
	for (size_t i = 0; i < holds->nr; i++)
		put_held(out, task, &holds->list[i], ascii);
}

static void put_group(struct buf *out, const struct holds_of_group *of, bool ascii)
{
	char text[HOLDS_GROUP_TEXT_MAX], line[HELD_LINE_MAX + 64], site[REPORT_LINE_MAX];
	const struct group *group = of->group;

	buf_printf(out, "%" PRIu32 " tasks, ", group->count);
	escape_text(out, report_site(group->stack, group->created_by, group->state, site),
		    0, ascii);
	buf_puts(out, "\n  ");
	holds_group_text(of->holds, HOLDS_SENTENCE, ascii, text);
	escape_text(out, text[0] ? text : "they hold nothing in common", 0, ascii);
	buf_puts(out, holds_group_read(of->holds, group->count, text));
	buf_puts(out, "\n");
	for (size_t i = 0; i < of->holds->nr_differing; i++) {
		buf_puts(out, "  ");
		escape_text(out,
			    holds_differing_text(&of->holds->differing[i], ascii, line),
			    0, ascii);
		buf_puts(out, "\n");
	}
	buf_puts(out, "\n");
}

void text_put_holds_groups(struct buf *out, const struct snapshot *snapshot,
			   const struct rows *rows, bool ascii)
{
	struct holds_of_group list[HOLDS_GROUPS_MAX];
	struct arena arena;
	size_t nr;

	arena_init(&arena, 0);
	nr = holds_of_groups(snapshot, rows->index, rows->count, list, &arena);
	for (size_t i = 0; i < nr; i++)
		put_group(out, &list[i], ascii);
	arena_release(&arena);
}
