/* SPDX-License-Identifier: MIT */
/*
 * The folder src/out writes snapshots, reports and comparisons as bytes: text, JSON,
 * HTML, profiles, metrics. It does not know where snapshots come from, nor where the
 * bytes go.
 *
 * An output writes one snapshot. Each output is a row of out_table, which -f, the help
 * and the manual page read.
 */
#ifndef OUT_OUT_H
#define OUT_OUT_H

#include "base/buf.h"
#include "base/err.h"
#include "core/rows.h"
#include "core/settings.h"
#include "core/snapshot.h"

struct out_request {
	const struct snapshot *snapshot;
	const struct rows *rows;         /* the rows to print, in order */
	const struct settings *settings; /* columns, ascii */
	/* Width of the terminal, or 0 to print without cutting. */
	int width;
	/* Text format: print whole stacks below each row. */
	bool stacks;
	/* Text and JSON: write what the tasks hold, which may contain secrets. */
	bool holds;
	/* Called as `out` grows; passes its bytes on and clears it. If NULL, all bytes
	 * stay in `out`. */
	int (*flush)(void *flush_ctx, struct buf *out, struct err *e);
	void *flush_ctx;
};

struct out_ops {
	const char *name; /* what -f accepts */
	const char *summary;
	int (*write)(const struct out_request *request, struct buf *out, struct err *e);
	bool holds; /* it can write what tasks hold */
};

extern const struct out_ops *const out_table[]; /* NULL-terminated */
const struct out_ops *out_by_name(const char *name);

#endif
