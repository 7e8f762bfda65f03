/* SPDX-License-Identifier: MIT */
/*
 * A page of lines about a task or a group: texts, which are wrapped and never cut,
 * stacks, and links to tasks. The cursor stays on its task while lines above it come and
 * go. The page is built again for every frame.
 */
#ifndef TUI_LINES_H
#define TUI_LINES_H

#include "base/arena.h"
#include "tui/state.h"

#define LINES_LABEL_CELLS 12
#define LINES_NARROW      40 /* below this width there are no labels */

struct text_line {
	enum role role;
	const char *label; /* static; or NULL */
	const char *text;
	struct identity link; /* the task that Enter opens */
	int command;          /* or the view's command for Enter; 0 if none */
};

struct lines {
	struct arena arena; /* of the texts */
	struct text_line *list;
	size_t count, capacity;
	size_t at, top;
	bool at_link; /* keep the cursor on the link below it */
	struct identity link;
};

/* The context for building lines. */
struct page {
	struct tui *t;
	struct lines *lines;
	const struct snapshot *snapshot; /* the snapshot that times refer to */
	int width;                       /* available for text */
};

void lines_init(struct lines *lines);
void lines_release(struct lines *lines);
void lines_clear(struct lines *lines);
/* Moves to the first line, away from any task. */
void lines_go_home(struct lines *lines);
void lines_move_to(struct lines *lines, long line);
/* Returns false if the action does not move the cursor. */
bool lines_move(struct lines *lines, enum action action, int height);
/* Returns the line under the cursor, or NULL. */
const struct text_line *lines_here(const struct lines *lines);
void lines_draw(const struct tui *t, struct lines *lines, struct area body);

/* Adds a line that is not wrapped. Returns NULL if out of memory. */
struct text_line *page_line(struct page *page, enum role role, const char *text);
/* link is the task that the text names, or NULL. */
void page_text(struct page *page, enum role role, const char *label,
	       const struct task *link, const char *text);
void page_say(struct page *page, enum role role, const char *label,
	      const struct task *link, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Adds an empty line and then the heading. */
void page_heading(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Adds a link with the task's id, state, age and name. */
void page_task(struct page *page, const char *label, const struct task *task);
/* top is the frame to emphasise, or NULL. */
void page_frames(struct page *page, const struct stack *stack, const struct frame *top);
/* Converts a time of CLOCK_MONOTONIC to wall-clock time, such as "10:00:03". */
const char *page_time(const struct page *page, int64_t mono_ns, char out[16]);

#endif
