/* SPDX-License-Identifier: MIT */
/* The formats of out/report.h, and the building blocks of reports for people. */
#ifndef OUT_REPORT_STYLE_H
#define OUT_REPORT_STYLE_H

#include "out/report.h"

extern const struct report_ops report_text, report_json, report_markdown, report_html;

struct report_plot {
	const uint32_t *values;
	size_t count;
	int64_t span_ns; /* from the first value to the last */
	const char *what;
	bool kilobytes; /* the values are in kB */
};
#define REPORT_VALUE_MAX 32
/* Formats a value: "8.3 MB", "176". */
const char *report_value(const struct report_plot *plot, uint32_t value,
			 char out[REPORT_VALUE_MAX]);

/* Texts may contain bytes from the target: each style escapes them in its own way. */
struct report_style {
	bool ascii;
	void (*begin)(const struct report_style *style, struct buf *out,
		      const char *title);
	void (*end)(struct buf *out);
	void (*heading)(const struct report_style *style, struct buf *out, int level,
			const char *text);
	void (*paragraph)(const struct report_style *style, struct buf *out,
			  const char *text);
	void (*item)(const struct report_style *style, struct buf *out, const char *text);
	void (*stack)(const struct report_style *style, struct buf *out,
		      const char *title, const struct stack *stack);
	void (*plot)(const struct report_style *style, struct buf *out,
		     const struct report_plot *plot);
};

/* Writes all parts of the report in order. */
void report_write_parts(const struct report_request *request,
			const struct report_style *style, struct buf *out);
#define REPORT_FRAME_MAX 700
/* Formats a frame: "send_product  main.c:97". */
const char *report_frame(const struct frame *frame, char out[REPORT_FRAME_MAX]);

#endif
