/* SPDX-License-Identifier: MIT */
/* See go_heap.h. A change counts from 1 MB and a quarter of the earlier value on, idle
 * memory from 4 MB on: a small program fills and frees this much in a second. */
#include "core/go_heap.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/snapshot.h"

#define MIB             1048576.0
#define CHANGE_BYTES    (1 << 20)
#define IDLE_BYTES      (4 << 20)
#define MUCH_IDLE_BYTES (16 << 20)
#define VALUE_MOST      (1ll << 56)
#define SIZE_MAX_TEXT   24
#define COUNT_MAX_TEXT  16

#define FIELD(key, field, metric, unit, help, counter)                                   \
	{                                                                                \
		key, offsetof(struct go_heap_figures, field), metric, unit, help,        \
			counter                                                          \
	}

const struct go_heap_field go_heap_fields[] = {
	FIELD("live_bytes", live_bytes, "grmon_go_heap_live_bytes", "bytes",
	      "Heap memory that the last collection of a Go program found alive.", false),
	FIELD("in_use_bytes", in_use_bytes, "grmon_go_heap_in_use_bytes", "bytes",
	      "Pages of a Go program's heap that hold objects.", false),
	FIELD("idle_bytes", idle_bytes, "grmon_go_heap_idle_bytes", "bytes",
	      "Free pages of a Go program's heap that were not returned to the system.",
	      false),
	FIELD("returned_bytes", returned_bytes, "grmon_go_heap_returned_bytes", "bytes",
	      "Free pages of a Go program's heap that were returned to the system.",
	      false),
	FIELD("stack_bytes", stack_bytes, "grmon_go_heap_stack_bytes", "bytes",
	      "Pages of the stacks of a Go program's goroutines.", false),
	FIELD("goal_bytes", goal_bytes, "grmon_go_heap_goal_bytes", "bytes",
	      "Size of the heap that the next collection aims at.", false),
	FIELD("limit_bytes", limit_bytes, "grmon_go_heap_limit_bytes", "bytes",
	      "Memory limit of the Go runtime (GOMEMLIMIT).", false),
	FIELD("gc_percent", percent, NULL, NULL, NULL, false),
	FIELD("collections", collections, "grmon_go_heap_collections", NULL,
	      "Completed garbage collections of a Go program.", true),
	FIELD("last_gc_real_ns", last_real_ns, NULL, NULL, NULL, false),
	FIELD("gc_pause_ns", pause_ns, NULL, NULL, NULL, false),
	{NULL, 0, NULL, NULL, NULL, false},
};

static const char *const change_names[GO_HEAP_CHANGES] = {
	[GO_HEAP_LIVE] = "live",
	[GO_HEAP_STACKS] = "stacks",
	[GO_HEAP_IDLE] = "idle",
	[GO_HEAP_UNDECIDED] = "undecided",
};

const char go_heap_advice[] =
	"Where memory is allocated is not visible from outside; the profiler inside the "
	"program samples it. If the program serves net/http/pprof, run:";
const char go_heap_command[] = "go tool pprof http://HOST:PORT/debug/pprof/heap";

const char *go_heap_change_name(enum go_heap_change change)
{
	return change_names[change];
}

int64_t go_heap_value(const struct go_heap_figures *heap,
		      const struct go_heap_field *field)
{
	return *(const int64_t *)((const char *)heap + field->offset);
}

void go_heap_set(struct go_heap_figures *heap, const struct go_heap_field *field,
		 int64_t value)
{
	bool percent = field->offset == offsetof(struct go_heap_figures, percent);
	bool time = field->offset == offsetof(struct go_heap_figures, last_real_ns);
	int64_t *to = (int64_t *)((char *)heap + field->offset);

	*to = value < 0 || (!time && value > VALUE_MOST) ? -1 : value;
	if (percent && value == -1)
		*to = GO_GC_OFF;
}

bool go_heap_known(const struct go_heap_figures *heap)
{
	return heap->in_use_bytes >= 0;
}

