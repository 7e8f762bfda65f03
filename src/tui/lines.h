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

/* A piece of a line that has a role of its own. */
struct text_part {
	enum role role;
	const char *text;
};

struct text_line {
	enum role role;
	const char *label; /* static; or NULL */
	const char *text;
	const struct text_part *parts; /* drawn instead of the text, or NULL */
	size_t nr_parts;
	struct identity link; /* the task that Enter opens */
	const struct stack
		*stack; /* the stack that it is a frame of, or NULL; interned */
	size_t frame;
	int command; /* or the view's command for Enter; 0 if none */
};

struct lines {
	struct arena arena; /* of the texts */
	struct text_line *list;
	size_t count, capacity;
	size_t at, top;
	bool at_link; /* keep the cursor on the link below it */
	struct identity link;
	bool quiet; /* the cursor is not shown: only `top` says what is on the screen */
};

/* The context for building lines. */
struct page {
	struct tui *t;
	struct lines *lines;
	const struct snapshot *snapshot; /* the snapshot that times refer to */
	int width, height;               /* available for text */
	pid_t pid; /* the process that the page is about if the target is several */
};

/* The area of a page that has what matters most: as much of it as fits. */
struct brief {
	int width, height;
	const char
		*alike; /* what it stands for, if it stands for several tasks, or NULL */
	bool whole;     /* nothing is left out: it is scrolled */
	bool read;      /* source code may be read now */
};

void lines_init(struct lines *lines);
void lines_release(struct lines *lines);
void lines_clear(struct lines *lines);
/* Moves to the first line, away from any task. */
void lines_go_home(struct lines *lines);
void lines_move_to(struct lines *lines, long line);
/* Moves to a line of the screen, counted from the first that is shown. Returns false if
 * there is nothing. */
bool lines_click(struct lines *lines, int row);
/* Returns false if the action does not move the cursor. */
bool lines_move(struct lines *lines, enum action action, int height);
/* Scrolls a quiet page; the cursor goes with it. */
void lines_scroll(struct lines *lines, int by, int height);
/* Returns the line under the cursor, or NULL. */
const struct text_line *lines_here(const struct lines *lines);
/* Returns whether a line has the pattern. */
bool lines_have(const struct lines *lines, size_t line, const struct pattern *pattern);
/* Copies what the line under the cursor is about: a whole stack, an address, or else the
 * line. */
void lines_copy(struct tui *t, const struct lines *lines);
void lines_draw(struct lines *lines, struct area body);

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
/* Adds a link with the task's id, state, age and name, and its process if that is not
 * the page's. */
void page_task(struct page *page, const char *label, const struct task *task);
/* top is the frame to emphasise, or NULL. */
void page_frames(struct page *page, const struct stack *stack, const struct frame *top);
/* Only the frames from number `from` up to `to`, which is left out. */
void page_frames_range(struct page *page, const struct stack *stack,
		       const struct frame *top, size_t from, size_t to);
/* Gives a label to the lines from number `first` on, which then begin where labelled texts
 * do. */
void page_label(struct page *page, size_t first, const char *label);
/* The cells for text beside labels, of a page that is so wide. */
int page_text_cells(int width);
/* Converts a time of CLOCK_MONOTONIC to wall-clock time, such as "10:00:03". */
const char *page_time(const struct page *page, int64_t mono_ns, char out[16]);

#endif
