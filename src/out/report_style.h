/* SPDX-License-Identifier: MIT */
/* The formats of out/report.h, and the building blocks of reports for people. */
#ifndef OUT_REPORT_STYLE_H
#define OUT_REPORT_STYLE_H

#include "core/figures.h"
#include "out/report.h"

extern const struct report_ops report_text, report_json, report_markdown, report_html;

/* What a card is about, the worst first. */
enum report_mark {
	REPORT_DEADLOCK,
	REPORT_PROOF,
	REPORT_LEAK,
	REPORT_STUCK,
	REPORT_PERHAPS, /* a leak */
	REPORT_LONG,
	REPORT_OTHER,
};

/* One verdict. */
struct report_card {
	enum report_mark mark;
	const char *label;    /* "Leak 1", "3 stuck, the oldest for 10s" */
	const char *title;    /* what and where */
	const char *evidence; /* a sentence without a full stop, or NULL */
};

/* A value over time. */
struct report_plot {
	const struct series *series; /* with at least two points */
	const char *what;            /* "tasks" */
	enum figure_unit unit;
	const int64_t *steps_ns; /* times of steps, or NULL */
	size_t nr_steps;
	int64_t real_ahead_ns; /* CLOCK_REALTIME minus the clock of the series */
};
#define REPORT_VALUE_MAX 32
/* Formats a value: "8.3 MB", "176", "12%". */
const char *report_value(enum figure_unit unit, double value, char out[REPORT_VALUE_MAX]);

/* One resource that has changed. */
struct report_figure {
	const struct figure_info *info;
	const char *from, *to;
	const char *more; /* ", at most 12, +237 a minute", or "" */
	struct report_plot plot;
};

/*
 * Texts may contain bytes from the target: each style escapes them in its own way.
 * Sections and cards end before the next one begins, except that a part of a leak is a card
 * inside that of the leak.
 */
struct report_style {
	const struct report_request *request;
	void (*begin)(const struct report_style *style, struct buf *out,
		      const char *title);
	void (*end)(const struct report_style *style, struct buf *out);
	/* id: one word, for links to the section. */
	void (*section)(const struct report_style *style, struct buf *out, const char *id,
			const char *title);
	void (*section_end)(struct buf *out);
	void (*card)(const struct report_style *style, struct buf *out,
		     const struct report_card *card);
	void (*card_end)(struct buf *out);
	void (*paragraph)(const struct report_style *style, struct buf *out,
			  const char *text);
	void (*item)(const struct report_style *style, struct buf *out, const char *text);
	/* The stack may be NULL. */
	void (*stack)(const struct report_style *style, struct buf *out,
		      const char *title, const struct stack *stack);
	void (*plot)(const struct report_style *style, struct buf *out,
		     const struct report_plot *plot);
	void (*figure)(const struct report_style *style, struct buf *out,
		       const struct report_figure *figure);
	/* A table of the stuck tasks. NULL if the style has none. */
	void (*stuck)(const struct report_style *style, struct buf *out);
	/* Returns whether there is no room for another card. NULL: there always is. */
	bool (*full)(const struct buf *out);
};

/* Writes all parts of the report in order. */
void report_write_parts(const struct report_style *style, struct buf *out);
/* Parts of it: what timers there are and whether they leak, which kind of memory of a Go
 * program grew, and the resources that have changed. */
void report_timer_leak(const struct report_style *style, struct buf *out,
		       const struct timer_group *group, size_t number);
void report_timers(const struct report_style *style, struct buf *out);
void report_heap(const struct report_style *style, struct buf *out);
void report_figures(const struct report_style *style, struct buf *out);

/* Counts at equal steps of time up to the snapshot. */
struct report_counts {
	int64_t begin_ns, step_ns;
	const uint32_t *list;
	size_t count;
	const int64_t *steps_ns; /* times of steps, or NULL */
	size_t nr_steps;
};
/* Writes a plot of them, if there are at least two. */
void report_plot_counts(const struct report_style *style, struct buf *out,
			const struct report_counts *counts, const char *what);

#define REPORT_FRAME_MAX 700
/* Formats a frame: "send_product  main.c:97". */
const char *report_frame(const struct frame *frame, char out[REPORT_FRAME_MAX]);

struct report_found {
	size_t leaks, perhaps, deadlocks;
};
struct report_found report_count_found(const struct snapshot *snapshot);
/* Returns whether the target was watched for long enough to say that nothing grows. */
bool report_judges_growth(const struct report_request *request);

#endif
