/* SPDX-License-Identifier: MIT */
/*
 * A state that took long is not allowed to hide those around it: each has at least its
 * sign, and the first one is no wider than the others together. What took how long is said
 * where there is room.
 */
#include "tui/strip.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define CELLS_MAX 160
#define PART_MAX  (CELLS_MAX * 4)

/* Returns the name with its time, or less of it, that fits in the cells. */
static void say_state(enum task_state state, int64_t took_ns, int cells, char *out,
		      size_t size)
{
	const char *name = state_info(state)->name;
	char took[CLOCK_DURATION_MAX];

	clock_format_duration(took_ns, took);
	if ((int)(strlen(name) + strlen(took)) + 2 <= cells)
		snprintf(out, size, "%s %s", name, took);
	else if ((int)strlen(name) + 1 <= cells)
		snprintf(out, size, "%.63s", name);
	else
		snprintf(out, size, "%c", name[0]);
}

/* The cells of a state: a sign where it begins, what it is, and a line to its end. */
static void fill_part(struct page *page, struct text_part *part, enum task_state state,
		      int64_t took_ns, int cells)
{
	const char *line = page->t->ascii ? "-" : "\u2500";
	char text[PART_MAX], name[64];
	size_t used;

	say_state(state, took_ns, cells - 1, name, sizeof(name));
	used = (size_t)snprintf(text, sizeof(text), "%s%s",
				page->t->ascii ? "|" : "\u2502", cells > 1 ? name : "");
	cells -= 1 + (cells > 1 ? (int)strlen(name) : 0);
	for (; cells > 0; cells--)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", line);
	part->role = (enum role)(ROLE_CLASS_CHANNEL + state_info(state)->class);
	part->text = arena_strndup(&page->lines->arena, text, sizeof(text));
}

static int64_t took_of(const struct history_entry *history, size_t i, int64_t until_ns)
{
	int64_t took_ns =
		(i > 0 ? history[i - 1].since_ns : until_ns) - history[i].since_ns;

	return took_ns > 0 ? took_ns : 0;
}

/* Shares the cells among the states, the newest first, by their times. */
static void share_cells(const struct history_entry *history, size_t count,
			int64_t until_ns, int cells, int *out)
{
	int least = 2, left = cells - least * (int)count;
	int64_t all_ns = 0, first_ns = took_of(history, count - 1, until_ns);

	for (size_t i = 0; i + 1 < count; i++)
		all_ns += took_of(history, i, until_ns);
	first_ns = first_ns < all_ns ? first_ns : all_ns;
	all_ns += first_ns;
	for (size_t i = 0, given = 0; i < count; i++) {
		int64_t took_ns =
			i + 1 < count ? took_of(history, i, until_ns) : first_ns;
		int more =
			all_ns > 0
				? (int)((double)left * (double)took_ns / (double)all_ns)
				: 0;

		/* What rounding leaves belongs to the state of now. */
		out[i] = least + more;
		given += (size_t)more;
		if (i + 1 == count)
			out[0] += left - (int)given;
	}
}

void page_strip(struct page *page, const char *label, const struct history_entry *history,
		size_t count, int64_t until_ns)
{
	int cells = page->width < CELLS_MAX ? page->width : CELLS_MAX;
	int widths[TRACK_HISTORY_MAX];
	struct text_part *parts;
	struct text_line *line;

	count = count < (size_t)cells / 4 ? count : (size_t)(cells / 4);
	if (count < 2)
		return;
	parts = arena_alloc(&page->lines->arena, count * sizeof(*parts));
	line = parts ? page_line(page, ROLE_NORMAL, "") : NULL;
	if (!line)
		return;
	share_cells(history, count, until_ns, cells, widths);
	for (size_t i = 0; i < count; i++)
		fill_part(page, &parts[count - 1 - i], history[i].state,
			  took_of(history, i, until_ns), widths[i]);
	line->label = label;
	line->parts = parts;
	line->nr_parts = count;
}
