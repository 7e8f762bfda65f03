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
