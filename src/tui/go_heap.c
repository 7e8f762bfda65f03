/* SPDX-License-Identifier: MIT */
#include "tui/go_heap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/timer.h"

#define TIMERS_LEAST 10 /* fewer are not worth a word */

static void append(char out[GO_HEAP_LINE_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(char out[GO_HEAP_LINE_MAX], const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + used, GO_HEAP_LINE_MAX - used, format, args);
	va_end(args);
}

bool go_heap_memory_line(const struct snapshot *snapshot, char out[GO_HEAP_LINE_MAX])
{
	const struct go_heap_figures *heap = &snapshot->resources.go_heap;
	char size[TEXT_SIZE_MAX];

	if (!go_heap_known(heap)) {
		if (snapshot->nr_members > 0 || !snapshot->target.sources ||
		    !strstr(snapshot->target.sources, "goruntime"))
			return false;
		snprintf(out, GO_HEAP_LINE_MAX,
			 "Go heap: the figures of this program's runtime (%s) cannot be "
			 "read in this sample",
			 snapshot->target.runtime ? snapshot->target.runtime
						  : "unknown version");
		return true;
	}
	snprintf(out, GO_HEAP_LINE_MAX, "Go heap: ");
	if (heap->live_bytes >= 0)
		append(out, "%s live after the last collection, ",
		       text_size(heap->live_bytes, size));
	append(out, "%s in use, ", text_size(heap->in_use_bytes, size));
	append(out, "%s idle, ", text_size(heap->idle_bytes, size));
	append(out, "%s returned to the system; ", text_size(heap->returned_bytes, size));
	append(out, "stacks %s", text_size(heap->stack_bytes, size));
	return true;
}

static void append_settings(const struct go_heap_figures *heap, char *out)
{
	char size[TEXT_SIZE_MAX];

	if (heap->percent >= 0)
		append(out, ", GOGC %" PRId64, heap->percent);
	else if (heap->percent == GO_GC_OFF)
		append(out, ", GOGC off");
	else
		append(out, ", GOGC unknown");
	if (heap->limit_bytes >= 0)
		append(out, ", GOMEMLIMIT %s", text_size(heap->limit_bytes, size));
}

bool go_heap_collector_line(const struct snapshot *snapshot, char out[GO_HEAP_LINE_MAX])
{
	const struct go_heap_figures *heap = &snapshot->resources.go_heap;
	char size[TEXT_SIZE_MAX], age[CLOCK_DURATION_MAX];

	if (heap->collections < 0)
		return false;
	snprintf(out, GO_HEAP_LINE_MAX, "Go collector: %" PRId64 " collection%s",
		 heap->collections, heap->collections == 1 ? "" : "s");
	if (heap->last_real_ns > 0 && snapshot->real_ns >= heap->last_real_ns)
		append(out, ", the last one %s ago",
		       clock_format_duration(snapshot->real_ns - heap->last_real_ns,
					     age));
	if (heap->pause_ns > 0)
		append(out, ", pauses %s together",
		       clock_format_duration(heap->pause_ns, age));
	if (heap->goal_bytes >= 0)
		append(out, "; the next one aims at %s",
		       text_size(heap->goal_bytes, size));
	append_settings(heap, out);
	return true;
}

bool go_heap_since_mark(const struct tui *t, struct go_heap_point *from,
			struct go_heap_point *to)
{
	const struct mark *mark = marks_chosen(&t->marks);

	if (!mark || !t->snapshot || !go_heap_known(&mark->heap.heap))
		return false;
	*from = mark->heap;
	go_heap_point_take(to, t->snapshot);
	return go_heap_known(&to->heap);
}

/* Adds a change, after those that are there. */
static void add_since(char out[GO_HEAP_SINCE_MAX], const char *text)
{
	size_t used = strlen(out);

	snprintf(out + used, GO_HEAP_SINCE_MAX - used, "%s%.100s", used > 0 ? "; " : "",
		 text);
}

/* Adds the group of timers that has grown most, if that is much. */
static void add_timers(const struct tui *t, char out[GO_HEAP_SINCE_MAX])
{
	const struct mark *mark = marks_chosen(&t->marks);
	const struct timers *now = t->snapshot ? t->snapshot->timers : NULL;
	const struct timer_group *most = NULL;
	int64_t grown = TIMERS_LEAST - 1;
	char text[TIMER_TEXT_MAX], line[TIMER_TEXT_MAX + 32];

	if (!mark || !mark->timers || mark->timers->count < 0 || !now || now->count < 0)
		return;
	for (size_t i = 0; i < now->nr_groups; i++) {
		int64_t change = (int64_t)now->groups[i].count -
				 timers_count_of(mark->timers, &now->groups[i]);

		if (change <= grown || change < now->groups[i].count / 5)
			continue;
		grown = change;
		most = &now->groups[i];
	}
	if (!most)
		return;
	snprintf(line, sizeof(line), "%+" PRId64 ": %s", grown,
		 timer_group_text(most, text));
	add_since(out, line);
}

/* What decides comes first, since the line may be cut. */
const char *go_heap_since_text(const struct tui *t, char out[GO_HEAP_SINCE_MAX])
{
	static const enum go_heap_change order[GO_HEAP_CHANGES] = {
		GO_HEAP_LIVE, GO_HEAP_UNDECIDED, GO_HEAP_IDLE, GO_HEAP_STACKS};
	struct go_heap_point from, to;
	char text[GO_HEAP_TEXT_MAX];

	out[0] = '\0';
	add_timers(t, out);
	if (!go_heap_since_mark(t, &from, &to))
		return out;
	for (int i = 0; i < GO_HEAP_CHANGES; i++)
		if (go_heap_changed(&from, &to, order[i]))
			add_since(out, go_heap_summary(&from, &to, order[i], text));
	return out;
}
