/* SPDX-License-Identifier: MIT */
/* What a user can set: by option, in config.json, and in the view (written back by W). */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "base/clock.h"
#include "core/column.h"
#include "core/query.h"
#include "core/rows.h"
#include "core/stack_rule.h"
#include "core/stuck.h"
#include "core/track.h"

#define SETTINGS_STUCK_MAX       256
#define SETTINGS_ACKNOWLEDGE_MAX 4096

struct settings {
	int64_t interval_ns; /* between polls; at least SETTINGS_INTERVAL_MIN_NS */
	int64_t warm_up_ns; /* watched for so long before growth is a leak; 0: a minute */
	char stuck[SETTINGS_STUCK_MAX]; /* as given to --stuck; "" for the default */
	struct stuck_rule rule;         /* what it says */
	char filter[QUERY_TEXT_MAX];
	struct sort_key sort;
	struct column_list columns;
	bool hide_idle;
	bool no_color; /* --no-color, NO_COLOR */
	bool ascii;
	bool mouse;
	/* Filters, one a line: of leaks that are known, and of what is not even judged. */
	char acknowledge[SETTINGS_ACKNOWLEDGE_MAX];
	char suppress[SETTINGS_ACKNOWLEDGE_MAX];
	struct stack_rules
		stack_rules; /* of config.json; the view does not change them */
};

#define SETTINGS_INTERVAL_MIN_NS (10 * CLOCK_MS_NS)
#define SETTINGS_INTERVAL_MAX_NS (60 * CLOCK_MINUTE_NS)

/* 1 s, no filter, oldest first (age:desc), default columns, mouse on. */
void settings_default(struct settings *settings);

#endif
