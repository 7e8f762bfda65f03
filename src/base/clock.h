/* SPDX-License-Identifier: MIT */
/* Time in nanoseconds, and durations as users write them. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CLOCK_SECOND_NS 1000000000ll

int64_t clock_mono_ns(void); /* CLOCK_MONOTONIC */
int64_t clock_real_ns(void); /* CLOCK_REALTIME */

/* The sum, or the nearest number that there is: times from a target may be anything. */
int64_t clock_add(int64_t left_ns, int64_t right_ns);

/* "500ms", "10s", "1.5m", "2h", "3d", "1h30m"; a bare number is seconds. Returns 0 or
 * ERR_USAGE with a sentence that names the accepted units. Never negative. */
int clock_parse_duration(const char *text, int64_t *ns, struct err *e);

#define CLOCK_DURATION_MAX 16
/* At most 7 columns: "0ms" … "999ms", "1.0s" … "59.9s", "1m00s" … "59m59s", "1h00m" …
 * "23h59m", "1d00h" … "999d23h". Negative prints as 0. */
const char *clock_format_duration(int64_t ns, char out[CLOCK_DURATION_MAX]);

#define CLOCK_ISO_MAX 32
/* "2026-11-21T10:00:00.123Z" */
const char *clock_format_iso(int64_t real_ns, char out[CLOCK_ISO_MAX]);

#endif
