/* SPDX-License-Identifier: MIT */
/* Plots as SVG. The drawing stretches with the page while its texts keep their size: the
 * curve has a coordinate system of its own, and labels are placed in percent. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "core/scale.h"
#include "out/html.h"

#define CURVE     1000 /* width and height of the curve's coordinate system */
#define COLUMNS   SERIES_POINTS
#define EDGE      12 /* percent: a label so near to the end would be cut off */
#define STEPS_MAX 64u

struct drawing {
	const struct report_plot *plot;
	struct scale scale;
	struct series_point points[COLUMNS];
	int64_t from_ns, to_ns; /* in the clock of the series */
	size_t nr_steps;        /* in that time */
};

static void draw(struct drawing *drawing, const struct report_plot *plot,
		 enum html_size size)
{
	const struct series *series = plot->series;

	drawing->plot = plot;
	drawing->from_ns = series->first_ns;
	drawing->to_ns = series->last_ns;
	drawing->nr_steps = 0;
	for (size_t i = 0; i < plot->nr_steps && i < STEPS_MAX; i++)
		drawing->nr_steps += plot->steps_ns[i] >= drawing->from_ns &&
				     plot->steps_ns[i] <= drawing->to_ns;
	series_resample(series, series->first_ns, series->last_ns, drawing->points,
			COLUMNS);
	scale_choose(&drawing->scale,
		     &(struct scale_range){.least = series->min,
					   .most = series->max,
					   .parts = size == HTML_SMALL ? 2 : 4,
					   .binary = plot->unit == UNIT_BYTES});
}

/* Returns the place of a time as a percentage of the width. */
static double percent_of(const struct drawing *drawing, int64_t mono_ns)
{
	return 100.0 * (double)(mono_ns - drawing->from_ns) /
	       (double)(drawing->to_ns - drawing->from_ns);
}

static int level_of(const struct drawing *drawing, double value)
{
	const struct scale *scale = &drawing->scale;
	double share = (value - scale->low) / (scale->high - scale->low);

	return (int)lround(CURVE * (1 - fmax(0, fmin(share, 1))));
}

/* Writes "tasks: 12 to 176 in 1m15s, 10:04:10 to 10:05:25 CET". Times with their date if
 * they are on different days. */
static void put_description(struct buf *out, const struct drawing *drawing)
{
	const struct report_plot *plot = drawing->plot;
	int64_t from_ns = drawing->from_ns + plot->real_ahead_ns;
	int64_t to_ns = drawing->to_ns + plot->real_ahead_ns;
	char first[REPORT_VALUE_MAX], last[REPORT_VALUE_MAX], span[CLOCK_DURATION_MAX];
	char from[HTML_TIME_MAX], to[HTML_TIME_MAX], zone[HTML_TIME_MAX];
	bool one_day = to_ns - from_ns < 12 * 3600 * CLOCK_SECOND_NS;
	enum html_time form = one_day ? HTML_SECOND : HTML_DAY_MINUTE;

	html_put(out, plot->what);
	buf_printf(out, ": %s to %s in %s, from %s to %s ",
		   report_value(plot->unit, plot->series->first, first),
		   report_value(plot->unit, plot->series->last, last),
		   clock_format_duration(to_ns - from_ns, span),
		   html_time(from_ns, form, from), html_time(to_ns, form, to));
	html_put(out, html_time(to_ns, HTML_ZONE, zone));
}

static void put_values(struct buf *out, const struct drawing *drawing)
{
	const struct scale *scale = &drawing->scale;
	char text[REPORT_VALUE_MAX];

	for (int i = 0; i < scale->ticks; i++) {
		double value = scale->low + scale->step * i;
		double y = level_of(drawing, value) * 100.0 / CURVE;

		buf_printf(out,
			   "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f%%\" "
			   "y2=\"%.1f%%\"/><text x=\"-10\" y=\"%.1f%%\" dy=\".35em\" "
			   "text-anchor=\"end\">%s</text>\n",
			   y, y, y, report_value(drawing->plot->unit, value, text));
	}
}

