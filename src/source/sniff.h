/* SPDX-License-Identifier: MIT */
/* What a file or stream that the user named holds, told from its bytes. */
#ifndef SOURCE_SNIFF_H
#define SOURCE_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum sniff {
	SNIFF_UNKNOWN,
	SNIFF_GRMON,      /* a recording or a dump of ours: JSON */
	SNIFF_GOROUTINES, /* text with goroutines: a dump, a panic, a log */
	SNIFF_PROFILE,    /* a pprof profile, as a rule gzipped */
};

/* How many bytes of a stream are enough for source_sniff() to tell all but a goroutine far
 * inside a log. */
#define SNIFF_BYTES 4096u

enum sniff source_sniff(const void *bytes, size_t length);
/* The same of a regular file; of a log as much is read as it takes to find a goroutine. An
 * empty or missing file beside which there are older ones of a recording, PATH.1, is one.
 * SNIFF_UNKNOWN with e: it cannot be read, or holds nothing that can be shown. */
enum sniff source_sniff_file(const char *path, struct err *e);

/* "http://…", "https://…" or "unix:/path". */
bool source_is_url(const char *text);

#endif
