/* SPDX-License-Identifier: MIT */
/* Lines and their cursor. The texts are in the arena until the page is built again. */
#include "tui/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "tui/editor.h"
#include "tui/scroll.h"

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

bool lines_click(struct lines *lines, int row)
{
	if (row < 0 || lines->top + (size_t)row >= lines->count)
		return false;
	lines_move_to(lines, (long)lines->top + row);
	return true;
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

bool lines_have(const struct lines *lines, size_t line, const struct pattern *pattern)
{
	const struct text_line *shown = &lines->list[line];

	return pattern_match(pattern, shown->text) ||
	       (shown->label && pattern_match(pattern, shown->label));
}

static const char *function_of(const struct frame *frame, char address[32])
{
	if (frame->function)
		return frame->function;
	snprintf(address, 32, "0x%llx", (unsigned long long)frame->address);
	return address;
}

static void copy_stack(struct tui *t, const struct stack *stack)
{
	struct buf text;
	char address[32];

	buf_init(&text, 0);
	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		buf_printf(&text, "%zu  %s", i, function_of(frame, address));
		if (frame->file)
			buf_printf(&text, "  %s:%d", frame->file, frame->line);
		buf_puts(&text, "\n");
	}
	if (!text.failed && text.length > 0)
		editor_copy(t, "the stack", text.bytes);
	buf_release(&text);
}

void lines_copy(struct tui *t, const struct lines *lines)
{
	const struct text_line *here = lines_here(lines);
	const char *address;

	if (!here)
		return;
	address = here->label && strcmp(here->label, "Object") == 0
			  ? strstr(here->text, "0x")
			  : NULL;
	if (here->stack)
		copy_stack(t, here->stack);
	else
		editor_copy(t, address ? "the address" : "the line",
			    address ? address : here->text + strspn(here->text, " "));
}

void lines_scroll(struct lines *lines, int by, int height)
{
	size_t top = by < 0 && (size_t)-by > lines->top ? 0 : lines->top + (size_t)by;
	size_t rows = height > 1 ? (size_t)height : 1;

	lines->top = scroll_top(top, top, height, lines->count);
	if (lines->at < lines->top)
		lines_move_to(lines, (long)lines->top);
	if (lines->at >= lines->top + rows)
		lines_move_to(lines, (long)(lines->top + rows - 1));
}

static void keep_visible(struct lines *lines, int height)
{
	/* Lines above the cursor come and go, but the cursor stays on its task. */
	for (size_t i = 0; lines->at_link && i < lines->count; i++) {
		size_t line = (lines->at + i) % lines->count;
		const struct identity *link = &lines->list[line].link;

		if (identity_same(link, &lines->link)) {
			lines->at = line;
			break;
		}
	}
	if (lines->at >= lines->count)
		lines->at = lines->count > 0 ? lines->count - 1 : 0;
	lines->top = scroll_top(lines->top, lines->quiet ? lines->top : lines->at, height,
				lines->count);
}

static void draw_line(const struct text_line *line, struct area body, int y, bool here)
{
	int x = body.x + 1, end = body.x + body.width;

	if (here)
		draw_fill(y, body.x, body.width, ROLE_NORMAL, true);
	if (line->label && body.width >= LINES_NARROW) {
		draw_text(y, x, LINES_LABEL_CELLS - 1, ROLE_DIM, here, line->label);
		x += LINES_LABEL_CELLS;
	}
	if (line->nr_parts == 0)
		draw_text(y, x, end - x, line->role, here, line->text);
	for (size_t i = 0; i < line->nr_parts; i++)
		x += draw_text(y, x, end - x, line->parts[i].role, here,
			       line->parts[i].text);
}

void lines_draw(struct lines *lines, struct area body)
{
	keep_visible(lines, body.height);
	for (int i = 0; i < body.height && lines->top + (size_t)i < lines->count; i++)
		draw_line(&lines->list[lines->top + (size_t)i], body, body.y + i,
			  !lines->quiet && lines->top + (size_t)i == lines->at);
}

int page_text_cells(int width)
{
	return width - (width >= LINES_NARROW ? LINES_LABEL_CELLS + 2 : 1);
}

