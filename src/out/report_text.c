/* SPDX-License-Identifier: MIT */
/* Reports as plain text and as Markdown. */
#include <string.h>

#include "core/spark.h"
#include "out/escape.h"
#include "out/report_style.h"

#define WIDTH 96u

/* Returns the length of the words that fit on a line; a longer word gets its own line. */
static size_t line_bytes(const char *at)
{
	size_t length = strlen(at);

	if (length <= WIDTH)
		return length;
	for (length = WIDTH; length > 0 && at[length] != ' '; length--)
		continue;
	return length > 0 ? length : strcspn(at, " ");
}

/* Wraps text at spaces. Every line starts with the indent, the first one with the
 * mark. */
static void put_wrapped(const struct report_style *style, struct buf *out,
			const char *indent, const char *mark, const char *text)
{
	struct buf line;
	size_t length;

	buf_init(&line, 0);
	escape_text(&line, text, 0, style->ascii);
	if (!line.failed && line.length > 0)
		for (char *at = line.bytes; *at;
		     at += length + strspn(at + length, " ")) {
			length = line_bytes(at);
			buf_printf(out, "%s%s%.*s\n", indent, mark, (int)length, at);
			mark = mark[0] ? "  " : "";
		}
	buf_release(&line);
}

static void text_begin(const struct report_style *style, struct buf *out,
		       const char *title)
{
	escape_text(out, title, 0, style->ascii);
	buf_puts(out, "\n\n");
}

static void text_end(struct buf *out)
{
	(void)out;
}

static void text_heading(const struct report_style *style, struct buf *out, int level,
			 const char *text)
{
	buf_puts(out, "\n");
	escape_text(out, text, 0, style->ascii);
	buf_puts(out, "\n");
	for (size_t i = level == 2 ? escape_cells(text, style->ascii) : 0; i > 0; i--)
		buf_puts(out, i == 1 ? "-\n" : "-");
}

static void text_paragraph(const struct report_style *style, struct buf *out,
			   const char *text)
{
	put_wrapped(style, out, "", "", text);
}

static void text_item(const struct report_style *style, struct buf *out, const char *text)
{
	put_wrapped(style, out, "", "- ", text);
}

static void put_frames(const struct report_style *style, struct buf *out,
		       const char *indent, const struct stack *stack)
{
	char line[REPORT_FRAME_MAX];

	for (size_t i = 0; i < stack->nr_frames; i++) {
		buf_puts(out, indent);
		escape_text(out, report_frame(&stack->frames[i], line), 0, style->ascii);
		buf_puts(out, "\n");
	}
}

static void text_stack(const struct report_style *style, struct buf *out,
		       const char *title, const struct stack *stack)
{
	if (!stack)
		return;
	buf_printf(out, "  %s\n", title);
	put_frames(style, out, "    ", stack);
}

static void put_plot(const struct report_style *style, struct buf *out,
		     const struct report_plot *plot, const char *before,
		     const char *after)
{
	char bars[256], first[REPORT_VALUE_MAX], last[REPORT_VALUE_MAX];

	spark_text(plot->values, plot->count, 64, style->ascii, bars, sizeof(bars));
	if (bars[0])
		buf_printf(out, "%s%s  %s to %s %s%s\n", before, bars,
			   report_value(plot, plot->values[0], first),
			   report_value(plot, plot->values[plot->count - 1], last),
			   plot->what, after);
}

static void text_plot(const struct report_style *style, struct buf *out,
		      const struct report_plot *plot)
{
	put_plot(style, out, plot, "  ", "");
}

static const struct report_style text_style = {
	false,          text_begin, text_end,   text_heading,
	text_paragraph, text_item,  text_stack, text_plot,
};

static void write_text(const struct report_request *request, struct buf *out)
{
	struct report_style style = text_style;

	style.ascii = request->ascii;
	report_write_parts(request, &style, out);
}

const struct report_ops report_text = {"text", "for people", write_text};

/* Puts a backslash before each character that Markdown would interpret. */
static void put_marked(struct buf *out, const char *text, bool ascii)
{
	struct buf plain;

	buf_init(&plain, 0);
	escape_text(&plain, text, 0, ascii);
	for (const char *at = plain.bytes; !plain.failed && at && *at; at++) {
		if (strchr("\\`*_[]<>#|~", *at))
			buf_puts(out, "\\");
		buf_append(out, at, 1);
	}
	buf_release(&plain);
}

static void md_begin(const struct report_style *style, struct buf *out, const char *title)
{
	buf_puts(out, "# ");
	put_marked(out, title, style->ascii);
	buf_puts(out, "\n\n");
}

static void md_heading(const struct report_style *style, struct buf *out, int level,
		       const char *text)
{
	buf_printf(out, "\n%s ", level == 2 ? "##" : "###");
	put_marked(out, text, style->ascii);
	buf_puts(out, "\n\n");
}

static void md_paragraph(const struct report_style *style, struct buf *out,
			 const char *text)
{
	put_marked(out, text, style->ascii);
	buf_puts(out, "\n\n");
}

static void md_item(const struct report_style *style, struct buf *out, const char *text)
{
	buf_puts(out, "- ");
	put_marked(out, text, style->ascii);
	buf_puts(out, "\n");
}

/* The block is indented by four spaces, so no text of the target can close it. */
static void md_stack(const struct report_style *style, struct buf *out, const char *title,
		     const struct stack *stack)
{
	if (!stack)
		return;
	buf_printf(out, "\n%s:\n\n", title);
	put_frames(style, out, "    ", stack);
	buf_puts(out, "\n");
}

static void md_plot(const struct report_style *style, struct buf *out,
		    const struct report_plot *plot)
{
	put_plot(style, out, plot, "`", "`\n");
}

static const struct report_style md_style = {
	false, md_begin, text_end, md_heading, md_paragraph, md_item, md_stack, md_plot,
};

static void write_markdown(const struct report_request *request, struct buf *out)
{
	struct report_style style = md_style;

	style.ascii = request->ascii;
	report_write_parts(request, &style, out);
}

const struct report_ops report_markdown = {"markdown", "for issues and merge requests",
					   write_markdown};
