/* SPDX-License-Identifier: MIT */
#include "tui/resources.h"

#include <stdio.h>

#include "tui/graph.h"

bool resources_limit_text(const struct snapshot *snapshot, enum limit_id id, char *out,
			  size_t size)
{
	const struct limit *limit = &snapshot->resources.limits[id];
	const struct limit_info *info = limit_info(id);
	char used[GRAPH_LABEL_MAX], most[GRAPH_LABEL_MAX];
	graph_format format = info->bytes ? graph_format_bytes : graph_format_count;

	if (limit_share(limit) < 0)
		return false;
	snprintf(out, size, "%s of %s %s", format((double)limit->used, used),
		 format((double)limit->most, most), info->unit);
	return true;
}
