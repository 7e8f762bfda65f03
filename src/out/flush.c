/* SPDX-License-Identifier: MIT */
#include "out/formats.h"

int out_flush(const struct out_request *request, struct buf *out, size_t at_least,
	      struct err *e)
{
	if (out->failed)
		return err_set(e, ERR_NOMEM, "out of memory for the output");
	if (!request->flush || out->length < at_least)
		return 0;
	return request->flush(request->flush_ctx, out, e);
}
