/* SPDX-License-Identifier: MIT */
/* A report as one HTML file. Styles and plots (SVG) are inside: it loads nothing from the
 * network and runs no script. All text of the target is escaped. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "out/escape.h"
#include "out/report_style.h"

#define PLOT_WIDTH  640
#define PLOT_HEIGHT 136
#define PLOT_ABOVE  22 /* for the title */
#define PLOT_LEFT   64 /* for the scale of values */
#define PLOT_BELOW  20 /* for the scale of time */

static void put_escaped(struct buf *out, const char *text)
{
	struct buf plain;

	buf_init(&plain, 0);
	escape_text(&plain, text, 0, false);
	for (const char *at = plain.bytes; !plain.failed && at && *at; at++) {
		if (*at == '<')
			buf_puts(out, "&lt;");
		else if (*at == '>')
			buf_puts(out, "&gt;");
		else if (*at == '&')
			buf_puts(out, "&amp;");
		else if (*at == '"')
			buf_puts(out, "&quot;");
		else
			buf_append(out, at, 1);
	}
	buf_release(&plain);
}

static void put_element(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "<%s>", name);
	put_escaped(out, text);
	buf_printf(out, "</%s>\n", name);
}

static void html_begin(const struct report_style *style, struct buf *out,
		       const char *title)
{
	(void)style;
	buf_puts(out,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		 "'none'; style-src 'unsafe-inline'\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	put_escaped(out, title);
	buf_puts(out,
		 "</title>\n<style>\n"
		 "body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; "
		 "margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }\n"
		 "h1, h2, h3 { line-height: 1.2; }\n"
		 "h2 { border-bottom: 1px solid #8888; margin-top: 2.5rem; }\n"
		 "pre { font: 13px/1.4 ui-monospace, monospace; overflow-x: auto; "
		 "background: #8881; padding: .5rem; }\n"
		 "svg { display: block; max-width: 100%; height: auto; margin: .5rem 0; "
		 "}\n"
		 "svg .line { fill: none; stroke: #d33; stroke-width: 2; }\n"
		 "svg .axis { stroke: #8888; }\n"
		 "svg text { font: 11px system-ui, sans-serif; fill: currentColor; }\n"
		 "</style>\n</head>\n<body>\n");
	put_element(out, "h1", title);
}

static void html_end(struct buf *out)
{
	buf_puts(out, "</body>\n</html>\n");
}

static void html_heading(const struct report_style *style, struct buf *out, int level,
			 const char *text)
{
	(void)style;
	put_element(out, level == 2 ? "h2" : "h3", text);
}

static void html_paragraph(const struct report_style *style, struct buf *out,
			   const char *text)
{
	(void)style;
	put_element(out, "p", text);
}

/* Items are paragraphs with a bullet because stacks and plots may follow them. */
static void html_item(const struct report_style *style, struct buf *out, const char *text)
{
	(void)style;
	buf_puts(out, "<p>&bull; ");
	put_escaped(out, text);
	buf_puts(out, "</p>\n");
}

static void html_stack(const struct report_style *style, struct buf *out,
		       const char *title, const struct stack *stack)
{
	char line[REPORT_FRAME_MAX];

	(void)style;
	if (!stack)
		return;
	buf_puts(out, "<details open><summary>");
	put_escaped(out, title);
	buf_puts(out, "</summary><pre>");
	for (size_t i = 0; i < stack->nr_frames; i++) {
		put_escaped(out, report_frame(&stack->frames[i], line));
		buf_puts(out, "\n");
	}
	buf_puts(out, "</pre></details>\n");
}

/* Describes the plot for screen readers. */
static void put_label(struct buf *out, const struct report_plot *plot)
{
	char first[REPORT_VALUE_MAX], last[REPORT_VALUE_MAX], span[CLOCK_DURATION_MAX];

	buf_puts(out, " aria-label=\"");
	put_escaped(out, plot->what);
	buf_printf(out, ": %s to %s in %s\"", report_value(plot, plot->values[0], first),
		   report_value(plot, plot->values[plot->count - 1], last),
		   clock_format_duration(plot->span_ns, span));
}

static void put_scales(struct buf *out, const struct report_plot *plot, uint32_t most)
{
	char span[CLOCK_DURATION_MAX], top[REPORT_VALUE_MAX];
	int bottom = PLOT_HEIGHT - PLOT_BELOW;

	buf_printf(out,
		   "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>"
		   "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>",
		   PLOT_LEFT, bottom, PLOT_WIDTH, bottom, PLOT_LEFT, PLOT_ABOVE,
		   PLOT_LEFT, bottom);
	buf_printf(out,
		   "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>"
		   "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>"
		   "<text x=\"%d\" y=\"12\">",
		   PLOT_LEFT - 6, PLOT_ABOVE + 6, report_value(plot, most, top),
		   PLOT_LEFT - 6, bottom, PLOT_LEFT);
	put_escaped(out, plot->what);
	buf_printf(out,
		   "</text><text x=\"%d\" y=\"%d\">%s before</text>"
		   "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">end</text>\n",
		   PLOT_LEFT, PLOT_HEIGHT - 4, clock_format_duration(plot->span_ns, span),
		   PLOT_WIDTH, PLOT_HEIGHT - 4);
}

static void html_plot(const struct report_style *style, struct buf *out,
		      const struct report_plot *plot)
{
	uint32_t most = 1;

	(void)style;
	if (plot->count < 2)
		return;
	for (size_t i = 0; i < plot->count; i++)
		most = plot->values[i] > most ? plot->values[i] : most;
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		   "width=\"%d\" height=\"%d\" role=\"img\"",
		   PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT);
	put_label(out, plot);
	buf_puts(out, ">\n");
	put_scales(out, plot, most);
	buf_puts(out, "<polyline class=\"line\" points=\"");
	for (size_t i = 0; i < plot->count; i++) {
		int x = PLOT_LEFT +
			(int)((PLOT_WIDTH - PLOT_LEFT) * i / (plot->count - 1));
		int room = PLOT_HEIGHT - PLOT_BELOW - PLOT_ABOVE;
		int y = PLOT_ABOVE + room -
			(int)((uint64_t)plot->values[i] * (uint64_t)room / most);

		buf_printf(out, "%s%d,%d", i > 0 ? " " : "", x, y);
	}
	buf_puts(out, "\"/>\n</svg>\n");
}

static const struct report_style html_style = {
	false,          html_begin, html_end,   html_heading,
	html_paragraph, html_item,  html_stack, html_plot,
};

static void write_html(const struct report_request *request, struct buf *out)
{
	report_write_parts(request, &html_style, out);
}

const struct report_ops report_html = {"html", "one file with plots, for a browser",
				       write_html};
