/* SPDX-License-Identifier: MIT */
/* A table of metric families. The samples of all targets in a family are written
 * together, as the format requires. */
#include "out/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "out/escape.h"
#include "out/formats.h"

struct writer {
	struct buf *out;
	enum metrics_format format;
	const char *family; /* including the suffix of its samples */
	const char *labels; /* labels of the target: target="server",pid="4711" */
};

struct family {
	const char *name;   /* without _total and _info */
	const char *suffix; /* of its samples */
	const char *type;   /* in OpenMetrics */
	const char *unit;   /* or NULL */
	const char *help;
	void (*put)(const struct writer *writer, const struct metrics *metrics);
};

/* Makes text safe for a terminal, then escapes the two characters that the format
 * requires. */
static void put_label(struct buf *out, const char *name, const char *text)
{
	struct buf clean;

	buf_init(&clean, 0);
	escape_text(&clean, text, 0, false);
	buf_printf(out, "%s=\"", name);
	for (size_t i = 0; i < clean.length; i++) {
		if (clean.bytes[i] == '\\' || clean.bytes[i] == '"')
			buf_puts(out, "\\");
		buf_append(out, &clean.bytes[i], 1);
	}
	buf_puts(out, "\"");
	buf_release(&clean);
}

static void put_name(const struct writer *writer)
{
	buf_puts(writer->out, writer->family);
	buf_puts(writer->out, "{");
	buf_puts(writer->out, writer->labels);
}

static void put_count(const struct writer *writer, uint64_t value)
{
	put_name(writer);
	buf_printf(writer->out, "} %" PRIu64 "\n", value);
}

/* Writes seconds with a decimal point in every locale. */
static void put_seconds(struct buf *out, int64_t ns)
{
	buf_printf(out, "} %" PRId64 ".%09" PRId64 "\n", ns / (int64_t)CLOCK_SECOND_NS,
		   ns % (int64_t)CLOCK_SECOND_NS);
}

/* Zeros of a series that was once more are always written: otherwise a series that ends
 * looks like lost data. */
static bool is_written(const struct metrics *metrics, uint64_t seen, int bit)
{
	return !metrics->skip_zero || seen >> bit & 1;
}

static void put_by_state(const struct writer *writer, const struct metrics *metrics,
			 const uint64_t *counts, uint64_t seen, bool with_class)
{
	for (int state = 0; state < STATE_COUNT; state++) {
		const struct state_info *info = state_info(state);

		if (!is_written(metrics, seen, state))
			continue;
		put_name(writer);
		buf_printf(writer->out, ",state=\"%s\"", info->name);
		if (with_class)
			buf_printf(writer->out, ",class=\"%s\"",
				   state_class_name(info->class));
		buf_printf(writer->out, "} %" PRIu64 "\n", counts[state]);
	}
}

static void put_tasks(const struct writer *writer, const struct metrics *metrics)
{
	put_by_state(writer, metrics, metrics->tasks, metrics->seen.tasks, true);
}

static void put_stuck(const struct writer *writer, const struct metrics *metrics)
{
	put_by_state(writer, metrics, metrics->stuck, metrics->seen.stuck, false);
}

static void put_long(const struct writer *writer, const struct metrics *metrics)
{
	put_by_state(writer, metrics, metrics->is_long, metrics->seen.is_long, false);
}

static void put_oldest(const struct writer *writer, const struct metrics *metrics)
{
	for (int state = 0; state < STATE_COUNT; state++) {
		if (!state_blocks(state) ||
		    !is_written(metrics, metrics->seen.oldest, state))
			continue;
		put_name(writer);
		buf_printf(writer->out, ",state=\"%s\"", state_info(state)->name);
		put_seconds(writer->out, metrics->oldest_ns[state] > 0
						 ? metrics->oldest_ns[state]
						 : 0);
	}
}

static void put_created(const struct writer *writer, const struct metrics *metrics)
{
	if (metrics->counting &&
	    is_written(metrics, metrics->seen.families, SEEN_CREATED))
		put_count(writer, metrics->created);
}

static void put_ended(const struct writer *writer, const struct metrics *metrics)
{
	if (metrics->counting && is_written(metrics, metrics->seen.families, SEEN_ENDED))
		put_count(writer, metrics->ended);
}

static void put_leaking(const struct writer *writer, const struct metrics *metrics)
{
	if (is_written(metrics, metrics->seen.families, SEEN_LEAKING))
		put_count(writer, metrics->leaking);
}

static void put_silent(const struct writer *writer, const struct metrics *metrics)
{
	if (is_written(metrics, metrics->seen.families, SEEN_SILENT))
		put_count(writer, metrics->silent);
}

static void put_deadlocks(const struct writer *writer, const struct metrics *metrics)
{
	if (is_written(metrics, metrics->seen.families, SEEN_DEADLOCKS))
		put_count(writer, metrics->deadlocks);
}

static void put_rss(const struct writer *writer, const struct metrics *metrics)
{
	if (metrics->rss_bytes >= 0)
		put_count(writer, (uint64_t)metrics->rss_bytes);
}

