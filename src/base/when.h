/* SPDX-License-Identifier: MIT */
/* A moment of a recording as users write it. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdint.h>

#include "base/err.h"

/* Nanoseconds of the clock of the day. */
struct when_range {
	int64_t first_ns, last_ns; /* of the recording */
	int64_t shown_ns;          /* what +5m and -30s count from */
};

/*
 * "10:04", "10:04:30.5" (UTC, as the view shows it: the last such moment before the end, or
 * the first one if the recording has none), "2026-11-21T10:04:30Z" (with a blank or without
 * the Z too), "+5m", "-30s", "start", "end". Returns 0 or ERR_USAGE with the offset.
 */
int when_parse(const char *text, const struct when_range *range, int64_t *real_ns,
	       struct err *e);

#endif
