/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of this folder: the rows of out_table. */
#ifndef OUT_FORMATS_H
#define OUT_FORMATS_H

#include "out/out.h"

extern const struct out_ops out_text;
extern const struct out_ops out_json;
extern const struct out_ops out_folded;
extern const struct out_ops out_pprof;
extern const struct out_ops out_speedscope;
extern const struct out_ops out_openmetrics;

#define OUT_CHUNK_BYTES 65536u

/* Passes the bytes on if there are at_least of them. Returns ERR_NOMEM if out ran out of
 * memory. */
int out_flush(const struct out_request *request, struct buf *out, size_t at_least,
	      struct err *e);

#endif