static void put_times(struct buf *out, const struct drawing *drawing, enum html_size size)
{
	int64_t ahead_ns = drawing->plot->real_ahead_ns;
	struct html_ticks ticks;

	html_ticks_choose(&ticks, drawing->from_ns + ahead_ns, drawing->to_ns + ahead_ns,
			  size == HTML_SMALL ? 3 : 7, size == HTML_SMALL ? 2 : 3);
	for (size_t i = 0; i < ticks.count; i++) {
		const struct html_tick *tick = &ticks.list[i];
		double x = percent_of(drawing, tick->real_ns - ahead_ns);

		buf_printf(out,
			   "<g%s><line class=\"tick\" x1=\"%.2f%%\" x2=\"%.2f%%\" "
			   "y1=\"0\" y2=\"100%%\"/><text x=\"%.2f%%\" y=\"100%%\" "
			   "dy=\"1.5em\" text-anchor=\"%s\">%s</text></g>\n",
			   tick->rare ? "" : " class=\"wide\"", x, x, x,
			   x > 100 - EDGE ? "end"
			   : x < EDGE     ? "start"
					  : "middle",
			   tick->text);
	}
}

static void put_steps(struct buf *out, const struct drawing *drawing)
{
	for (size_t i = 0; i < drawing->plot->nr_steps && i < STEPS_MAX; i++) {
		double x = percent_of(drawing, drawing->plot->steps_ns[i]);

		if (x >= 0 && x <= 100)
			buf_printf(out,
				   "<line class=\"step\" x1=\"%.2f%%\" x2=\"%.2f%%\" "
				   "y1=\"0\" y2=\"100%%\"/>\n",
				   x, x);
	}
}

/* Writes the last value of each part of the time as a line, and where a part had others,
 * their range as a thin line. A part without a value interrupts it. */
static void put_curve(struct buf *out, const struct drawing *drawing)
{
	bool begun = false;
	int level = 0;

	buf_printf(out,
		   "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
		   "width=\"100%%\" height=\"100%%\"><path class=\"range\" d=\"",
		   CURVE, CURVE);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct series_point *point = &drawing->points[i];

		if (!isnan(point->last) && point->most > point->least)
			buf_printf(out, "M%zu %dV%d", (2 * i + 1) * CURVE / (2 * COLUMNS),
				   level_of(drawing, (double)point->most),
				   level_of(drawing, (double)point->least));
	}
	buf_puts(out, "\"/><path class=\"line\" d=\"");
	for (size_t i = 0; i < COLUMNS; i++) {
		double value = (double)drawing->points[i].last;

		if (isnan(value)) {
			begun = false;
			continue;
		}
		if (!begun)
			buf_printf(out, "M%zu %d", i * CURVE / COLUMNS,
				   level_of(drawing, value));
		else if (level_of(drawing, value) != level)
			buf_printf(out, "H%zuV%d", i * CURVE / COLUMNS,
				   level_of(drawing, value));
		level = level_of(drawing, value);
		begun = true;
	}
	buf_printf(out, "%s\"/></svg>\n", begun ? "H1000" : "");
}

/* A small plot stands below its values. */
static void put_caption(struct buf *out, const struct drawing *drawing,
			enum html_size size)
{
	char base[REPORT_VALUE_MAX];

	if (size == HTML_SMALL && drawing->scale.low <= 0)
		return;
	buf_puts(out, "<figcaption>");
	if (size == HTML_LARGE) {
		put_description(out, drawing);
		buf_puts(out, ".");
	}
	if (drawing->nr_steps > 0)
		buf_printf(out, " Dashed lines: the time%s of %zu step%s.",
			   drawing->nr_steps == 1 ? "" : "s", drawing->nr_steps,
			   drawing->nr_steps == 1 ? "" : "s");
	if (drawing->scale.low > 0)
		buf_printf(out, " The scale begins at %s, not at 0.",
			   report_value(drawing->plot->unit, drawing->scale.low, base));
	buf_puts(out, "</figcaption>\n");
}

void html_put_plot(struct buf *out, const struct report_plot *plot, enum html_size size)
{
	struct drawing drawing;

	if (plot->series->count < 2 || plot->series->last_ns <= plot->series->first_ns)
		return;
	draw(&drawing, plot, size);
	buf_printf(out,
		   "<figure class=\"plot%s\">\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
		   "role=\"img\"><title>",
		   size == HTML_SMALL ? " small" : "");
	put_description(out, &drawing);
	buf_puts(out, "</title>\n");
	put_values(out, &drawing);
	put_times(out, &drawing, size);
	put_steps(out, &drawing);
	put_curve(out, &drawing);
	buf_puts(out, "</svg>\n");
	put_caption(out, &drawing, size);
	buf_puts(out, "</figure>\n");
}