void page_label(struct page *page, size_t first, const char *label)
{
	for (; first < page->lines->count; first++, label = "")
		page->lines->list[first].label = label;
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
	char id[TASK_ID_MAX], age[CLOCK_DURATION_MAX], process[64] = "";
	int64_t age_ns = task_age_ns(task, page->t->now_ns);
	enum role role = task->flags & TASK_STUCK  ? ROLE_STUCK
			 : task->flags & TASK_LONG ? ROLE_WARN
						   : ROLE_NORMAL;

	if (task->pid != page->pid)
		snprintf(process, sizeof(process), "%s of %.40s %d",
			 task->name[0] != '\0' ? " " : "",
			 task_more(task)->process ? task_more(task)->process : "process",
			 (int)task->pid);
	page_say(page, role, label, task, "%s%-7s %-12s %7s  %s%s",
		 task->flags & TASK_STUCK  ? "!"
		 : task->flags & TASK_LONG ? "?"
					   : " ",
		 task_format_short_id(task, id), state_info(task->state)->name,
		 age_ns < 0 ? "-" : clock_format_duration(age_ns, age), task->name,
		 process);
	tui_shows_age(page->t, age_ns);
}

/* ---- Frames ---- */

#define NUMBER_CELLS 5 /* " 12  " */
#define PLACE_MAX    600

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

/* Bytes of the folders that all files of the stack are in, or 0 if there is one file. */
static size_t common_folder(const struct stack *stack)
{
	const char *first = NULL;
	bool differ = false;
	size_t common = 0;

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const char *file = stack->frames[i].file;
		const char *slash = file ? strrchr(file, '/') : NULL;
		size_t same = 0, folder = 0;

		if (!file)
			continue;
		if (!first) {
			first = file;
			common = slash ? (size_t)(slash - file) + 1 : 0;
			continue;
		}
		for (; same < common && file[same] == first[same]; same++)
			if (file[same] == '/')
				folder = same + 1;
		common = folder;
		differ |= strcmp(file, first) != 0;
	}
	return differ ? common : 0;
}

/* Shortens a text from the left, at a slash, so that it fits: first by `common` bytes,
 * which do not differ. The last part stays whole. */
static void shorten(const struct page *page, const char *text, size_t common, int room,
		    char out[PLACE_MAX])
{
	bool ascii = page->t->ascii;
	const char *from = text, *slash;

	if (text_cells(text, PLACE_MAX, ascii) > room && common < strlen(text))
		from += common;
	while (text_cells(from, PLACE_MAX, ascii) + (from > text ? 2 + 2 * ascii : 0) >
		       room &&
	       (slash = strchr(from, '/')) && slash[1] != '\0')
		from = slash + 1;
	snprintf(out, PLACE_MAX, "%s%s",
		 from == text ? ""
		 : ascii      ? ".../"
			      : "\u2026/",
		 from);
}

static void page_frame(struct page *page, const struct stack *stack, size_t i,
		       enum role role, size_t common, int cells)
{
	const struct frame *frame = &stack->frames[i];
	const char *inlined = frame->inlined ? " (inlined)" : "";
	char place[PLACE_MAX] = "", shown[PLACE_MAX], name[PLACE_MAX], address[32];
	size_t first = page->lines->count;
	int used;

	shorten(page, function_of(frame, address), 0, page->width - NUMBER_CELLS, name);
	used = text_cells(name, PLACE_MAX, page->t->ascii);
	used = NUMBER_CELLS + (used > cells ? used : cells) + (int)strlen(inlined) + 2;
	if (frame->file && frame->line > 0)
		snprintf(place, sizeof(place), "%.560s:%d", frame->file, frame->line);
	else if (frame->file)
		snprintf(place, sizeof(place), "%.560s", frame->file);
	shorten(page, place, common, page->width - used, shown);
	used += text_cells(shown, PLACE_MAX, page->t->ascii);
	if (place[0] == '\0' || used <= page->width) {
		page_say(page, role, NULL, NULL, "%3zu  %-*s%s%s%s", i,
			 place[0] != '\0' ? cells : 0, name, place[0] != '\0' ? "  " : "",
			 shown, inlined);
	} else {
		page_say(page, role, NULL, NULL, "%3zu  %s%s", i, name, inlined);
		shorten(page, place, common, page->width - NUMBER_CELLS - 2, shown);
		page_say(page, role, NULL, NULL, "%*s%s", NUMBER_CELLS + 2, "", shown);
	}
	for (; first < page->lines->count; first++) {
		page->lines->list[first].stack = stack;
		page->lines->list[first].frame = i;
	}
}

void page_frames_range(struct page *page, const struct stack *stack,
		       const struct frame *top, size_t from, size_t to)
{
	int cells = function_cells(page, stack);
	size_t common = common_folder(stack);

	for (size_t i = from; i < to && i < stack->nr_frames; i++)
		page_frame(page, stack, i,
			   &stack->frames[i] == top ? ROLE_STRONG : ROLE_NORMAL, common,
			   cells);
}

void page_frames(struct page *page, const struct stack *stack, const struct frame *top)
{
	page_frames_range(page, stack, top, 0, stack->nr_frames);
	if (stack->truncated)
		page_say(page, ROLE_DIM, NULL, NULL,
			 "     ... further frames are unknown");
}
