/* SPDX-License-Identifier: MIT */
#include "out/text_stacks.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "core/verdict.h"
#include "out/escape.h"

#define AWAITING_SHOWN 4u

void text_stacks_init(struct text_stacks *stacks)
{
	memset(stacks, 0, sizeof(*stacks));
	buf_init(&stacks->own.text, 0);
	buf_init(&stacks->creator.text, 0);
}

void text_stacks_release(struct text_stacks *stacks)
{
	buf_release(&stacks->own.text);
	buf_release(&stacks->creator.text);
}

static void write_frames(struct buf *out, const struct stack *stack, bool ascii)
{
	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		buf_printf(out, "      #%-2zu ", i);
		if (frame->function)
			escape_text(out, frame->function, 0, ascii);
		else
			buf_printf(out, "0x%" PRIx64, frame->address);
		if (frame->inlined)
			buf_puts(out, " (inlined)");
		if (frame->file) {
			buf_puts(out, " at ");
			escape_text(out, frame->file, 0, ascii);
			if (frame->line > 0)
				buf_printf(out, ":%d", frame->line);
		}
		buf_puts(out, "\n");
	}
	if (stack->truncated)
		buf_puts(out, "      (the rest is unknown)\n");
}

/* Neighbours in a table often have equal stacks, which are one: their text is made once. */
static void put_frames(struct last_stack *last, struct buf *out,
		       const struct stack *stack, bool ascii)
{
	if (last->stack != stack) {
		buf_clear(&last->text);
		write_frames(&last->text, stack, ascii);
		last->stack = stack;
	}
	buf_append(out, last->text.bytes, last->text.length);
	out->failed |= last->text.failed;
}

/* Returns true if text contains id as a whole word: not t47 in a text about t471. Texts
 * are those of one process, so they have g17 for g17@4711. */
static bool mentions(const char *text, const char *id)
{
	size_t bytes = strcspn(id, "@");

	for (const char *at = text; *at; at++)
		if (strncmp(at, id, bytes) == 0 && !byte_is_digit(at[bytes]))
			return true;
	return false;
}

/* Writes "stuck: waits for a mutex held by t12, for 14s", or nothing if the state is
 * enough. */
static void put_evidence(struct buf *out, const struct task *task, int64_t now_ns)
{
	const char *word = task->flags & TASK_STUCK  ? "stuck"
			   : task->flags & TASK_LONG ? "long"
			   : task->flags & TASK_IDLE ? "idle"
						     : NULL;
	char text[VERDICT_TEXT_MAX];

	if (word && task->evidence.why != WHY_NOTHING && task->evidence.why != WHY_STATE)
		buf_printf(out, "    %s: %s\n", word,
			   verdict_explain(task, now_ns, text));
}

/* Who awaits the task; one that is alone with its name. */
static void put_awaiting(struct buf *out, const struct task *task, bool ascii)
{
	const struct task_more *more = task_more(task);
	char id[TASK_ID_MAX];

	for (size_t i = 0; i < more->nr_awaiting && i < AWAITING_SHOWN; i++)
		buf_printf(out, "%s%s", i ? ", " : "    awaited by ",
			   task_format_coroutine(task, more->awaiting_cids[i], id));
	if (more->nr_awaiting > AWAITING_SHOWN)
		buf_printf(out, " and %u more", more->nr_awaiting - AWAITING_SHOWN);
	if (more->nr_awaiting == 1 && task_awaited_by(task)) {
		buf_puts(out, " ");
		escape_text(out, task_awaited_by(task), 0, ascii);
	}
	if (more->nr_awaiting > 0)
		buf_puts(out, "\n");
}

void text_put_stacks(struct text_stacks *stacks, struct buf *out, const struct task *task,
		     int64_t now_ns, bool ascii)
{
	char id[TASK_ID_MAX];
	const char *owner = task_format_owner(task, id);

	put_evidence(out, task, now_ns);
	if (task->waits.kind) {
		buf_puts(out, "    waits on ");
		escape_text(out, task->waits.text, 0, ascii);
		/* Most texts name the owner already. */
		if (owner && !strstr(task->waits.text, "held by") &&
		    !mentions(task->waits.text, owner))
			buf_printf(out, ", held by %s", owner);
		buf_puts(out, "\n");
	}
	if (task_more(task)->inner) {
		buf_puts(out, "    inside ");
		escape_text(out, task_more(task)->inner, 0, ascii);
		buf_puts(out, "\n");
	}
	put_awaiting(out, task, ascii);
	if (task->stack) {
		buf_puts(out, "    stack\n");
		put_frames(&stacks->own, out, task->stack, ascii);
	}
	if (task->created_by || task->creator_id) {
		const char *parent = task_format_parent(task, id);

		buf_printf(out, "    created by%s%s", parent ? " " : "",
			   parent ? parent : "");
		if (task_more(task)->creator_name && *task_more(task)->creator_name) {
			buf_puts(out, " ");
			escape_text(out, task_more(task)->creator_name, 0, ascii);
		}
		buf_puts(out, "\n");
		if (task->created_by)
			put_frames(&stacks->creator, out, task->created_by, ascii);
	}
	for (size_t i = 1; task_more(task)->ancestry && i < task_more(task)->ancestry->nr;
	     i++) {
		const char *ancestor = task_format_ancestor(task, i, id);

		buf_printf(out, "    which was created by%s%s\n", ancestor ? " " : "",
			   ancestor ? ancestor : "");
		write_frames(out, task_more(task)->ancestry->stacks[i], ascii);
	}
}
