/* SPDX-License-Identifier: MIT */
/* The default settings. */
#include "core/settings.h"

#include <string.h>

#include "base/clock.h"

void settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->interval_ns = CLOCK_SECOND_NS;
	thresholds_init(&settings->rule);
	settings->sort.column = COLUMN_AGE;
	settings->sort.descending = true;
	column_list_default(&settings->columns);
	settings->mouse = true;
	settings->preview = true;
}
