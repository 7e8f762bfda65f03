/* SPDX-License-Identifier: MIT */
/* The settings of a user: by option, in config.json, and in the view (written back by the
 * W key). */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "base/clock.h"
#include "core/column.h"
#include "core/query.h"
#include "core/rows.h"
#include "core/stack_rule.h"
#include "core/threshold.h"
#include "core/track.h"

#define SETTINGS_STUCK_MAX       256
#define SETTINGS_ACKNOWLEDGE_MAX 4096

/* Whether the view folds rows that are alike. */
enum settings_fold { FOLD_AUTO, FOLD_ALWAYS, FOLD_NEVER };

/* Colours for any, a dark or a light background, or none. */
enum settings_theme { THEME_AUTO, THEME_DARK, THEME_LIGHT, THEME_NONE };

/* More than any screen has. */
#define SETTINGS_CELLS_MAX 1000

struct settings {
	int64_t interval_ns; /* time between polls; at least SETTINGS_INTERVAL_MIN_NS */
	/* time of observation before growth is reported as a leak; 0 for one minute */
	int64_t warm_up_ns;
	char stuck[SETTINGS_STUCK_MAX]; /* as passed to --stuck; "" for the default */
	struct thresholds rule;         /* the parsed value of `stuck` */
	char filter[QUERY_TEXT_MAX];
	struct sort_key sort;
	struct column_list columns;
	bool hide_idle;
	enum settings_fold fold;
	bool preview; /* a preview of the selected row, where there is room */
	int preview_rows, preview_columns; /* its size; 0 to fit the screen */
	enum settings_theme theme;
	bool no_color; /* set by --no-color or NO_COLOR */
	bool ascii;
	bool mouse;
	/* Filters, one per line, of known leaks and of what is not judged at all. */
	char acknowledge[SETTINGS_ACKNOWLEDGE_MAX];
	char suppress[SETTINGS_ACKNOWLEDGE_MAX];
	struct stack_rules
		stack_rules; /* from config.json; the view does not change them */
};

#define SETTINGS_INTERVAL_MIN_NS (10 * CLOCK_MS_NS)
#define SETTINGS_INTERVAL_MAX_NS (60 * CLOCK_MINUTE_NS)

/* Defaults: 1 s, no filter, oldest first (age:desc), default columns, mouse on. */
void settings_default(struct settings *settings);

#endif