void go_heap_point_take(struct go_heap_point *point, const struct snapshot *snapshot)
{
	*point = (struct go_heap_point){.heap = snapshot->resources.go_heap};
	if (!go_heap_known(&point->heap))
		return;
	point->mono_ns = snapshot->mono_ns > 0 ? snapshot->mono_ns : 1;
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (snapshot->tasks[i].kind == TASK_GOROUTINE)
			point->goroutines += task_weight(&snapshot->tasks[i]);
}

static bool has_grown(int64_t from, int64_t to, int64_t least)
{
	return from >= 0 && to - from >= least && to - from >= from / 4;
}

/* Before the first collection, no more than the pages in use can be live. */
static int64_t live_at_most(const struct go_heap_figures *heap)
{
	return heap->live_bytes >= 0 ? heap->live_bytes : heap->in_use_bytes;
}

static bool more_goroutines(const struct go_heap_point *from,
			    const struct go_heap_point *to)
{
	return to->goroutines > from->goroutines &&
	       to->goroutines - from->goroutines > from->goroutines / 4;
}

/* Also true if the memory has been idle from the beginning: then the load was before. */
static bool is_idle(const struct go_heap_figures *from, const struct go_heap_figures *to)
{
	return has_grown(from->idle_bytes, to->idle_bytes, IDLE_BYTES) ||
	       (to->idle_bytes >= MUCH_IDLE_BYTES && to->idle_bytes >= to->in_use_bytes);
}

bool go_heap_changed(const struct go_heap_point *from, const struct go_heap_point *to,
		     enum go_heap_change change)
{
	const struct go_heap_figures *a = &from->heap, *b = &to->heap;

	if (!go_heap_known(a) || !go_heap_known(b))
		return false;
	switch (change) {
	case GO_HEAP_LIVE:
		return has_grown(live_at_most(a), b->live_bytes, CHANGE_BYTES);
	case GO_HEAP_STACKS:
		return has_grown(a->stack_bytes, b->stack_bytes, CHANGE_BYTES);
	case GO_HEAP_IDLE:
		return is_idle(a, b);
	case GO_HEAP_UNDECIDED:
		return (b->live_bytes < 0 || a->collections == b->collections) &&
		       has_grown(a->in_use_bytes, b->in_use_bytes, IDLE_BYTES);
	default:
		return false;
	}
}

static const char *size_text(int64_t bytes, char out[SIZE_MAX_TEXT])
{
	double mib = (double)(bytes > 0 ? bytes : 0) / MIB;

	if (mib < 0.95)
		snprintf(out, SIZE_MAX_TEXT, "%.0f kB", mib * 1024);
	else
		snprintf(out, SIZE_MAX_TEXT, mib < 9.95 ? "%.1f MB" : "%.0f MB", mib);
	return out;
}

/* Writes "2,020". */
static const char *count_text(uint32_t count, char out[COUNT_MAX_TEXT])
{
	if (count >= 1000000)
		snprintf(out, COUNT_MAX_TEXT, "%u,%03u,%03u", count / 1000000,
			 count / 1000 % 1000, count % 1000);
	else if (count >= 1000)
		snprintf(out, COUNT_MAX_TEXT, "%u,%03u", count / 1000, count % 1000);
	else
		snprintf(out, COUNT_MAX_TEXT, "%u", count);
	return out;
}

static void explain_live(const struct go_heap_point *from, const struct go_heap_point *to,
			 char *out)
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], n[2][COUNT_MAX_TEXT];
	int64_t runs = to->heap.collections - from->heap.collections;
	char times[48] = "";

	if (from->heap.collections >= 0 && runs > 0)
		snprintf(times, sizeof(times), " in %" PRId64 " collection%s", runs,
			 runs == 1 ? "" : "s");
	snprintf(out, GO_HEAP_TEXT_MAX,
		 "The live heap grew from %s to %s%s: a leak of memory if it continues. "
		 "Goroutines: %s then, %s now.",
		 size_text(live_at_most(&from->heap), a),
		 size_text(to->heap.live_bytes, b), times,
		 count_text(from->goroutines, n[0]), count_text(to->goroutines, n[1]));
}

