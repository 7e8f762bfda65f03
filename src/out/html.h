/* SPDX-License-Identifier: MIT */
/*
 * A report as one HTML page: its elements, styles and plots (SVG). What a report says, and
 * in which order, is decided in report_parts.c. The page loads nothing, runs no script, and
 * has a bounded size. Every text is escaped.
 */
#ifndef OUT_HTML_H
#define OUT_HTML_H

#include "out/report_style.h"

/* From this size on, no more cards are added. */
#define HTML_CARDS_BYTES (2u << 20)

extern const char html_css[];

/* Appends text of the target so that it is only text, also in an attribute in quotes. */
void html_put(struct buf *out, const char *text);
/* The same; longer text is cut and ends with an ellipsis. */
void html_put_cut(struct buf *out, const char *text, size_t cells);

/* Everything up to the first section. */
void html_begin(const struct report_style *style, struct buf *out, const char *title);
/* A list of the processes, if the target is several. */
void html_members(const struct report_style *style, struct buf *out);

/* A plot with axes, or a small one for a list of resources. */
enum html_size { HTML_LARGE, HTML_SMALL };
void html_put_plot(struct buf *out, const struct report_plot *plot, enum html_size size);

void html_stack(const struct report_style *style, struct buf *out, const char *title,
		const struct stack *stack);
void html_stuck(const struct report_style *style, struct buf *out);

/* Local time. */
#define HTML_TIME_MAX 40
enum html_time {
	HTML_DAY,       /* 2026-11-30 */
	HTML_MONTH_DAY, /* 11-30 */
	HTML_MINUTE,    /* 10:04 */
	HTML_SECOND,    /* 10:04:30 */
	HTML_DAY_MINUTE,
	HTML_ZONE, /* CET */
};
const char *html_time(int64_t real_ns, enum html_time form, char out[HTML_TIME_MAX]);
/* "CET, UTC+01:00" at that time. */
const char *html_zone(int64_t real_ns, char out[HTML_TIME_MAX]);

#define HTML_TICKS_MAX 12
struct html_ticks {
	size_t count;
	struct html_tick {
		int64_t real_ns;
		bool rare; /* also shown where there is room for few */
		char text[HTML_TIME_MAX];
	} list[HTML_TICKS_MAX];
};
/* Chooses round local times between two times: at most `most` of them, of which at most
 * `few` are rare. */
void html_ticks_choose(struct html_ticks *ticks, int64_t from_ns, int64_t to_ns,
		       size_t most, size_t few);

#endif
