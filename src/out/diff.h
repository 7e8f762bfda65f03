/* SPDX-License-Identifier: MIT */
/* Formats of a comparison: one row of diff_table per format. */
#ifndef OUT_DIFF_H
#define OUT_DIFF_H

#include "base/buf.h"
#include "core/diff.h"

struct diff_request {
	const struct diff *diff;
	const struct diff_side *sides; /* array of two */
	const char *names[2];          /* as the user wrote them */
	bool stacks;                   /* print the whole stacks below each group */
	bool ascii;
	size_t width; /* of the terminal, or 0 */
};

struct diff_format {
	const char *name; /* what -f accepts */
	const char *summary;
	void (*write)(const struct diff_request *request, struct buf *out);
};

extern const struct diff_format diff_table[]; /* ends with a row whose name is NULL */
const struct diff_format *diff_by_name(const char *name);

#endif
