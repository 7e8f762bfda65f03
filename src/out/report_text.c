/* SPDX-License-Identifier: MIT */
/* Reports as plain text and as Markdown. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/spark.h"
#include "core/verdict.h"
#include "out/escape.h"
#include "out/report_style.h"

#define WIDTH_MOST    96u
#define WIDTH_LEAST   20u
#define SPARK_CELLS   32u
#define CARD_LINE_MAX (REPORT_LINE_MAX + 128 + VERDICT_TEXT_MAX)

static size_t width_of(const struct report_style *style)
{
	size_t width = style->request->width;

	if (width == 0 || width > WIDTH_MOST)
		return WIDTH_MOST;
	return width < WIDTH_LEAST ? WIDTH_LEAST : width;
}

/* Returns the length of the words that fit into the room; a longer word gets its own
 * line. */
static size_t line_bytes(const char *at, size_t room)
{
	size_t length = strlen(at);

	if (length <= room)
		return length;
	for (length = room; length > 0 && at[length] != ' '; length--)
		continue;
	return length > 0 ? length : strcspn(at, " ");
}

/* Wraps text at spaces. The first line starts with the mark, and the others with as many
 * spaces. */
static void put_wrapped(const struct report_style *style, struct buf *out,
			const char *mark, const char *text)
{
	size_t length, room = width_of(style) - strlen(mark);
	struct buf line;

	buf_init(&line, 0);
	escape_text(&line, text, 0, style->request->ascii);
	if (!line.failed && line.length > 0)
		for (char *at = line.bytes; *at;
		     at += length + strspn(at + length, " ")) {
			length = line_bytes(at, room);
			buf_printf(out, "%s%.*s\n", mark, (int)length, at);
			mark = mark[0] ? "  " : "";
		}
	buf_release(&line);
}

/* Writes what was watched and what was found, as paragraphs and items of the style. */
static void put_summary(const struct report_style *style, struct buf *out)
{
	const struct report_request *request = style->request;
	const struct snapshot *s = request->snapshot;
	struct report_found found = report_count_found(s);
	char line[REPORT_LINE_MAX], span[CLOCK_DURATION_MAX], iso[CLOCK_ISO_MAX];
	char counts[REPORT_COUNTS_MAX];

	report_counts_text(s->counts.tasks, s->counts.stuck, s->counts.is_long, counts);
	clock_format_iso(s->real_ns, iso);
	if (request->nr_samples > 1)
		snprintf(line, sizeof(line),
			 "Watched for %s until %s, %" PRIu64
			 " samples, through %s. At the end %s.",
			 clock_format_duration(request->watched_ns, span), iso,
			 request->nr_samples, s->target.sources, counts);
	else
		snprintf(line, sizeof(line), "One sample, of %s, through %s: %s.", iso,
			 s->target.sources, counts);
	style->paragraph(style, out, line);
	snprintf(line, sizeof(line), "%zu leak%s, %zu deadlock%s.", found.leaks,
		 found.leaks == 1 ? "" : "s", found.deadlocks,
		 found.deadlocks == 1 ? "" : "s");
	if (found.perhaps > 0)
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 " %zu possible: watch for longer.", found.perhaps);
	else if (!report_judges_growth(request))
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 " This was too short to judge whether anything grows.");
	style->paragraph(style, out, line);
	for (size_t i = 0; i < s->nr_notes; i++)
		style->item(style, out, s->notes[i]);
	if (request->holds)
		style->item(style, out, holds_secrets);
}

static void text_begin(const struct report_style *style, struct buf *out,
		       const char *title)
{
	put_wrapped(style, out, "", title);
	buf_puts(out, "\n");
	put_summary(style, out);
}

static void text_end(const struct report_style *style, struct buf *out)
{
	(void)style;
	(void)out;
}

static void text_section(const struct report_style *style, struct buf *out,
			 const char *id, const char *title)
{
	(void)style;
	(void)id;
	buf_printf(out, "\n%s\n", title);
	for (size_t i = strlen(title); i > 0; i--)
		buf_puts(out, i == 1 ? "-\n" : "-");
}

static void ends_nothing(struct buf *out)
{
	(void)out;
}

static bool is_item(const struct report_card *card)
{
	return card->mark == REPORT_STUCK || card->mark == REPORT_LONG;
}

/* Writes "Leak 1: chan-send in …"; of stuck tasks, also the evidence. */
static const char *card_line(const struct report_card *card, char *out, size_t size)
{
	const char *evidence = card->evidence ? card->evidence : "";

	snprintf(out, size, "%s: %s%s%s", card->label, card->title,
		 evidence[0] ? "; " : "", evidence);
	return out;
}

static void text_card(const struct report_style *style, struct buf *out,
		      const struct report_card *card)
{
	char line[CARD_LINE_MAX];

	card_line(card, line, sizeof(line));
	if (!is_item(card))
		buf_puts(out, "\n");
	put_wrapped(style, out, is_item(card) ? "- " : "", line);
}

static void text_paragraph(const struct report_style *style, struct buf *out,
			   const char *text)
{
	put_wrapped(style, out, "", text);
}

