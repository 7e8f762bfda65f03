/* SPDX-License-Identifier: MIT */
/* The top of the page: what was watched, when, and what was found, in one sentence. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "core/holds.h"
#include "out/html.h"

static void put_head(struct buf *out, const char *title)
{
	buf_puts(out,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		 "'none'; style-src 'unsafe-inline'\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, "
		 "initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_put(out, title);
	buf_puts(out, " - grmon-c report</title>\n<style>\n");
	buf_puts(out, html_css);
	buf_puts(out, "</style>\n</head>\n<body>\n");
}

/* A part of the sentence that says what was found. */
struct count {
	size_t number;
	const char *id; /* of the section */
	const char *one, *many;
};

static void put_count(struct buf *out, const struct count *count, const char *before)
{
	buf_printf(out, "%s<a href=\"#%s\">%zu %s</a>", before, count->id, count->number,
		   count->number == 1 ? count->one : count->many);
}

/* Writes those that are not 0 as "1 deadlock, 2 leaks and 3 stuck tasks". Returns their
 * number. */
static size_t put_counts(struct buf *out, const struct count *list, size_t nr)
{
	size_t found = 0, written = 0;

	for (size_t i = 0; i < nr; i++)
		found += list[i].number > 0;
	for (size_t i = 0; i < nr; i++)
		if (list[i].number > 0) {
			written++;
			put_count(out, &list[i],
				  written == 1       ? ""
				  : written == found ? " and "
						     : ", ");
		}
	return found;
}

static void put_found(struct buf *out, const struct report_request *request)
{
	const struct snapshot *s = request->snapshot;
	struct report_found found = report_count_found(s);
	const struct count bad[] = {
		{found.deadlocks, "deadlocks", "deadlock", "deadlocks"},
		{found.leaks, "leaks", "leak", "leaks"},
		{s->counts.stuck, "stuck", "stuck task", "stuck tasks"},
	};
	const struct count doubtful[] = {
		{found.perhaps, "leaks", "possible leak", "possible leaks"},
		{s->counts.is_long, "long", "long wait", "long waits"},
	};
	char span[CLOCK_DURATION_MAX];

	buf_puts(out, "<p class=\"lead\">");
	if (put_counts(out, bad, ARRAY_COUNT(bad)) > 0)
		buf_puts(out, ".");
	else if (request->nr_samples > 1 && request->watched_ns > 0)
		buf_printf(out, "Nothing found in %s.",
			   clock_format_duration(request->watched_ns, span));
	else
		buf_puts(out, "Nothing found in this one sample.");
	buf_puts(out, "</p>\n");
	if (found.perhaps + s->counts.is_long > 0) {
		buf_puts(out, "<p>In doubt: ");
		put_counts(out, doubtful, ARRAY_COUNT(doubtful));
		buf_puts(out, found.perhaps > 0 ? ". Watch for longer to know.</p>\n"
						: ".</p>\n");
	}
	if (!report_judges_growth(request))
		buf_puts(out, "<p>This was too short to judge whether anything grows."
			      "</p>\n");
}

static void begin_fact(struct buf *out, const char *title)
{
	buf_printf(out, "<div><dt>%s</dt><dd>", title);
}

static void put_fact(struct buf *out, const char *title, const char *text)
{
	begin_fact(out, title);
	html_put(out, text);
	buf_puts(out, "</dd></div>\n");
}

/* Writes the time from the first sample to the last, in local time. */
static void put_time(struct buf *out, const struct report_request *request)
{
	int64_t to_ns = request->snapshot->real_ns;
	int64_t from_ns = to_ns - request->watched_ns;
	char from_day[HTML_TIME_MAX], to_day[HTML_TIME_MAX], from[HTML_TIME_MAX];
	char to[HTML_TIME_MAX], zone[HTML_TIME_MAX], span[CLOCK_DURATION_MAX];
	bool one_day;

	html_time(from_ns, HTML_DAY, from_day);
	html_time(to_ns, HTML_DAY, to_day);
	one_day = strcmp(from_day, to_day) == 0;
	html_time(from_ns, HTML_SECOND, from);
	html_time(to_ns, HTML_SECOND, to);
	begin_fact(out, "When");
	if (request->nr_samples > 1)
		buf_printf(out, "%s %s to %s%s%s ", from_day, from, one_day ? "" : to_day,
			   one_day ? "" : " ", to);
	else
		buf_printf(out, "%s %s ", to_day, to);
	html_put(out, html_zone(to_ns, zone));
	buf_printf(out,
		   "</dd></div>\n<div><dt>Watched</dt><dd>%s%s%" PRIu64
		   " sample%s</dd></div>\n",
		   request->nr_samples > 1
			   ? clock_format_duration(request->watched_ns, span)
			   : "",
		   request->nr_samples > 1 ? ", " : "", request->nr_samples,
		   request->nr_samples == 1 ? "" : "s");
}

static void put_facts(struct buf *out, const struct report_request *request)
{
	const struct snapshot *s = request->snapshot;
	char text[REPORT_COUNTS_MAX];

	buf_puts(out, "<dl>\n");
	put_time(out, request);
	if (s->target.sources && s->target.sources[0])
		put_fact(out, "Read through", s->target.sources);
	if (s->target.runtime)
		put_fact(out, "Runtime", s->target.runtime);
	put_fact(out, "At the end",
		 report_counts_text(s->counts.tasks, s->counts.stuck, s->counts.is_long,
				    text));
	buf_puts(out, "</dl>\n");
}

void html_begin(const struct report_style *style, struct buf *out, const char *title)
{
	const struct report_request *request = style->request;
	const struct snapshot *s = request->snapshot;

	put_head(out, title);
	buf_puts(out, "<header>\n<p class=\"kicker\">grmon-c report</p>\n<h1>");
	html_put(out, title);
	buf_puts(out, "</h1>\n");
	put_found(out, request);
	put_facts(out, request);
	for (size_t i = 0; i < s->nr_notes; i++)
		style->item(style, out, s->notes[i]);
	if (request->holds)
		style->item(style, out, holds_secrets);
	buf_puts(out, "</header>\n<main>\n");
	html_members(style, out);
}
