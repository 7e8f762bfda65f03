/* SPDX-License-Identifier: MIT */
/* Times are in UTC, as everywhere in this program's output. */
#include "base/when.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

#define DAY_NS (86400 * CLOCK_SECOND_NS)

/* Parses ":30.5" or nothing. Returns the end of the given interval, because times are
 * printed cut rather than rounded: "10:04:30" also means the sample at 10:04:30.7. */
static const char *parse_seconds(const char *text, struct tm *tm, int64_t *ns)
{
	const char *rest = *text == ':' ? strptime(text + 1, "%S", tm) : NULL;
	int64_t unit = CLOCK_SECOND_NS;

	if (!rest)
		rest = text;
	else if (*rest == '.')
		for (rest++; byte_is_digit(*rest); rest++) {
			unit /= 10;
			*ns += (*rest - '0') * unit;
		}
	*ns += unit > 0 ? unit - 1 : 0;
	return rest;
}

/* Checks that only an optional Z follows a time. */
static int expect_end(const char *text, const char *rest, struct err *e)
{
	while (*rest == ' ')
		rest++;
	if (*rest == 'Z' || *rest == 'z')
		rest++;
	if (*rest == '\0')
		return 0;
	return err_at(e, (int)(rest - text), "unexpected text after the time");
}

static int parse_relative(const char *text, const struct when_range *range,
			  int64_t *real_ns, struct err *e)
{
	int64_t by_ns;

	if (clock_parse_duration(text + 1, &by_ns, e) != 0) {
		if (e)
			e->at = 1;
		return ERR_USAGE;
	}
	if (by_ns > 36500 * DAY_NS)
		by_ns = 36500 * DAY_NS;
	*real_ns = range->shown_ns + (*text == '-' ? -by_ns : by_ns);
	return 0;
}

static int parse_date(const char *text, int64_t *real_ns, struct err *e)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	int64_t ns = 0;
	struct tm date = tm;

	if (rest && (*rest == 'T' || *rest == 't' || *rest == ' '))
		rest = strptime(rest + 1, "%H:%M", &tm);
	if (!rest || tm.tm_year < 70 || tm.tm_year > 300)
		return err_at(e, 0, "write a date as 2026-11-21 or 2026-11-21T10:04:30");
	timegm(&date);
	if (date.tm_mday != tm.tm_mday)
		return err_at(e, 0, "that month has no day %d", tm.tm_mday);
	rest = parse_seconds(rest, &tm, &ns);
	*real_ns = (int64_t)timegm(&tm) * CLOCK_SECOND_NS + ns;
	return expect_end(text, rest, e);
}

static int parse_time(const char *text, const struct when_range *range, int64_t *real_ns,
		      struct err *e)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%H:%M", &tm);
	int64_t ns = 0, end_ns;

	if (!rest)
		return err_at(
			e, 0,
			"write a time as 10:04, 10:04:30, 2026-11-21T10:04:30, +5m, "
			"-30s, start or end");
	rest = parse_seconds(rest, &tm, &ns);
	if (expect_end(text, rest, e) != 0)
		return ERR_USAGE;
	ns += ((tm.tm_hour * 60 + tm.tm_min) * 60ll + tm.tm_sec) * CLOCK_SECOND_NS;
	end_ns = range->last_ns;
	*real_ns = end_ns - end_ns % DAY_NS + ns;
	if (*real_ns - CLOCK_SECOND_NS >= end_ns &&
	    *real_ns - DAY_NS >= range->first_ns - CLOCK_SECOND_NS)
		*real_ns -= DAY_NS;
	return 0;
}

int when_parse(const char *text, const struct when_range *range, int64_t *real_ns,
	       struct err *e)
{
	while (*text == ' ')
		text++;
	if (strcmp(text, "start") == 0)
		*real_ns = range->first_ns;
	else if (strcmp(text, "end") == 0)
		*real_ns = range->last_ns;
	else if (*text == '+' || *text == '-')
		return parse_relative(text, range, real_ns, e);
	else if (strlen(text) > 4 && text[4] == '-')
		return parse_date(text, real_ns, e);
	else
		return parse_time(text, range, real_ns, e);
	return 0;
}
