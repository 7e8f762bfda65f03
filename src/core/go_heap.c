/* SPDX-License-Identifier: MIT */
/* See go_heap.h. A change counts from 1 MB and a quarter of the earlier value on, idle
 * memory from 4 MB on: a small program fills and frees this much in a second. */
#include "core/go_heap.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/number.h"

#define MIB             1048576.0
#define CHANGE_BYTES    (1 << 20)
#define IDLE_BYTES      (4 << 20)
#define MUCH_IDLE_BYTES (16 << 20)
#define LOAD_GOROUTINES 16 /* more than these, and twice as many as now, are a load */
#define VALUE_MOST      (1ll << 56)
#define SIZE_MAX_TEXT   24
#define AGE_MAX_TEXT    48
#define AGE_LEAST_NS    (2 * CLOCK_SECOND_NS)

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
	FIELD("last_gc_goroutines", last_goroutines, NULL, NULL, NULL, false),
	FIELD("pprof", pprof, NULL, NULL, NULL, false),
	{NULL, 0, NULL, NULL, NULL, false},
};

static const char *const change_names[GO_HEAP_CHANGES] = {
	[GO_HEAP_LIVE] = "live",
	[GO_HEAP_STACKS] = "stacks",
	[GO_HEAP_IDLE] = "idle",
	[GO_HEAP_UNDECIDED] = "undecided",
};

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

/* The last collection ran while there were many more goroutines: what they held then may be
 * free by now. */
static bool load_is_over(const struct go_heap_point *to)
{
	return to->heap.last_goroutines >= 2 * (int64_t)to->goroutines + LOAD_GOROUTINES;
}

static bool is_undecided(const struct go_heap_point *from, const struct go_heap_point *to)
{
	const struct go_heap_figures *a = &from->heap, *b = &to->heap;

	if (load_is_over(to) && has_grown(live_at_most(a), b->live_bytes, CHANGE_BYTES))
		return true;
	return (b->live_bytes < 0 || a->collections == b->collections) &&
	       has_grown(a->in_use_bytes, b->in_use_bytes, IDLE_BYTES);
}

bool go_heap_changed(const struct go_heap_point *from, const struct go_heap_point *to,
		     enum go_heap_change change)
{
	const struct go_heap_figures *a = &from->heap, *b = &to->heap;

	if (!go_heap_known(a) || !go_heap_known(b))
		return false;
	switch (change) {
	case GO_HEAP_LIVE:
		return has_grown(live_at_most(a), b->live_bytes, CHANGE_BYTES) &&
		       !load_is_over(to);
	case GO_HEAP_STACKS:
		return has_grown(a->stack_bytes, b->stack_bytes, CHANGE_BYTES);
	case GO_HEAP_IDLE:
		return is_idle(a, b);
	case GO_HEAP_UNDECIDED:
		return is_undecided(from, to);
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

/* Writes how long ago the last collection was between these texts, or nothing if it was
 * just now or is unknown. */
static const char *age_text(const struct go_heap_point *point, const char *before,
			    const char *after, char out[AGE_MAX_TEXT])
{
	int64_t age_ns = point->real_ns - point->heap.last_real_ns;
	char age[CLOCK_DURATION_MAX];

	out[0] = '\0';
	if (point->real_ns > 0 && point->heap.last_real_ns > 0 && age_ns >= AGE_LEAST_NS)
		snprintf(out, AGE_MAX_TEXT, "%s%s%s", before,
			 clock_format_duration(age_ns, age), after);
	return out;
}

static void explain_live(const struct go_heap_point *from, const struct go_heap_point *to,
			 char *out)
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], n[2][NUMBER_TEXT_MAX];
	int64_t runs = to->heap.collections - from->heap.collections;
	char age[AGE_MAX_TEXT] = "", times[48 + AGE_MAX_TEXT] = "";

	if (from->heap.collections >= 0 && runs > 0)
		snprintf(times, sizeof(times), " in %" PRId64 " collection%s%s", runs,
			 runs == 1 ? "" : "s", age_text(to, ", the last ", " ago", age));
	/* Without watching it is unknown whether it ran under a load that is
	 * over. */
	snprintf(
		out, GO_HEAP_TEXT_MAX,
		"The live heap grew from %s to %s%s: a leak of memory if it continues%s. "
		"Goroutines: %s then, %s now.",
		size_text(live_at_most(&from->heap), a),
		size_text(to->heap.live_bytes, b), times,
		age[0] && to->heap.last_goroutines < 0
			? ", but perhaps only what a load needed that is over: compare "
			  "again after the next collection, which an idle program runs "
			  "after two minutes"
			: "",
		number_format(from->goroutines, n[0]),
		number_format(to->goroutines, n[1]));
}

