/* SPDX-License-Identifier: MIT */
/* A plot is a canvas of dots: 2 by 4 per cell in Braille, 1 by 2 in ASCII. Each column of
 * dots spans the values in its part of the time and extends to its neighbour. */
#include "tui/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "core/scale.h"

#define FORM_MAX   2 /* columns of dots in a cell */
#define STEP_CELLS 6 /* cells needed to draw a line for each step */

struct form {
	int columns, rows; /* dots per cell */
};

static const struct form braille = {2, 4}, ascii_form = {1, 2};

/* The layout of a plot. */
struct plot {
	const struct form *form;
	int label_cells;
	int cells, rows; /* of the canvas */
	struct scale scale;
	struct series_point points[GRAPH_CELLS_MAX * FORM_MAX];
	unsigned char dots[GRAPH_ROWS_MAX][GRAPH_CELLS_MAX];
	/* If a step falls into a column of cells, the rows from this one on show it. */
	unsigned char step_row[GRAPH_CELLS_MAX];
};

const char *graph_format_count(double value, char out[GRAPH_LABEL_MAX])
{
	int64_t whole = (int64_t)(fmax(0, fmin(value, 1e15)) + 0.5);
	char text[NUMBER_TEXT_MAX];

	if (value > 0 && value < 10 && fabs(value - (double)whole) > 0.05) {
		snprintf(out, GRAPH_LABEL_MAX, "%.1f", value);
		return out;
	}
	snprintf(out, GRAPH_LABEL_MAX, "%s", number_format(whole, text));
	return out;
}

const char *graph_format_bytes(double value, char out[GRAPH_LABEL_MAX])
{
	char text[TEXT_SIZE_MAX];

	snprintf(out, GRAPH_LABEL_MAX, "%s",
		 text_size((int64_t)fmax(0, fmin(value, 9e18)), text));
	return out;
}

const char *graph_format_percent(double value, char out[GRAPH_LABEL_MAX])
{
	snprintf(out, GRAPH_LABEL_MAX, "%.*f%%", value > 0 && value < 10 ? 1 : 0, value);
	return out;
}

#define SPARK_LEVELS 6 /* above the lowest; a full cell would touch the line above */

const char *graph_spark(const struct series *series, int64_t window_ns, int cells,
			bool ascii, struct graph_scale *scale, char *out, size_t size)
{
	static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584",
					   "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char plain[] = "_.-=+*#@";
	struct series_point points[GRAPH_CELLS_MAX];
	int64_t from_ns = series->first_ns;
	float least = INFINITY, most = -INFINITY;
	size_t used = 0;

	*scale = (struct graph_scale){0};
	out[0] = '\0';
	if (series->count == 0 || series->last_ns <= from_ns || cells < 1)
		return out;
	if (window_ns > 0 && series->last_ns - from_ns > window_ns)
		from_ns = series->last_ns - window_ns;
	cells = cells < GRAPH_CELLS_MAX ? cells : GRAPH_CELLS_MAX;
	series_resample(series, from_ns, series->last_ns, points, (size_t)cells);
	for (int i = 0; i < cells; i++) {
		least = fminf(least, points[i].least);
		most = fmaxf(most, points[i].most);
	}
	*scale = (struct graph_scale){least, most, series->last_ns - from_ns};
	for (int i = 0; i < cells; i++) {
		float height = most > 0 ? points[i].most / most : 0;
		int level = height > 0 ? (int)(height * SPARK_LEVELS) : 0;

		if (isnan(points[i].most) || used + 4 >= size)
			continue;
		if (ascii)
			out[used++] = plain[level];
		else
			used += (size_t)snprintf(out + used, size - used, "%s",
						 bars[level]);
		out[used] = '\0';
	}
	return out;
}

static void choose_scale(const struct graph *graph, struct plot *plot, size_t columns)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < columns; i++) {
		low = fmin(low, plot->points[i].least);
		high = fmax(high, plot->points[i].most);
	}
	scale_choose(&plot->scale, &(struct scale_range){.least = low,
							 .most = high,
							 .limit = graph->limit,
							 .parts = plot->rows > 6 ? 4 : 2,
							 .binary = graph->binary});
}

