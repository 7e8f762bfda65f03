/* SPDX-License-Identifier: MIT */
/* Parses a time within a recording, in the notation of users. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdint.h>

#include "base/err.h"

/* CLOCK_REALTIME, in nanoseconds. */
struct when_range {
	int64_t first_ns, last_ns; /* of the recording */
	int64_t shown_ns;          /* the reference of +5m and -30s */
};

/*
 * Accepts "10:04" and "10:04:30.5" (in UTC, as displayed: the last such time before the
 * end of the recording, or the first if there is none), "2026-11-21T10:04:30Z" (also with
 * a blank for the T or without the Z), "+5m", "-30s", "start" and "end". Returns 0, or
 * ERR_USAGE with the offset of the error.
 */
int when_parse(const char *text, const struct when_range *range, int64_t *real_ns,
	       struct err *e);

#endif
