/* SPDX-License-Identifier: MIT */
/* The formats of a report. */
#include "out/report.h"

#include <string.h>

#include "out/report_style.h"

const struct report_ops *const report_table[] = {&report_text, &report_json,
						 &report_markdown, &report_html, NULL};

const struct report_ops *report_by_name(const char *name)
{
	for (size_t i = 0; report_table[i]; i++)
		if (strcmp(report_table[i]->name, name) == 0)
			return report_table[i];
	return NULL;
}