/* Returns the width of the widest label in cells. */
static int label_cells(const struct graph *graph, const struct plot *plot)
{
	char label[GRAPH_LABEL_MAX];
	size_t cells = 0;

	for (int i = 0; i < plot->scale.ticks; i++) {
		double at = plot->scale.low + plot->scale.step * i;
		size_t length = strlen(graph->format(at, label));

		cells = length > cells ? length : cells;
	}
	return (int)cells;
}

static int level_of(const struct plot *plot, double value)
{
	int last = plot->rows * plot->form->rows - 1;
	double share = (value - plot->scale.low) / (plot->scale.high - plot->scale.low);

	return share <= 0 ? 0 : share >= 1 ? last : (int)(share * last + 0.5);
}

/* Dots are counted from the bottom left. Bits are those of Braille; in ASCII, 1 is below
 * and 2 above. */
static void set_dot(struct plot *plot, int column, int level)
{
	static const unsigned char bits[2][4] = {{0x40, 0x04, 0x02, 0x01},
						 {0x80, 0x20, 0x10, 0x08}};
	const struct form *form = plot->form;
	int row = plot->rows - 1 - level / form->rows;
	unsigned char bit = form == &braille ? bits[column % 2][level % 4]
					     : (unsigned char)(1 << level % 2);

	plot->dots[row][column / form->columns] |= bit;
}

static void set_dots(struct plot *plot, int columns)
{
	int before = -1;

	for (int i = 0; i < columns; i++) {
		const struct series_point *point = &plot->points[i];
		int from, to;

		if (isnan(point->last)) {
			before = -1;
			continue;
		}
		from = level_of(plot, point->least);
		to = level_of(plot, point->most);
		if (before >= 0 && before < from)
			from = before + 1;
		if (before > to)
			to = before - 1;
		for (int level = from; level <= to; level++)
			set_dot(plot, i, level);
		before = level_of(plot, point->last);
	}
}

/* Places the step lines below the curve, or only in the last row if there are many. */
static void place_steps(const struct graph *graph, struct plot *plot)
{
	double span = (double)(graph->to_ns - graph->from_ns);
	bool many = graph->nr_steps * STEP_CELLS > (size_t)plot->cells;

	memset(plot->step_row, GRAPH_ROWS_MAX, sizeof(plot->step_row));
	for (size_t i = 0; i < graph->nr_steps && span > 0; i++) {
		double share = (double)(graph->steps_ns[i] - graph->from_ns) / span;
		int cell = (int)(share * plot->cells), row = plot->rows - 1;

		if (share < 0 || share > 1)
			continue;
		cell = cell < plot->cells ? cell : plot->cells - 1;
		for (int at = 0; !many && at < plot->rows; at++) {
			if (plot->dots[at][cell] == 0)
				continue;
			row = at + 1;
			break;
		}
		plot->step_row[cell] = (unsigned char)row;
	}
}

static bool lay_out(const struct graph *graph, int width, int height, bool ascii,
		    struct plot *plot)
{
	int columns;

	memset(plot, 0, sizeof(*plot));
	plot->form = ascii ? &ascii_form : &braille;
	plot->rows = height - 1 < GRAPH_ROWS_MAX ? height - 1 : GRAPH_ROWS_MAX;
	if (width < GRAPH_WIDTH_MIN || height < GRAPH_HEIGHT_MIN ||
	    graph->series->count == 0)
		return false;
	columns = (int)series_resample(graph->series, graph->from_ns, graph->to_ns,
				       plot->points, GRAPH_CELLS_MAX);
	if (columns == 0)
		return false;
	choose_scale(graph, plot, GRAPH_CELLS_MAX);
	plot->label_cells = label_cells(graph, plot);
	plot->cells = width - plot->label_cells - 2;
	if (plot->cells < 8)
		return false;
	if (plot->cells > GRAPH_CELLS_MAX)
		plot->cells = GRAPH_CELLS_MAX;
	columns = plot->cells * plot->form->columns;
	series_resample(graph->series, graph->from_ns, graph->to_ns, plot->points,
			(size_t)columns);
	set_dots(plot, columns);
	place_steps(graph, plot);
	return true;
}

