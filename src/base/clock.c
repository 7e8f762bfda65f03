/* SPDX-License-Identifier: MIT */
/* Clocks and durations. Durations are parsed and formatted with integers, so nothing is
 * rounded. */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/text.h"

#define HOUR_NS (60 * CLOCK_MINUTE_NS)
#define DAY_NS  (24 * HOUR_NS)

int64_t clock_read_ns(clockid_t id)
{
	struct timespec time;

	return clock_gettime(id, &time) == 0 ? clock_from_timespec(time) : 0;
}

int64_t clock_mono_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

int64_t clock_real_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

int64_t clock_process_cpu_ns(pid_t pid)
{
	clockid_t id;

	return clock_getcpuclockid(pid, &id) == 0 ? clock_read_ns(id) : 0;
}

int64_t clock_from_timespec(struct timespec time)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)time.tv_sec, CLOCK_SECOND_NS, &ns))
		return time.tv_sec > 0 ? INT64_MAX : INT64_MIN;
	return clock_add(ns, time.tv_nsec);
}

struct timespec clock_to_timespec(int64_t ns)
{
	return (struct timespec){ns / CLOCK_SECOND_NS, ns % CLOCK_SECOND_NS};
}

bool clock_same_timespec(struct timespec left, struct timespec right)
{
	return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

void clock_sleep_ns(int64_t ns)
{
	struct timespec time = clock_to_timespec(ns);

	nanosleep(&time, NULL);
}

bool clock_sleep_until(int64_t mono_ns)
{
	struct timespec time = clock_to_timespec(mono_ns);

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != EINTR;
}

/* A name precedes its prefixes, so that the longer one matches first. */
static const struct {
	const char *name;
	int64_t ns;
} clock_units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", CLOCK_MS_NS},
	{"s", CLOCK_SECOND_NS},
	{"m", CLOCK_MINUTE_NS},
	{"h", HOUR_NS},
	{"d", DAY_NS},
};

static int64_t clock_unit(const char **at)
{
	for (size_t i = 0; i < ARRAY_COUNT(clock_units); i++) {
		size_t bytes = strlen(clock_units[i].name);

		if (strncmp(*at, clock_units[i].name, bytes) == 0) {
			*at += bytes;
			return clock_units[i].ns;
		}
	}
	return 0;
}

static int clock_digit(char byte)
{
	return byte_is_digit(byte) ? byte - '0' : -1;
}

int64_t clock_add(int64_t left_ns, int64_t right_ns)
{
	int64_t sum_ns;

	if (!__builtin_add_overflow(left_ns, right_ns, &sum_ns))
		return sum_ns;
	return right_ns > 0 ? INT64_MAX : INT64_MIN;
}

/* Parses one number with its unit, such as "1.5m". Returns 0, -1 if the number or unit is
 * missing, or -2 on overflow. */
static int clock_parse_part(const char *text, const char **at, int64_t *ns)
{
	const char *start = *at;
	int64_t whole = 0, unit, fraction = 0, scale = 1;
	int digit, overflow = 0;

	while ((digit = clock_digit(**at)) >= 0) {
		overflow |= __builtin_mul_overflow(whole, 10, &whole);
		overflow |= __builtin_add_overflow(whole, digit, &whole);
		(*at)++;
	}
	if (**at == '.') {
		(*at)++;
		while ((digit = clock_digit(**at)) >= 0) {
			if (scale < CLOCK_SECOND_NS) { /* digits below 1e-9 are ignored */
				fraction = fraction * 10 + digit;
				scale *= 10;
			}
			(*at)++;
		}
		if (*at - start == 1)
			return -1;
	}
	if (*at == start)
		return -1;
	unit = **at == '\0' && start == text ? CLOCK_SECOND_NS : clock_unit(at);
	if (unit == 0)
		return -1;
	overflow |= __builtin_mul_overflow(whole, unit, &whole);
	/* The largest unit is a day, 8.64e13 ns: the product with 1e9 needs 128 bits. */
	fraction = (int64_t)((__int128)fraction * unit / scale);
	overflow |= __builtin_add_overflow(whole, fraction, &whole);
	overflow |= __builtin_add_overflow(*ns, whole, ns);
	return overflow ? -2 : 0;
}

int clock_parse_duration(const char *text, int64_t *ns, struct err *e)
{
	const char *at = text;
	int64_t sum = 0;

	do {
		const char *part = at;
		int rc = clock_parse_part(text, &at, &sum);

		if (rc == -2)
			return err_at(e, (int)(part - text),
				      "duration '%.40s' is too long", text);
		if (rc < 0)
			return err_at(
				e, (int)(part - text),
				"bad duration '%.40s': write a number and a unit, ms, s, "
				"m, h or d, such as 500ms, 10s or 1h30m",
				text);
	} while (*at);
	*ns = sum;
	return 0;
}

/* Writes a number below 1000 and a text. Returns the end. Not printf(), because a table has
 * a duration in every row. */
static char *put_small(char *at, int64_t number, int least_digits, const char *text)
{
	if (number >= 100)
		*at++ = (char)('0' + number / 100);
	if (number >= 10 || least_digits > 1)
		*at++ = (char)('0' + number / 10 % 10);
	*at++ = (char)('0' + number % 10);
	while (*text)
		*at++ = *text++;
	*at = '\0';
	return at;
}

const char *clock_format_duration(int64_t ns, char out[CLOCK_DURATION_MAX])
{
	const int64_t max_ns = 999 * DAY_NS + 23 * HOUR_NS;
	int64_t s;

	if (ns < 0)
		ns = 0;
	if (ns > max_ns)
		ns = max_ns;
	s = ns / CLOCK_SECOND_NS;
	if (s < 1)
		put_small(out, ns / CLOCK_MS_NS, 1, "ms");
	else if (s < 60)
		put_small(put_small(out, s, 1, "."), ns / (100 * CLOCK_MS_NS) % 10, 1,
			  "s");
	else if (s < 3600)
		put_small(put_small(out, s / 60, 1, "m"), s % 60, 2, "s");
	else if (s < 86400)
		put_small(put_small(out, s / 3600, 1, "h"), s / 60 % 60, 2, "m");
	else
		put_small(put_small(out, s / 86400, 1, "d"), s / 3600 % 24, 2, "h");
	return out;
}

const char *clock_format_iso(int64_t real_ns, char out[CLOCK_ISO_MAX])
{
	int64_t ms = real_ns / CLOCK_MS_NS, rest;
	struct tm tm;
	time_t seconds;

	if (real_ns % CLOCK_MS_NS < 0)
		ms--;
	seconds = (time_t)(ms / 1000);
	rest = ms % 1000;
	if (rest < 0) {
		rest += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	snprintf(out, CLOCK_ISO_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		 (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100,
		 tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100, (int)rest % 1000);
	return out;
}
