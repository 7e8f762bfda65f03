/* SPDX-License-Identifier: MIT */
/* The building blocks of a report as HTML: sections, cards, paragraphs. */
#include <ctype.h>

#include "out/html.h"

static void html_end(const struct report_style *style, struct buf *out)
{
	(void)style;
	buf_puts(out,
		 "</main>\n<footer><p>Written by grmon-c. Times are local. Source lines "
		 "are those of the files as they were when this was written.</p></footer>"
		 "\n</body>\n</html>\n");
}

static void html_section(const struct report_style *style, struct buf *out,
			 const char *id, const char *title)
{
	(void)style;
	buf_printf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
}

static void html_section_end(struct buf *out)
{
	buf_puts(out, "</section>\n");
}

static void html_paragraph(const struct report_style *style, struct buf *out,
			   const char *text)
{
	(void)style;
	buf_puts(out, "<p>");
	html_put(out, text);
	buf_puts(out, "</p>\n");
}

static void html_item(const struct report_style *style, struct buf *out, const char *text)
{
	(void)style;
	buf_puts(out, "<p class=\"item\">");
	html_put(out, text);
	buf_puts(out, "</p>\n");
}

static void html_card(const struct report_style *style, struct buf *out,
		      const struct report_card *card)
{
	static const struct {
		const char *class, *sign;
	} marks[] = {
		[REPORT_DEADLOCK] = {"bad", "&#9632;"}, /* a square */
		[REPORT_PROOF] = {"bad", "&#9632;"},
		[REPORT_LEAK] = {"bad", "&#9650;"}, /* a triangle */
		[REPORT_STUCK] = {"bad", "!"},
		[REPORT_PERHAPS] = {"doubt", "&#9651;"}, /* an empty one */
		[REPORT_LONG] = {"doubt", "?"},
		[REPORT_OTHER] = {"doubt", ""},
	};

	(void)style;
	buf_printf(out,
		   "<article class=\"card\">\n<p class=\"label %s\"><span "
		   "aria-hidden=\"true\">%s</span> ",
		   marks[card->mark].class, marks[card->mark].sign);
	html_put(out, card->label);
	buf_puts(out, card->mark == REPORT_PROOF ? ", proved</p>\n<h3>" : "</p>\n<h3>");
	html_put(out, card->title);
	buf_puts(out, "</h3>\n");
	if (card->evidence && card->evidence[0]) {
		buf_printf(out, "<p>%c", toupper((unsigned char)card->evidence[0]));
		html_put(out, card->evidence + 1);
		buf_puts(out, ".</p>\n");
	}
}

static void html_card_end(struct buf *out)
{
	buf_puts(out, "</article>\n");
}

static void html_plot(const struct report_style *style, struct buf *out,
		      const struct report_plot *plot)
{
	(void)style;
	html_put_plot(out, plot, HTML_LARGE);
}

static void html_figure(const struct report_style *style, struct buf *out,
			const struct report_figure *figure)
{
	(void)style;
	buf_printf(out,
		   "<div class=\"figure\">\n<h3>%c%s <small>%s</small></h3>\n"
		   "<p><strong>%s to %s</strong>%s</p>\n",
		   toupper((unsigned char)figure->info->help[0]), figure->info->help + 1,
		   figure->info->name, figure->from, figure->to, figure->more);
	html_put_plot(out, &figure->plot, HTML_SMALL);
	buf_puts(out, "</div>\n");
}

static bool html_is_full(const struct buf *out)
{
	return out->length > HTML_CARDS_BYTES;
}

static void write_html(const struct report_request *request, struct buf *out)
{
	const struct report_style style = {
		.request = request,
		.begin = html_begin,
		.end = html_end,
		.section = html_section,
		.section_end = html_section_end,
		.card = html_card,
		.card_end = html_card_end,
		.paragraph = html_paragraph,
		.item = html_item,
		.stack = html_stack,
		.plot = html_plot,
		.figure = html_figure,
		.stuck = html_stuck,
		.full = html_is_full,
	};

	report_write_parts(&style, out);
}

const struct report_ops report_html = {"html", "one file with plots, for a browser",
				       write_html};
