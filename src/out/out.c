/* SPDX-License-Identifier: MIT */
/* The table of outputs. */
#include "out/out.h"

#include <string.h>

#include "out/formats.h"

const struct out_ops *const out_table[] = {&out_text,  &out_json,       &out_folded,
					   &out_pprof, &out_speedscope, &out_openmetrics,
					   NULL};

const struct out_ops *out_by_name(const char *name)
{
	for (size_t i = 0; out_table[i]; i++) {
		if (strcmp(out_table[i]->name, name) == 0)
			return out_table[i];
	}
	return NULL;
}

int out_flush(const struct out_request *request, struct buf *out, size_t at_least,
	      struct err *e)
{
	if (out->failed)
		return err_set(e, ERR_NOMEM, "no memory for the output");
	if (!request->flush || out->length < at_least)
		return 0;
	return request->flush(request->flush_ctx, out, e);
}
