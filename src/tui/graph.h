/* SPDX-License-Identifier: MIT */
/*
 * Series of figures as pictures in cells: a line of bars, and a plot with a scale of values
 * at the left and one of time below. Braille and block characters, or ASCII.
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

/* What stands at the scale: "1,024", "12M", with its unit where it has one. */
typedef const char *(*graph_format)(double value, char out[GRAPH_LABEL_MAX]);
const char *graph_format_count(double value, char out[GRAPH_LABEL_MAX]);
const char *graph_format_bytes(double value, char out[GRAPH_LABEL_MAX]);
const char *graph_format_percent(double value, char out[GRAPH_LABEL_MAX]);

/* The last window_ns (0: all that is known) as `cells` bars between their least and greatest;
 * "" where there are not two values. */
const char *graph_spark(const struct series *series, int64_t window_ns, int cells,
			bool ascii, char *out, size_t size);

struct graph {
	const struct series *series;
	graph_format format;
	bool binary;  /* steps of the scale are powers of two: bytes */
	double limit; /* a line at this value once it is near; 0: none */
	enum role role;
	const int64_t *steps_ns; /* times of steps: a line down through each */
	size_t nr_steps;
	int64_t from_ns, to_ns; /* the same for graphs that stand beside each other */
};

/* One line of the plot without colours, row 0 on top; the last one is the scale of time. */
void graph_line(const struct graph *graph, int width, int height, int row, bool ascii,
		char *out, size_t size);
void graph_draw(const struct graph *graph, struct area area);

#endif