static void put_fds(const struct writer *writer, const struct metrics *metrics)
{
	if (metrics->fds >= 0)
		put_count(writer, (uint64_t)metrics->fds);
}

static void put_sample_time(const struct writer *writer, const struct metrics *metrics)
{
	if (metrics->sample_ns < 0)
		return;
	put_name(writer);
	put_seconds(writer->out, metrics->sample_ns);
}

static void put_groups(const struct writer *writer, const struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->nr_groups; i++) {
		const struct metrics_group *group = &metrics->groups[i];

		put_name(writer);
		buf_puts(writer->out, ",");
		put_label(writer->out, "function", group->function);
		buf_puts(writer->out, ",");
		put_label(writer->out, "created_by", group->created_by);
		buf_printf(writer->out, ",state=\"%s\"} %" PRIu32 "\n",
			   state_info(group->state)->name, group->tasks);
	}
}

/* Seconds without trailing zeros, as a label, or "various". */
static void put_period(struct buf *out, int64_t ns)
{
	char part[16] = "";
	size_t length = 10;

	if (ns == TIMER_VARIOUS) {
		buf_puts(out, ",period=\"various\"");
		return;
	}
	if (ns % (int64_t)CLOCK_SECOND_NS)
		snprintf(part, sizeof(part), ".%09" PRId64,
			 ns % (int64_t)CLOCK_SECOND_NS);
	while (part[0] && part[length - 1] == '0')
		part[--length] = '\0';
	buf_printf(out, ",period=\"%" PRId64 "%s\"", ns / (int64_t)CLOCK_SECOND_NS, part);
}

static void put_go_timers(const struct writer *writer, const struct metrics *metrics)
{
	for (size_t i = 0; metrics->timing && i < metrics->nr_timers; i++) {
		const struct metrics_timers *timers = &metrics->timers[i];

		put_name(writer);
		buf_puts(writer->out, ",");
		put_label(writer->out, "callback", timers->callback);
		buf_puts(writer->out, ",");
		put_label(writer->out, "function", timers->function);
		put_period(writer->out, timers->period_ns);
		buf_printf(writer->out, "} %" PRIu64 "\n", timers->count);
	}
}

static const struct family families[] = {
	{"grmon_tasks", "", "gauge", NULL, "Threads, goroutines and coroutines by state.",
	 put_tasks},
	{"grmon_tasks_created", "_total", "counter", NULL,
	 "Tasks created while the target has been watched.", put_created},
	{"grmon_tasks_ended", "_total", "counter", NULL,
	 "Tasks ended while the target has been watched.", put_ended},
	{"grmon_stuck_tasks", "", "gauge", NULL,
	 "Tasks over the threshold of their state, with evidence that they hang.",
	 put_stuck},
	{"grmon_long_tasks", "", "gauge", NULL,
	 "Tasks over the threshold of their state that wait for an event and may be at "
	 "rest.",
	 put_long},
	{"grmon_oldest_blocked_seconds", "", "gauge", "seconds",
	 "Time that the task which has been in the state longest has spent in it.",
	 put_oldest},
	{"grmon_leaking_groups", "", "gauge", NULL,
	 "Leaks by trend or by proof, with their parts, and groups of timers that leak.",
	 put_leaking},
	{"grmon_deadlocks", "", "gauge", NULL,
	 "Cycles of tasks that wait for each other.", put_deadlocks},
	{"grmon_memory_silent", "", "gauge", NULL,
	 "1 if memory of the target does not answer, so that stacks are missing.",
	 put_silent},
	{"grmon_process_resident_memory_bytes", "", "gauge", "bytes",
	 "Resident memory of the target.", put_rss},
	{"grmon_process_open_fds", "", "gauge", NULL,
	 "Open file descriptors of the target.", put_fds},
	{"grmon_scrape_seconds", "", "gauge", "seconds",
	 "Duration of the last sample of the target.", put_sample_time},
	{"grmon_go_timers", "", "gauge", NULL,
	 "Armed timers of Go's runtime by the function that it calls, the function that "
	 "this one runs, and the period in seconds of those that repeat.",
	 put_go_timers},
	{"grmon_group_tasks", "", "gauge", NULL,
	 "Tasks in the largest groups, as many as --top-groups requests.", put_groups},
};

static void put_head(const struct writer *writer, const char *name, const char *suffix,
		     const char *type, const char *unit, const char *help)
{
	bool open = writer->format == METRICS_OPENMETRICS;

	/* The older format uses the names of samples here, the newer one those of
	 * families. */
	buf_printf(writer->out, "# HELP %s%s %s\n", name, open ? "" : suffix, help);
	buf_printf(writer->out, "# TYPE %s%s %s\n", name, open ? "" : suffix,
		   !open && strcmp(type, "info") == 0 ? "gauge" : type);
	if (open && unit)
		buf_printf(writer->out, "# UNIT %s %s\n", name, unit);
}

static void put_family(struct writer *writer, const struct family *family,
		       const struct metrics *const *list, char *const *labels,
		       size_t count)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", family->name, family->suffix);
	writer->family = name;
	put_head(writer, family->name, family->suffix, family->type, family->unit,
		 family->help);
	for (size_t i = 0; i < count; i++) {
		writer->labels = labels[i];
		if (list[i]->up)
			family->put(writer, list[i]);
	}
	writer->family = NULL;
}

