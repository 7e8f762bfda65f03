/* SPDX-License-Identifier: MIT */
/* Stacks: one line per frame, and the source lines around the frame that matters. */
#include <ctype.h>
#include <string.h>

#include "core/column.h"
#include "core/excerpt.h"
#include "out/html.h"

#define FRAMES_OPEN 12u /* further frames are folded */

/* Returns the number of spaces that all lines begin with. */
static size_t indent_of(const struct excerpt *excerpt)
{
	size_t least = EXCERPT_TEXT_MAX;

	for (size_t i = 0; i < excerpt->count; i++) {
		size_t spaces = strspn(excerpt->lines[i], " ");

		if (excerpt->lines[i][spaces] && spaces < least)
			least = spaces;
	}
	return least;
}

static void put_excerpt(const struct report_style *style, struct buf *out,
			const struct frame *frame)
{
	const struct report_request *request = style->request;
	struct excerpt excerpt = {.file = NULL};
	size_t indent;

	if (!frame->file || frame->line <= 0)
		return;
	excerpt_load(&excerpt, request->read_code, request->snapshot->target.pid,
		     frame->file, frame->line);
	if (excerpt.count == 0)
		return;
	indent = indent_of(&excerpt);
	buf_puts(out, "<pre class=\"code\">");
	for (size_t i = 0; i < excerpt.count; i++) {
		int number = excerpt.first + (int)i;
		bool here = number == frame->line;

		buf_printf(out, "%s<i>%s%5d</i>  ", here ? "<b>" : "",
			   here ? "&#9656;" : " ", number);
		if (strlen(excerpt.lines[i]) > indent)
			html_put(out, excerpt.lines[i] + indent);
		buf_puts(out, here ? "</b>\n" : "\n");
	}
	buf_puts(out, "</pre>");
}

static void put_frame(const struct report_style *style, struct buf *out,
		      const struct frame *frame, bool is_top)
{
	char text[COLUMN_TEXT_MAX];
	const char *place = frame_format_location(frame, text);

	buf_printf(out, "<li%s><code>",
		   is_top                           ? " class=\"top\""
		   : frame_role(frame) == FRAME_OWN ? ""
						    : " class=\"library\"");
	if (frame->function)
		html_put_cut(out, frame->function, 400);
	else
		buf_printf(out, "0x%llx", (unsigned long long)frame->address);
	buf_puts(out, "</code>");
	if (place[0]) {
		buf_puts(out, " <span class=\"place\" title=\"");
		html_put_cut(out, frame->file, 400);
		buf_puts(out, "\">");
		html_put_cut(out, place, 100);
		buf_puts(out, "</span>");
	}
	if (is_top)
		put_excerpt(style, out, frame);
	buf_puts(out, "</li>\n");
}

void html_stack(const struct report_style *style, struct buf *out, const char *title,
		const struct stack *stack)
{
	const struct frame *top = stack_top_frame(stack);
	size_t nr = stack ? stack->nr_frames : 0, open = FRAMES_OPEN;

	if (nr == 0)
		return;
	/* Do not fold a few frames only, nor the one that matters. */
	if (nr < open + 4 || top >= stack->frames + open)
		open = nr;
	buf_puts(out, "<h4>");
	buf_printf(out, "%c", toupper((unsigned char)title[0]));
	html_put(out, title + 1);
	buf_puts(out, "</h4>\n<ol class=\"stack\">\n");
	for (size_t i = 0; i < nr; i++) {
		if (i == open)
			buf_printf(out,
				   "</ol>\n<details><summary>%zu more frames</summary>\n"
				   "<ol class=\"stack\">\n",
				   nr - open);
		put_frame(style, out, &stack->frames[i], &stack->frames[i] == top);
	}
	buf_puts(out, "</ol>\n");
	if (open < nr)
		buf_puts(out, "</details>\n");
	if (stack->truncated)
		buf_puts(out,
			 "<p class=\"note\">The rest of this stack is unknown.</p>\n");
}
