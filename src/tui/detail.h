/* SPDX-License-Identifier: MIT */
/* What is known about one task, as lines: for the view of a task (view_detail.c) and for
 * the preview (preview.c). detail.c has the task, detail_lines.c everything about it,
 * detail_brief.c what matters most. */
#ifndef TUI_DETAIL_H
#define TUI_DETAIL_H

#include "core/excerpt.h"
#include "tui/lines.h"
#include "tui/state.h"

#define DETAIL_WAITERS_MAX 500
#define DETAIL_KIN_MAX     16

struct detail {
	struct identity id;
	struct snapshot *snapshot; /* a reference to the last one that has the task */
	const struct task *task;   /* points into snapshot, or NULL */
	bool ended;
	int64_t ended_ns; /* mono_ns of the first snapshot without the task */

	/* Found among all tasks of `others`, a reference, or not yet: then it is NULL. */
	struct snapshot *others;
	uint32_t waiters[DETAIL_WAITERS_MAX]; /* indices of tasks */
	size_t nr_waiters, all_waiters;
	const struct task *owner, *creator;
	/* Of those that await it, and of the several that it waits for. */
	const struct task *awaiting[DETAIL_KIN_MAX], *several[DETAIL_KIN_MAX];
	size_t nr_awaiting, nr_several;

	struct history_entry history[TRACK_HISTORY_MAX];
	size_t nr_history;
	struct excerpt excerpt;

	struct lines lines;
};

void detail_init(struct detail *d);
void detail_release(struct detail *d);
/* Shows no task. */
void detail_forget(struct detail *d);
/* Shows this task of the snapshot, whose reference it shares, and reads its history. Does
 * not search the others. */
void detail_show(struct tui *t, struct detail *d, struct snapshot *snapshot,
		 const struct task *task);
/* Searches all tasks of a snapshot for those that wait for the same object, the owner and
 * the creator. Linear in their number. */
void detail_find_others(struct detail *d, struct snapshot *snapshot);

/* Returns the frame that matters to the user: the first one of the program's own code with
 * a line number, or else the first of any. NULL if there is none. */
const struct frame *detail_place(const struct task *task);
/* Cuts off the process of an id: a task and those that it names as its goroutines are of
 * one process. Returns id. */
const char *detail_shorten_id(char *id);
/* Parts that both have, with labels: */
/* why the task is marked, if it is: with the mark as the label; */
void detail_say_marks(struct page *page, const struct task *task);
/* its state, and since when, in one line; */
void detail_say_state(struct page *page, const struct task *task);
/* who holds what the task waits on, if that is known; */
void detail_say_holder(struct page *page, const struct detail *d);
/* the object itself; */
void detail_say_object(struct page *page, const struct waits_on *waits);
/* its thread, start, CPU and switches. */
void detail_say_figures(struct page *page, const struct task *task);
/* alike: what the task stands for, or NULL. */
void detail_build(struct tui *t, struct detail *d, const char *alike, int width);

/* What matters most first. */
void detail_build_brief(struct tui *t, struct detail *d, const struct brief *brief);

#endif
