/* SPDX-License-Identifier: MIT */
#include "tui/go_heap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

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
		if (!snapshot->target.sources ||
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

const char *go_heap_since_text(const struct tui *t, char out[GO_HEAP_SINCE_MAX])
{
	struct go_heap_point from, to;
	char text[GO_HEAP_TEXT_MAX];

	out[0] = '\0';
	if (!go_heap_since_mark(t, &from, &to))
		return out;
	for (int i = 0; i < GO_HEAP_CHANGES; i++)
		if (go_heap_changed(&from, &to, (enum go_heap_change)i))
			snprintf(out + strlen(out), GO_HEAP_SINCE_MAX - strlen(out),
				 "%s%.80s", *out != '\0' ? "; " : "",
				 go_heap_summary(&from, &to, (enum go_heap_change)i,
						 text));
	return out;
}