static void text_item(const struct report_style *style, struct buf *out, const char *text)
{
	put_wrapped(style, out, "- ", text);
}

static void put_frames(const struct report_style *style, struct buf *out,
		       const char *indent, const struct stack *stack)
{
	char line[REPORT_FRAME_MAX];

	for (size_t i = 0; i < stack->nr_frames; i++) {
		buf_puts(out, indent);
		escape_text(out, report_frame(&stack->frames[i], line), 0,
			    style->request->ascii);
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

/* Appends the values as bars. Returns false if there is nothing to see. */
static bool put_bars(const struct report_style *style, struct buf *out,
		     const struct report_plot *plot)
{
	const struct series *series = plot->series;
	double unit = plot->unit == UNIT_BYTES ? 1024 : 1;
	struct series_point points[SPARK_CELLS];
	uint32_t values[SPARK_CELLS];
	char bars[256];

	series_resample(series, series->first_ns, series->last_ns, points, SPARK_CELLS);
	for (size_t i = 0; i < SPARK_CELLS; i++)
		values[i] = points[i].last > 0
				    ? (uint32_t)fmin((double)points[i].last / unit, 4e9)
				    : 0;
	spark_text(values, SPARK_CELLS, SPARK_CELLS, style->request->ascii, bars,
		   sizeof(bars));
	buf_puts(out, bars);
	return bars[0] != '\0';
}

static void put_plot(const struct report_style *style, struct buf *out,
		     const struct report_plot *plot, const char *before,
		     const char *after)
{
	const struct series *series = plot->series;
	char first[REPORT_VALUE_MAX], last[REPORT_VALUE_MAX];

	buf_puts(out, before);
	if (put_bars(style, out, plot))
		buf_printf(out, "  %s to %s %s%s\n",
			   report_value(plot->unit, series->first, first),
			   report_value(plot->unit, series->last, last), plot->what,
			   after);
}

/* Writes "fds: 104 to 330, +237 a minute" as an item. */
static void put_figure(const struct report_style *style, struct buf *out,
		       const struct report_figure *figure)
{
	char line[REPORT_LINE_MAX];

	snprintf(line, sizeof(line), "%s: %s to %s%s", figure->info->name, figure->from,
		 figure->to, figure->more);
	style->item(style, out, line);
}

static void text_plot(const struct report_style *style, struct buf *out,
		      const struct report_plot *plot)
{
	put_plot(style, out, plot, "  ", "");
}

static void text_figure(const struct report_style *style, struct buf *out,
			const struct report_figure *figure)
{
	put_figure(style, out, figure);
	buf_puts(out, "  ");
	put_bars(style, out, &figure->plot);
	buf_puts(out, "\n");
}

static void write_text(const struct report_request *request, struct buf *out)
{
	const struct report_style style = {
		.request = request,
		.begin = text_begin,
		.end = text_end,
		.section = text_section,
		.section_end = ends_nothing,
		.card = text_card,
		.card_end = ends_nothing,
		.paragraph = text_paragraph,
		.item = text_item,
		.stack = text_stack,
		.plot = text_plot,
		.figure = text_figure,
	};

	report_write_parts(&style, out);
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
	put_marked(out, title, style->request->ascii);
	buf_puts(out, "\n\n");
	put_summary(style, out);
}

static void md_section(const struct report_style *style, struct buf *out, const char *id,
		       const char *title)
{
	(void)style;
	(void)id;
	buf_printf(out, "\n## %s\n\n", title);
}

static void md_card(const struct report_style *style, struct buf *out,
		    const struct report_card *card)
{
	char line[CARD_LINE_MAX];

	buf_puts(out, is_item(card) ? "- " : "\n### ");
	put_marked(out, card_line(card, line, sizeof(line)), style->request->ascii);
	buf_puts(out, is_item(card) ? "\n" : "\n\n");
}

static void md_paragraph(const struct report_style *style, struct buf *out,
			 const char *text)
{
	put_marked(out, text, style->request->ascii);
	buf_puts(out, "\n\n");
}

static void md_item(const struct report_style *style, struct buf *out, const char *text)
{
	buf_puts(out, "- ");
	put_marked(out, text, style->request->ascii);
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

static void md_figure(const struct report_style *style, struct buf *out,
		      const struct report_figure *figure)
{
	put_figure(style, out, figure);
	buf_puts(out, "  `");
	put_bars(style, out, &figure->plot);
	buf_puts(out, "`\n");
}

static void write_markdown(const struct report_request *request, struct buf *out)
{
	const struct report_style style = {
		.request = request,
		.begin = md_begin,
		.end = text_end,
		.section = md_section,
		.section_end = ends_nothing,
		.card = md_card,
		.card_end = ends_nothing,
		.paragraph = md_paragraph,
		.item = md_item,
		.stack = md_stack,
		.plot = md_plot,
		.figure = md_figure,
	};

	report_write_parts(&style, out);
}

const struct report_ops report_markdown = {"markdown", "for issues and merge requests",
					   write_markdown};