static void explain_stacks(const struct go_heap_point *from,
			   const struct go_heap_point *to, char *out)
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], n[2][NUMBER_TEXT_MAX];

	size_text(from->heap.stack_bytes, a);
	size_text(to->heap.stack_bytes, b);
	if (more_goroutines(from, to))
		snprintf(out, GO_HEAP_TEXT_MAX,
			 "Goroutine stacks grew from %s to %s: %s goroutines hold %s, "
			 "there were %s: a leak of goroutines if it continues.",
			 a, b, number_format(to->goroutines, n[0]), b,
			 number_format(from->goroutines, n[1]));
	else
		snprintf(out, GO_HEAP_TEXT_MAX,
			 "Goroutine stacks grew from %s to %s, but the number of "
			 "goroutines (%s then, %s now) did not: their calls are deeper, "
			 "or goroutines have ended and their stacks are kept for reuse.",
			 a, b, number_format(from->goroutines, n[0]),
			 number_format(to->goroutines, n[1]));
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

static void explain_undecided(const struct go_heap_point *from,
			      const struct go_heap_point *to, char *out)
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], n[2][NUMBER_TEXT_MAX];
	char age[AGE_MAX_TEXT];

	if (load_is_over(to))
		snprintf(
			out, GO_HEAP_TEXT_MAX,
			"The last collection found %s live (%s then), but %sit ran under "
			"load: there were %s goroutines, now %s. Whether this memory "
			"is still live is unknown until the next one, which an idle "
			"program runs after two minutes.",
			size_text(to->heap.live_bytes, b),
			size_text(live_at_most(&from->heap), a),
			age_text(to, "", " ago ", age),
			number_format(to->heap.last_goroutines, n[0]),
			number_format(to->goroutines, n[1]));
	else
		snprintf(out, GO_HEAP_TEXT_MAX,
			 "The heap in use grew from %s to %s, and no collection has run "
			 "in between: whether this memory is still live is unknown until "
			 "the next one.",
			 size_text(from->heap.in_use_bytes, a),
			 size_text(to->heap.in_use_bytes, b));
}

const char *go_heap_explain(const struct go_heap_point *from,
			    const struct go_heap_point *to, enum go_heap_change change,
			    char out[GO_HEAP_TEXT_MAX])
{
	out[0] = '\0';
	if (change == GO_HEAP_LIVE)
		explain_live(from, to, out);
	else if (change == GO_HEAP_STACKS)
		explain_stacks(from, to, out);
	else if (change == GO_HEAP_IDLE)
		explain_idle(from, to, out);
	else if (change == GO_HEAP_UNDECIDED)
		explain_undecided(from, to, out);
	return out;
}

const char *go_heap_summary(const struct go_heap_point *from,
			    const struct go_heap_point *to, enum go_heap_change change,
			    char out[GO_HEAP_TEXT_MAX])
{
	char a[SIZE_MAX_TEXT], b[SIZE_MAX_TEXT], n[NUMBER_TEXT_MAX];

	out[0] = '\0';
	if (change == GO_HEAP_LIVE)
		snprintf(out, GO_HEAP_TEXT_MAX, "live heap %s to %s, a leak?",
			 size_text(live_at_most(&from->heap), a),
			 size_text(to->heap.live_bytes, b));
	else if (change == GO_HEAP_STACKS)
		snprintf(out, GO_HEAP_TEXT_MAX, "%s goroutine%s %s%s",
			 number_format(to->goroutines, n),
			 to->goroutines == 1 ? " has" : "s hold",
			 size_text(to->heap.stack_bytes, b),
			 more_goroutines(from, to) ? ", a leak?" : " of stacks");
	else if (change == GO_HEAP_IDLE)
		snprintf(out, GO_HEAP_TEXT_MAX, "%s of idle heap, not a leak",
			 size_text(to->heap.idle_bytes, b));
	else if (change == GO_HEAP_UNDECIDED && load_is_over(to))
		snprintf(out, GO_HEAP_TEXT_MAX,
			 "live heap %s to %s under load, no collection since",
			 size_text(live_at_most(&from->heap), a),
			 size_text(to->heap.live_bytes, b));
	else if (change == GO_HEAP_UNDECIDED)
		snprintf(out, GO_HEAP_TEXT_MAX, "heap in use %s to %s, no collection yet",
			 size_text(from->heap.in_use_bytes, a),
			 size_text(to->heap.in_use_bytes, b));
	return out;
}
