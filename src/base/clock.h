/* SPDX-License-Identifier: MIT */
/* Time in nanoseconds, and durations in the notation of users. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"

#define CLOCK_MS_NS     1000000ll
#define CLOCK_SECOND_NS 1000000000ll
#define CLOCK_MINUTE_NS (60 * CLOCK_SECOND_NS)

int64_t clock_mono_ns(void); /* CLOCK_MONOTONIC */
int64_t clock_real_ns(void); /* CLOCK_REALTIME */
/* Returns the time of any clock of clock_gettime(), or 0 if it cannot be read. */
int64_t clock_read_ns(clockid_t id);
/* Returns the CPU time of all threads of a process, or 0 if it cannot be read. */
int64_t clock_process_cpu_ns(pid_t pid);

/* A time that does not fit becomes the nearest one that does. */
int64_t clock_from_timespec(struct timespec time);
/* ns must not be negative. */
struct timespec clock_to_timespec(int64_t ns);
bool clock_same_timespec(struct timespec left, struct timespec right);

/* Sleeps; a signal handler that runs ends it early. */
void clock_sleep_ns(int64_t ns);
/* Sleeps until clock_mono_ns() is mono_ns. Returns false if a signal handler ended it. */
bool clock_sleep_until(int64_t mono_ns);

/* Returns the sum, saturated to the range of int64_t, because times from a target may
 * have any value. */
int64_t clock_add(int64_t left_ns, int64_t right_ns);

/* Parses "500ms", "10s", "1.5m", "2h", "3d" or "1h30m"; a number without a unit is in
 * seconds. The result is never negative. Returns 0, or ERR_USAGE with a sentence that
 * lists the accepted units. */
int clock_parse_duration(const char *text, int64_t *ns, struct err *e);

#define CLOCK_DURATION_MAX 16
/* Formats a duration in at most 7 columns: "0ms" … "999ms", "1.0s" … "59.9s", "1m00s"
 * … "59m59s", "1h00m" … "23h59m", "1d00h" … "999d23h". A negative value is formatted
 * as 0. */
const char *clock_format_duration(int64_t ns, char out[CLOCK_DURATION_MAX]);

#define CLOCK_ISO_MAX 32
/* Formats a time as "2026-11-21T10:00:00.123Z". */
const char *clock_format_iso(int64_t real_ns, char out[CLOCK_ISO_MAX]);

#endif
