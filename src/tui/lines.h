/* SPDX-License-Identifier: MIT */
/*
 * A page of lines about a task or a group: texts that are broken and never cut, stacks, and
 * tasks that are named and can be gone to. The cursor stays on the task that it is on while
 * lines come and go above it. Rebuilt for each frame.
 */
#ifndef TUI_LINES_H
#define TUI_LINES_H

#include "base/arena.h"
#include "tui/state.h"

#define LINES_LABEL_CELLS 12
#define LINES_NARROW      40 /* no labels below */

struct text_line {
	enum role role;
	const char *label; /* static; or NULL */
	const char *text;
	struct identity link; /* Enter goes there */
	int command;          /* or does this, of the view; 0: nothing */
};

struct lines {
	struct arena arena; /* of the texts */
	struct text_line *list;
	size_t count, capacity;
	size_t at, top;
	bool at_link; /* keep the cursor on the link below it */
	struct identity link;
};

/* What the lines are made with. */
struct page {
	struct tui *t;
	struct lines *lines;
	const struct snapshot *snapshot; /* whose times they are */
	int width;                       /* for text */
};

void lines_init(struct lines *lines);
void lines_release(struct lines *lines);
void lines_clear(struct lines *lines);
/* The first line, and no task under the cursor. */
void lines_go_home(struct lines *lines);
void lines_move_to(struct lines *lines, long line);
/* false: not an action that moves. */
bool lines_move(struct lines *lines, enum action action, int height);
/* The line under the cursor, or NULL. */
const struct text_line *lines_here(const struct lines *lines);
void lines_draw(const struct tui *t, struct lines *lines, struct area body);

/* One line, not broken: NULL where there is no room for more. */
struct text_line *page_line(struct page *page, enum role role, const char *text);
/* link: the task that is named, or NULL. */
void page_text(struct page *page, enum role role, const char *label,
	       const struct task *link, const char *text);
void page_say(struct page *page, enum role role, const char *label,
	      const struct task *link, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* An empty line, then the heading. */
void page_heading(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Id, state, age and name of a task that can be gone to. */
void page_task(struct page *page, const char *label, const struct task *task);
/* top: the frame to be emphasised, or NULL. */
void page_frames(struct page *page, const struct stack *stack, const struct frame *top);
/* The wall clock time of a moment of CLOCK_MONOTONIC, "10:00:03". */
const char *page_time(const struct page *page, int64_t mono_ns, char out[16]);

#endif
