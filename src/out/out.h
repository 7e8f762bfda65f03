/* SPDX-License-Identifier: MIT */
/*
 * The folder src/out writes snapshots, reports and comparisons as bytes: text, JSON,
 * HTML, profiles, metrics. It does not know where snapshots come from, nor where the
 * bytes go.
 *
 * Outputs: one snapshot as bytes. Each is one row of out_table, which -f, the help and the
 * man page read.
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
	const struct rows *rows;         /* what to show, in order */
	const struct settings *settings; /* columns, ascii */
	int width;                       /* of a terminal, or 0: do not cut */
	bool stacks;                     /* text: whole stacks below each row */
	/* Called as `out` grows; hands its bytes on and clears it. NULL: they all stay. */
	int (*flush)(void *flush_ctx, struct buf *out, struct err *e);
	void *flush_ctx;
};

struct out_ops {
	const char *name; /* what -f accepts */
	const char *summary;
	int (*write)(const struct out_request *request, struct buf *out, struct err *e);
};

extern const struct out_ops *const out_table[]; /* NULL-terminated */
const struct out_ops *out_by_name(const char *name);

#endif
