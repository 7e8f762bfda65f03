/* SPDX-License-Identifier: MIT */
/* Parses the arguments of options, on the command line and in the configuration file. */
#include "cli/values.h"

#include <string.h>

#include "base/clock.h"
#include "base/suggest.h"
#include "out/out.h"
#include "source/source.h"

static int check_source(const char *name, struct err *e)
{
	struct suggest suggest;

	suggest_init(&suggest, name, strlen(name));
	if (strcmp(name, "auto") == 0)
		return 0;
	suggest_offer(&suggest, "auto");
	for (size_t i = 0; source_table[i]; i++) {
		if (strcmp(name, source_table[i]->name) == 0)
			return 0;
		suggest_offer(&suggest, source_table[i]->name);
	}
	if (suggest.best)
		return err_at(e, 0, "unknown source '%s'; did you mean %s?", name,
			      suggest.best);
	return err_at(e, 0, "unknown source '%s'; 'grmon-c help sources' lists them",
		      name);
}

int value_no_format(const struct suggest *suggest, struct err *e)
{
	if (suggest->best)
		return err_at(e, 0, "unknown format '%.*s'; did you mean %s?",
			      (int)suggest->bytes, suggest->word, suggest->best);
	return err_at(e, 0, "unknown format '%.*s'; 'grmon-c help formats' lists them",
		      (int)suggest->bytes, suggest->word);
}

static int check_format(const char *name, struct err *e)
{
	struct suggest suggest;

	if (out_by_name(name))
		return 0;
	suggest_init(&suggest, name, strlen(name));
	for (size_t i = 0; out_table[i]; i++)
		suggest_offer(&suggest, out_table[i]->name);
	return value_no_format(&suggest, e);
}

static int apply_interval(struct settings *settings, const char *text, struct err *e)
{
	int64_t ns;
	int rc = clock_parse_duration(text, &ns, e);

	if (rc != 0)
		return rc;
	if (ns < SETTINGS_INTERVAL_MIN_NS || ns > SETTINGS_INTERVAL_MAX_NS)
		return err_at(e, 0, "the interval must be between 10ms and 1h");
	settings->interval_ns = ns;
	return 0;
}

static int apply_warm_up(struct settings *settings, const char *text, struct err *e)
{
	int64_t ns;
	int rc = clock_parse_duration(text, &ns, e);

	if (rc != 0)
		return rc;
	if (ns < CLOCK_SECOND_NS)
		return err_at(e, 0,
			      "this is too short to judge anything; give at least 1s");
	settings->warm_up_ns = ns;
	return 0;
}

static int apply_text(char *out, size_t size, const char *text, struct err *e)
{
	size_t length = strlen(text);

	if (length >= size)
		return err_at(e, (int)size - 1,
			      "this is too long; at most %zu bytes are possible",
			      size - 1);
	memcpy(out, text, length + 1);
	return 0;
}

static int apply_filter(struct settings *settings, const char *text, struct err *e)
{
	int rc = apply_text(settings->filter, sizeof(settings->filter), text, e);
	struct query *query;

	if (rc != 0)
		return rc;
	query = query_new(text, e);
	if (!query)
		return e->code;
	query_free(query);
	return 0;
}

static int apply_stuck(struct settings *settings, const char *text, struct err *e)
{
	int rc = apply_text(settings->stuck, sizeof(settings->stuck), text, e);

	thresholds_init(&settings->rule);
	return rc ? rc : thresholds_parse(&settings->rule, text, e);
}

int value_apply(struct settings *settings, enum option_id id, const char *text,
		struct err *e)
{
	switch (id) {
	case OPTION_SOURCE:
		return check_source(text, e);
	case OPTION_FORMAT:
		return check_format(text, e);
	case OPTION_INTERVAL:
		return apply_interval(settings, text, e);
	case OPTION_WARM_UP:
		return apply_warm_up(settings, text, e);
	case OPTION_FILTER:
		return apply_filter(settings, text, e);
	case OPTION_STUCK:
		return apply_stuck(settings, text, e);
	case OPTION_SORT:
		return sort_key_parse(&settings->sort, text, e);
	case OPTION_COLUMNS:
		return column_list_parse(&settings->columns, text, e);
	case OPTION_NO_COLOR:
		settings->no_color = true;
		return 0;
	case OPTION_ASCII:
		settings->ascii = true;
		return 0;
	default:
		return 0;
	}
}
