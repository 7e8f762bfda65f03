/* SPDX-License-Identifier: MIT */
/*
 * Draws series of figures: as a line of bars, or as a plot with values on the left and
 * time below. Uses Braille and block characters, or ASCII.
 */
#ifndef TUI_GRAPH_H
#define TUI_GRAPH_H

#include "core/series.h"
#include "tui/draw.h"

#define GRAPH_CELLS_MAX  200
#define GRAPH_ROWS_MAX   40
#define GRAPH_LINE_MAX   (GRAPH_CELLS_MAX * 4 + 64)
#define GRAPH_LABEL_MAX  24
#define GRAPH_WIDTH_MIN  24 /* smaller areas stay empty */
#define GRAPH_HEIGHT_MIN 4

/* Formats a value for the scale: "1,024", "12M", with a unit if it has one. */
typedef const char *(*graph_format)(double value, char out[GRAPH_LABEL_MAX]);
const char *graph_format_count(double value, char out[GRAPH_LABEL_MAX]);
const char *graph_format_bytes(double value, char out[GRAPH_LABEL_MAX]);
const char *graph_format_percent(double value, char out[GRAPH_LABEL_MAX]);

/* The scale of a line of bars: its extremes, and the time that it is about. */
struct graph_scale {
	double least, most;
	int64_t span_ns;
};

/* Draws the last window_ns (0 means all) as `cells` bars whose height is in proportion to
 * the values: from 0, so that a small change looks small. The result is "" if there are
 * fewer than two values. */
const char *graph_spark(const struct series *series, int64_t window_ns, int cells,
			bool ascii, struct graph_scale *scale, char *out, size_t size);

struct graph {
	const struct series *series;
	graph_format format;
	bool binary;  /* values are bytes: use powers of two for the scale */
	double limit; /* a line at this value when the figure is near it; 0 if none */
	enum role role;
	const int64_t *steps_ns; /* times of steps: each is drawn as a vertical line */
	size_t nr_steps;
	int64_t from_ns, to_ns; /* the same for graphs side by side */
};

/* Writes one line of the plot without colours. Row 0 is the top; the last row is the time
 * scale. */
void graph_line(const struct graph *graph, int width, int height, int row, bool ascii,
		char *out, size_t size);
void graph_draw(const struct graph *graph, struct area area);

#endif
