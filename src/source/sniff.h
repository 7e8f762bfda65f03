/* SPDX-License-Identifier: MIT */
/* Detects the contents of a file or stream that the user named. */
#ifndef SOURCE_SNIFF_H
#define SOURCE_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum sniff {
	SNIFF_UNKNOWN,
	SNIFF_GRMON,      /* a recording or dump of grmon-c: JSON */
	SNIFF_GOROUTINES, /* a text with goroutines: a dump, a panic, a log */
	SNIFF_PROFILE,    /* a pprof profile, usually gzipped */
};

enum sniff source_sniff(const void *bytes, size_t length);
/* Does the same for a regular file; a log is read until a goroutine is found. An empty or
 * missing file counts as a recording if there is an older file of one, PATH.1. Returns
 * SNIFF_UNKNOWN and sets e if it cannot be read or contains nothing that can be shown. */
enum sniff source_sniff_file(const char *path, struct err *e);

/* Returns true for "http://…", "https://…" and "unix:/path". */
bool source_is_url(const char *text);

#endif