static void explain_stacks(const struct go_heap_point *from,
			   const struct go_heap_point *to, char *out)
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], n[2][COUNT_MAX_TEXT];

	size_text(from->heap.stack_bytes, a);
	size_text(to->heap.stack_bytes, b);
	if (more_goroutines(from, to))
		snprintf(out, GO_HEAP_TEXT_MAX,
			 "Goroutine stacks grew from %s to %s: %s goroutines hold %s, "
			 "there were %s: a leak of goroutines if it continues.",
			 a, b, count_text(to->goroutines, n[0]), b,
			 count_text(from->goroutines, n[1]));
	else
		snprintf(out, GO_HEAP_TEXT_MAX,
			 "Goroutine stacks grew from %s to %s, but the number of "
			 "goroutines (%s then, %s now) did not: their calls are deeper, "
			 "or goroutines have ended and their stacks are kept for reuse.",
			 a, b, count_text(from->goroutines, n[0]),
			 count_text(to->goroutines, n[1]));
}

static void explain_idle(const struct go_heap_point *from, const struct go_heap_point *to,
			 char *out)
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], live[SIZE_MAX_TEXT], held[48] = "";

	if (to->heap.live_bytes >= 0)
		snprintf(held, sizeof(held), ", and %s are live",
			 size_text(to->heap.live_bytes, live));
	snprintf(
		out, GO_HEAP_TEXT_MAX,
		"%s of the heap are idle (%s then)%s: the Go runtime has not returned "
		"this memory to the system yet. It is not a leak. The runtime returns it "
		"slowly, and debug.FreeOSMemory at once.",
		size_text(to->heap.idle_bytes, b), size_text(from->heap.idle_bytes, a),
		held);
}

const char *go_heap_explain(const struct go_heap_point *from,
			    const struct go_heap_point *to, enum go_heap_change change,
			    char out[GO_HEAP_TEXT_MAX])
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT];

	out[0] = '\0';
	if (change == GO_HEAP_LIVE)
		explain_live(from, to, out);
	else if (change == GO_HEAP_STACKS)
		explain_stacks(from, to, out);
	else if (change == GO_HEAP_IDLE)
		explain_idle(from, to, out);
	else if (change == GO_HEAP_UNDECIDED)
		snprintf(out, GO_HEAP_TEXT_MAX,
			 "The heap in use grew from %s to %s, and no collection has run "
			 "in between: whether this memory is still live is unknown until "
			 "the next one.",
			 size_text(from->heap.in_use_bytes, a),
			 size_text(to->heap.in_use_bytes, b));
	return out;
}

const char *go_heap_summary(const struct go_heap_point *from,
			    const struct go_heap_point *to, enum go_heap_change change,
			    char out[GO_HEAP_TEXT_MAX])
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], n[COUNT_MAX_TEXT];

	out[0] = '\0';
	if (change == GO_HEAP_LIVE)
		snprintf(out, GO_HEAP_TEXT_MAX, "live heap %s to %s, a leak?",
			 size_text(live_at_most(&from->heap), a),
			 size_text(to->heap.live_bytes, b));
	else if (change == GO_HEAP_STACKS)
		snprintf(out, GO_HEAP_TEXT_MAX, "%s goroutines hold %s%s",
			 count_text(to->goroutines, n),
			 size_text(to->heap.stack_bytes, b),
			 more_goroutines(from, to) ? ", a leak?" : " of stacks");
	else if (change == GO_HEAP_IDLE)
		snprintf(out, GO_HEAP_TEXT_MAX, "%s of idle heap, not a leak",
			 size_text(to->heap.idle_bytes, b));
	else if (change == GO_HEAP_UNDECIDED)
		snprintf(out, GO_HEAP_TEXT_MAX, "heap in use %s to %s, no collection yet",
			 size_text(from->heap.in_use_bytes, a),
			 size_text(to->heap.in_use_bytes, b));
	return out;
}
