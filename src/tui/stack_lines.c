/* SPDX-License-Identifier: MIT */
#include "tui/stack_lines.h"

#include <stdio.h>

const struct frame *stack_place(const struct stack *stack, const struct frame *top)
{
	if (top && top->file && top->line > 0)
		return top;
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (stack->frames[i].file && stack->frames[i].line > 0)
			return &stack->frames[i];
	return NULL;
}

static void add_code(struct page *page, const struct stack_lines *of)
{
	struct excerpt *excerpt = of->excerpt;
	const struct frame *frame = of->place;
	pid_t pid = page->pid > 0 ? page->pid : page->snapshot->target.pid;
	bool known = excerpt->file == frame->file && excerpt->line == frame->line &&
		     excerpt->pid == pid;
	size_t at, first, last;

	if (of->code == 0 || (!known && !of->read))
		return;
	excerpt_load(excerpt, page->t->options->read_code, pid, frame->file, frame->line);
	if (excerpt->count == 0)
		return;
	at = (size_t)(frame->line - excerpt->first);
	first = at > of->code / 2 ? at - of->code / 2 : 0;
	last = first + of->code < excerpt->count ? first + of->code : excerpt->count;
	for (size_t i = first; i < last; i++) {
		struct text_line *line = page_line(
			page, i == at ? ROLE_STRONG : ROLE_DIM,
			arena_printf(&page->lines->arena, "   %s %5d  %s",
				     i == at ? ">" : " ", excerpt->first + (int)i,
				     excerpt->lines[i]));

		if (!line)
			return;
		line->stack = of->stack;
		line->frame = (size_t)(frame - of->stack->frames);
	}
}

/* The frames up to `to`, with the code. */
static void add_frames(struct page *page, const struct stack_lines *of, size_t from,
		       size_t to)
{
	size_t place = of->place ? (size_t)(of->place - of->stack->frames) : to;

	if (place < from || place >= to) {
		page_frames_range(page, of->stack, of->top, from, to);
		return;
	}
	page_frames_range(page, of->stack, of->top, from, place + 1);
	add_code(page, of);
	page_frames_range(page, of->stack, of->top, place + 1, to);
}

/* Cuts the lines from number `first` on to `most`, where a frame ends, and says how many
 * frames are left out. */
static void cut_frames(struct page *page, const struct stack *stack, size_t first,
		       size_t most)
{
	const struct text_line *list = page->lines->list;
	size_t cut = first + (most > 1 ? most - 1 : 0), left;

	while (cut > first && list[cut].frame == list[cut - 1].frame)
		cut--;
	if (cut == first) /* not even one: as much of it as there is room for */
		cut = first + (most > 1 ? most - 1 : 0);
	left = stack->nr_frames - list[cut].frame;
	page->lines->count = cut;
	page_say(page, ROLE_DIM, NULL, NULL, "     %zu more frame%s", left,
		 left == 1 ? "" : "s");
}

void page_stack(struct page *page, const struct stack_lines *of, size_t most)
{
	const struct stack *stack = of->stack;
	size_t first = page->lines->count, top;

	if (!stack || stack->nr_frames == 0) {
		page_say(page, ROLE_DIM, NULL, NULL, "unknown");
		return;
	}
	add_frames(page, of, 0, stack->nr_frames);
	top = of->top ? (size_t)(of->top - stack->frames) : 0;
	if (top > 0 && page->lines->count - first > most) {
		page->lines->count = first;
		add_frames(page, of, top, stack->nr_frames);
	}
	if (page->lines->count - first > most)
		cut_frames(page, stack, first, most);
	else if (stack->truncated)
		page_say(page, ROLE_DIM, NULL, NULL,
			 "     ... further frames are unknown");
}