/* Builds the labels of each target, which all of its lines share. NULL if out of
 * memory. */
static char **make_labels(const struct metrics *const *list, size_t count)
{
	char **labels = calloc(count + 1, sizeof(char *));

	for (size_t i = 0; labels && i < count; i++) {
		struct buf text;

		buf_init(&text, 0);
		put_label(&text, "target", list[i]->target);
		if (list[i]->pid > 0)
			buf_printf(&text, ",pid=\"%d\"", (int)list[i]->pid);
		labels[i] = text.failed ? NULL : strdup(text.bytes);
		buf_release(&text);
	}
	return labels;
}

static bool is_complete(char *const *labels, size_t count)
{
	for (size_t i = 0; labels && i < count; i++)
		if (!labels[i])
			return false;
	return labels;
}

/* Writes the families of the Go heap, if a target has one. */
static void put_go_heap(struct writer *writer, const struct metrics *const *list,
			char *const *labels, size_t count)
{
	for (const struct go_heap_field *field = go_heap_fields; field->key; field++) {
		const char *suffix = field->counter ? "_total" : "";
		bool titled = false;
		char name[64];

		for (size_t i = 0; field->metric && i < count; i++) {
			int64_t value = go_heap_value(&list[i]->go_heap, field);

			if (!list[i]->up || value < 0 ||
			    !is_written(list[i], list[i]->seen.go_heap,
					(int)(field - go_heap_fields)))
				continue;
			snprintf(name, sizeof(name), "%s%s", field->metric, suffix);
			writer->family = name;
			writer->labels = labels[i];
			if (!titled)
				put_head(writer, field->metric, suffix,
					 field->counter ? "counter" : "gauge",
					 field->unit, field->help);
			titled = true;
			put_count(writer, (uint64_t)value);
		}
	}
	writer->family = NULL;
}

static void put_all(struct writer *writer, const struct metrics *const *list,
		    char *const *labels, size_t count)
{
	writer->family = "grmon_up";
	put_head(writer, "grmon_up", "", "gauge", NULL,
		 "1 if the last sample of the target succeeded.");
	for (size_t i = 0; i < count; i++) {
		writer->labels = labels[i];
		put_count(writer, list[i]->up);
	}
	for (size_t i = 0; i < ARRAY_COUNT(families); i++)
		put_family(writer, &families[i], list, labels, count);
	put_go_heap(writer, list, labels, count);
}

void metrics_write(const struct metrics *const *list, size_t count,
		   enum metrics_format format, const char *version, struct buf *out)
{
	struct writer writer = {.out = out, .format = format};
	char **labels = make_labels(list, count);

	if (is_complete(labels, count))
		put_all(&writer, list, labels, count);
	else
		out->failed = 1;
	for (size_t i = 0; labels && i < count; i++)
		free(labels[i]);
	free(labels);
	if (version) {
		put_head(&writer, "grmon_build", "_info", "info", NULL,
			 "The version of grmon-c that serves these metrics.");
		buf_printf(out, "grmon_build_info{version=\"%s\"} 1\n", version);
	}
	if (format == METRICS_OPENMETRICS)
		buf_puts(out, "# EOF\n");
}

void metrics_write_matches(const struct metrics_match *list, size_t count,
			   enum metrics_format format, struct buf *out)
{
	struct writer writer = {.out = out, .format = format};

	put_head(&writer, "grmon_targets", "", "gauge", NULL,
		 "Processes and URLs watched for each word of the command line.");
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, "grmon_targets{");
		put_label(out, "match", list[i].text);
		buf_printf(out, "} %zu\n", list[i].targets);
	}
}

const char *metrics_content_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* Totals cover the whole target, whichever rows are shown. Each of several processes is a
 * target, as in 'grmon-c export'. */
static int openmetrics_write(const struct out_request *request, struct buf *out,
			     struct err *e)
{
	const struct snapshot *snapshot = request->snapshot;
	size_t count = snapshot->nr_members > 0 ? snapshot->nr_members : 1;
	struct metrics *metrics = calloc(count, sizeof(*metrics));
	const struct metrics **list = calloc(count, sizeof(const struct metrics *));

	for (size_t i = 0; metrics && list && i < count; i++) {
		list[i] = &metrics[i];
		metrics[i].sample_ns = -1;
	}
	if (metrics && snapshot->nr_members > 0)
		metrics_take_members(metrics, snapshot);
	else if (metrics)
		metrics_take(metrics, snapshot, 0);
	if (metrics && list)
		metrics_write(list, count, METRICS_OPENMETRICS, NULL, out);
	else
		out->failed = 1;
	free(metrics);
	free(list);
	if (out->failed)
		return err_set(e, ERR_NOMEM, "out of memory for the output");
	return out_flush(request, out, 0, e);
}

const struct out_ops out_openmetrics = {
	.name = "openmetrics",
	.summary = "metrics by state, as 'grmon-c export' serves them",
	.write = openmetrics_write,
};
