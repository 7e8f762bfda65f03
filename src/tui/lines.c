/* SPDX-License-Identifier: MIT */
/* Lines and their cursor. The texts are in the arena until the page is built again. */
#include "tui/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"

#define LINES_MAX      4096
#define TEXT_MAX       1200
#define FUNCTION_CELLS 36

void lines_init(struct lines *lines)
{
	memset(lines, 0, sizeof(*lines));
	arena_init(&lines->arena, 0);
}

void lines_release(struct lines *lines)
{
	arena_release(&lines->arena);
	free(lines->list);
}

void lines_clear(struct lines *lines)
{
	arena_release(&lines->arena);
	arena_init(&lines->arena, 0);
	lines->count = 0;
}

void lines_go_home(struct lines *lines)
{
	lines->at = lines->top = 0;
	lines->at_link = false;
}

void lines_move_to(struct lines *lines, long line)
{
	long last = (long)lines->count - 1;

	line = line > last ? last : line;
	lines->at = line > 0 ? (size_t)line : 0;
	lines->at_link = lines->count > 0 && lines->list[lines->at].link.set;
	if (lines->at_link)
		lines->link = lines->list[lines->at].link;
}

bool lines_move(struct lines *lines, enum action action, int height)
{
	size_t to = lines->at;

	if (key_moves(action, height - 1, lines->count, &to)) {
		lines_move_to(lines, (long)to);
		return true;
	}
	switch (action) {
	case ACTION_NEXT_LINK:
	case ACTION_PREVIOUS_LINK:
		for (size_t i = 1; i <= lines->count; i++) {
			size_t step = action == ACTION_NEXT_LINK ? i : lines->count - i;
			size_t line = (lines->at + step) % lines->count;

			if (lines->list[line].link.set || lines->list[line].command) {
				lines_move_to(lines, (long)line);
				break;
			}
		}
		return true;
	default:
		return false;
	}
}

const struct text_line *lines_here(const struct lines *lines)
{
	return lines->at < lines->count ? &lines->list[lines->at] : NULL;
}

static void keep_visible(struct lines *lines, int height)
{
	size_t rows = height > 0 ? (size_t)height : 1;

	/* Lines above the cursor come and go, but the cursor stays on its task. */
	for (size_t i = 0; lines->at_link && i < lines->count; i++) {
		size_t line = (lines->at + i) % lines->count;
		const struct identity *link = &lines->list[line].link;

		if (link->set && link->id == lines->link.id &&
		    link->kind == lines->link.kind) {
			lines->at = line;
			break;
		}
	}
	if (lines->at >= lines->count)
		lines->at = lines->count > 0 ? lines->count - 1 : 0;
	if (lines->at < lines->top)
		lines->top = lines->at;
	if (lines->at >= lines->top + rows)
		lines->top = lines->at - rows + 1;
}

static void draw_line(const struct tui *t, const struct text_line *line, int y, bool here)
{
	int x = 1;

	if (here)
		draw_fill(y, 0, t->width, ROLE_NORMAL, true);
	if (line->label && t->width >= LINES_NARROW) {
		draw_text(y, x, LINES_LABEL_CELLS - 1, ROLE_DIM, here, line->label);
		x += LINES_LABEL_CELLS;
	}
	draw_text(y, x, t->width - x, line->role, here, line->text);
}

void lines_draw(const struct tui *t, struct lines *lines, struct area body)
{
	keep_visible(lines, body.height);
	for (int i = 0; i < body.height && lines->top + (size_t)i < lines->count; i++)
		draw_line(t, &lines->list[lines->top + (size_t)i], body.y + i,
			  lines->top + (size_t)i == lines->at);
}

struct text_line *page_line(struct page *page, enum role role, const char *text)
{
	struct lines *lines = page->lines;

	if (!array_reserve_most(&lines->list, &lines->capacity, lines->count + 1,
				LINES_MAX))
		return NULL;
	memset(&lines->list[lines->count], 0, sizeof(*lines->list));
	lines->list[lines->count].role = role;
	lines->list[lines->count].text = text ? text : "";
	return &lines->list[lines->count++];
}

void page_text(struct page *page, enum role role, const char *label,
	       const struct task *link, const char *text)
{
	size_t skip = 0, used;

	do {
		struct text_line *line;

		used = text_wrap(text, page->width, page->t->ascii, &skip);
		line = page_line(page, role,
				 arena_strndup(&page->lines->arena, text, used));
		if (!line)
			return;
		line->label = label;
		if (link)
			line->link = identity_of(link);
		label = label ? "" : NULL;
		text += used + skip;
	} while (*text != '\0');
}

void page_say(struct page *page, enum role role, const char *label,
	      const struct task *link, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	page_text(page, role, label, link, text);
}

void page_heading(struct page *page, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	page_line(page, ROLE_NORMAL, "");
	page_text(page, ROLE_STRONG, NULL, NULL, text);
}

const char *page_time(const struct page *page, int64_t mono_ns, char out[16])
{
	const struct snapshot *s = page->snapshot;
	time_t seconds =
		(time_t)((s->real_ns - (s->mono_ns - mono_ns)) / CLOCK_SECOND_NS);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(out, 16, "%H:%M:%S", &tm) == 0)
		out[0] = '\0';
	return out;
}

void page_task(struct page *page, const char *label, const struct task *task)
{
	char id[TASK_ID_MAX], age[CLOCK_DURATION_MAX];
	int64_t age_ns = task_age_ns(task, page->t->now_ns);
	enum role role = task->flags & TASK_STUCK  ? ROLE_STUCK
			 : task->flags & TASK_LONG ? ROLE_WARN
						   : ROLE_NORMAL;

	page_say(page, role, label, task, "%s%-7s %-12s %7s  %s",
		 task->flags & TASK_STUCK  ? "!"
		 : task->flags & TASK_LONG ? "?"
					   : " ",
		 task_format_id(task, id), state_info(task->state)->name,
		 age_ns < 0 ? "-" : clock_format_duration(age_ns, age), task->name);
	tui_shows_age(page->t, age_ns);
}

/* Returns the width that most function names of the stack fit in, to align the places. */
static int function_cells(const struct page *page, const struct stack *stack)
{
	int widest = 8;

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const char *function = stack->frames[i].function;
		int cells = function ? text_cells(function, 200, page->t->ascii) : 0;

		if (cells <= FUNCTION_CELLS && cells > widest)
			widest = cells;
	}
	return page->width >= 2 * FUNCTION_CELLS ? widest : 0;
}

void page_frames(struct page *page, const struct stack *stack, const struct frame *top)
{
	int cells = function_cells(page, stack);

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];
		char place[600] = "", name[32];

		snprintf(name, sizeof(name), "0x%llx",
			 (unsigned long long)frame->address);
		if (frame->file && frame->line > 0)
			snprintf(place, sizeof(place), "  %s:%d", frame->file,
				 frame->line);
		else if (frame->file)
			snprintf(place, sizeof(place), "  %s", frame->file);
		page_say(page, frame == top ? ROLE_STRONG : ROLE_NORMAL, NULL, NULL,
			 "%3zu  %-*s%s%s", i, place[0] != '\0' ? cells : 0,
			 frame->function ? frame->function : name, place,
			 frame->inlined ? " (inlined)" : "");
	}
	if (stack->truncated)
		page_say(page, ROLE_DIM, NULL, NULL,
			 "     ... further frames are unknown");
}