/* Writes the label of a row. Returns false if the row has none. */
static bool row_label(const struct graph *graph, const struct plot *plot, int row,
		      char label[GRAPH_LABEL_MAX])
{
	for (int i = 0; i < plot->scale.ticks; i++) {
		double at = plot->scale.low + plot->scale.step * i;

		if (plot->rows - 1 - level_of(plot, at) / plot->form->rows != row)
			continue;
		graph->format(at, label);
		return true;
	}
	label[0] = '\0';
	return false;
}

static void put_cells(const struct graph *graph, const struct plot *plot, int row,
		      bool ascii, char *out, size_t size)
{
	static const char plain[] = " .':";
	bool limit_here =
		graph->limit > 0 && graph->limit <= plot->scale.high &&
		plot->rows - 1 - level_of(plot, graph->limit) / plot->form->rows == row;
	size_t used = strlen(out);

	for (int i = 0; i < plot->cells && used + 4 < size; i++) {
		unsigned dots = plot->dots[row][i];

		if (limit_here && dots == 0) {
			used += (size_t)snprintf(out + used, size - used, "%s",
						 ascii ? "-" : "\u2504");
		} else if (row >= plot->step_row[i] && dots == 0) {
			used += (size_t)snprintf(out + used, size - used, "%s",
						 ascii ? "!" : "\u250a");
		} else if (ascii || dots == 0) {
			out[used++] = plain[dots & 3];
			out[used] = '\0';
		} else {
			/* U+2800 + dots */
			out[used++] = (char)0xe2;
			out[used++] = (char)(0xa0 | dots >> 6);
			out[used++] = (char)(0x80 | (dots & 0x3f));
			out[used] = '\0';
		}
	}
}

/* Writes "-10m        -5m         now"; the middle label only if there is room. */
static void time_line(const struct graph *graph, const struct plot *plot, char *out,
		      size_t size)
{
	int64_t span_ns = graph->to_ns - graph->from_ns;
	char left[CLOCK_DURATION_MAX], middle[CLOCK_DURATION_MAX];
	int half = plot->cells / 2;

	clock_format_duration(span_ns, left);
	clock_format_duration(span_ns / 2, middle);
	if (half > 16)
		snprintf(out, size, "%*s-%-*s-%-*snow", plot->label_cells + 2, "",
			 half - 1, left, plot->cells - half - 4, middle);
	else
		snprintf(out, size, "%*s-%-*snow", plot->label_cells + 2, "",
			 plot->cells - 4, left);
}

static void line_of(const struct graph *graph, const struct plot *plot, int row,
		    bool ascii, char *out, size_t size)
{
	char label[GRAPH_LABEL_MAX];
	bool tick;

	if (row >= plot->rows) {
		time_line(graph, plot, out, size);
		return;
	}
	tick = row_label(graph, plot, row, label);
	snprintf(out, size, "%*s %s", plot->label_cells, label,
		 ascii ? (tick ? "+" : "|") : (tick ? "\u2524" : "\u2502"));
	put_cells(graph, plot, row, ascii, out, size);
}

void graph_line(const struct graph *graph, int width, int height, int row, bool ascii,
		char *out, size_t size)
{
	struct plot plot;

	out[0] = '\0';
	if (lay_out(graph, width, height, ascii, &plot))
		line_of(graph, &plot, row, ascii, out, size);
}

void graph_draw(const struct graph *graph, struct area area)
{
	char line[GRAPH_LINE_MAX];
	struct plot plot;

	if (!lay_out(graph, area.width, area.height, draw_ascii(), &plot))
		return;
	for (int row = 0; row <= plot.rows; row++) {
		line_of(graph, &plot, row, draw_ascii(), line, sizeof(line));
		draw_text(area.y + row, area.x, area.width,
			  row == plot.rows ? ROLE_DIM : graph->role, false, line);
	}
}
