/* SPDX-License-Identifier: MIT */
/*
 * See heap_stats.h. Offsets are those of runtime/mstats.go and runtime/mgcpacer.go of
 * each version. The runtime keeps pages in a ring of three deltas; their sum is exact
 * except while a reader of the target rotates the ring, and then it contradicts a second
 * count of the same pages.
 */
#include "source/go/heap_stats.h"

#include <limits.h>

#include "base/array.h"
#include "base/clock.h"

#define NONE           UINT_MAX
#define TRIES          6u
#define TRY_AGAIN_NS   CLOCK_SECOND_NS
#define READS          32
#define SCANNED        (16u << 20) /* the linker sorts variables by size */
#define PAUSES         256u
#define RING           3u
#define DELTA_WORDS    6u
#define RUNTIME_PAGE   8192u
#define BYTES_MOST     (1ll << 47)
#define TIME_LEAST_NS  (1ull << 60) /* 2006 */
#define GOAL_MOST      (1ll << 44)
#define TRIGGER        24u /* in Go 1.17 and 1.18 */
#define LIVE_BEYOND    (1u << 20)
#define MINIMUM_HEAP   (4ull << 20)
#define PERCENT_MOST   100000000
#define TAIL_WORDS     6u          /* in use, returned, idle, allocated, freed, mapped */
#define LEAST_HEAP     (16u << 10) /* the runtime itself allocates more */
#define RUNWAY_LEAST   (64u << 10)
#define HEADROOM_LEAST (1u << 20)

/* In runtime.memstats unless it says otherwise. Words of a delta: committed, released, in
 * the heap, in stacks, in work buffers and, to Go 1.24, in bitmaps. */
struct go_heap_layout {
	unsigned last_minor;
	unsigned ring, delta, words;
	unsigned last_gc; /* total pause and the rings of pauses and their ends follow */
	unsigned collections;
	unsigned heap_sys; /* pages of the heap, counted again; to Go 1.18 */
	/* in runtime.gcController, in Go 1.16 in memstats */
	unsigned percent, limit, minimum, goal, sweep, triggered, live, marked, tail;
};

static const struct go_heap_layout layouts[] = {
	{16, 6024, 1168, 6, 176, 4288, 48, NONE, NONE, NONE, 168, NONE, NONE, 6000, 6016,
	 NONE},
	{17, 5960, 1176, 6, 168, 4280, 48, 0, NONE, 8, 32, NONE, NONE, 48, 64, NONE},
	{18, 5960, 1176, 6, 168, 4280, 48, 0, NONE, 8, 104, NONE, NONE, 120, 168, NONE},
	{19, 0, 1176, 6, 3592, 7704, NONE, 0, 8, 16, 104, 112, 120, 136, 184, 304},
	{20, 0, 1176, 6, 3592, 7704, NONE, 0, 8, 16, 48, 56, 64, 80, 128, 248},
	{24, 0, 1176, 6, 3592, 7704, NONE, 0, 8, 16, 72, 80, 88, 104, 152, 272},
	{27, 0, 1168, 5, 3568, 7680, NONE, 0, 8, 16, 72, 80, 88, 104, 152, 272},
};

/* Everything that one sample needs. */
struct reading {
	uint64_t deltas[RING][DELTA_WORDS];
	uint64_t times[2]; /* end of the last collection, total pause */
	uint32_t collections;
	uint64_t heap_sys;
	uint8_t controller[512];
};

struct pages {
	int64_t committed, returned, in_use, stacks, others, idle;
};

const struct go_heap_layout *go_heap_layout_of(unsigned minor)
{
	for (size_t i = 0; i < ARRAY_COUNT(layouts); i++)
		if (minor >= 16 && minor <= layouts[i].last_minor)
			return &layouts[i];
	return NULL;
}

size_t go_heap_memstats_bytes(const struct go_heap_layout *layout)
{
	size_t ring = layout->ring + RING * layout->delta + 8;

	return ring > layout->collections + 8u ? ring : layout->collections + 8u;
}

size_t go_heap_controller_bytes(const struct go_heap_layout *layout)
{
	return layout->tail != NONE ? layout->tail + TAIL_WORDS * 8u
				    : layout->marked + 8u;
}

void go_heap_stats_init(struct go_heap_stats *stats)
{
	*stats = (struct go_heap_stats){
		.tries_left = TRIES, .collections = -1, .collected = -1};
}

/* deltas has RING elements. Returns false if the sums cannot be numbers of bytes. */
static bool sum_pages(const struct go_heap_layout *layout,
		      const uint64_t (*deltas)[DELTA_WORDS], struct pages *out)
{
	uint64_t sums[DELTA_WORDS] = {0};

	for (size_t i = 0; i < RING; i++)
		for (size_t k = 0; k < layout->words; k++)
			sums[k] += deltas[i][k];
	for (size_t k = 0; k < DELTA_WORDS; k++)
		if (sums[k] >= (uint64_t)BYTES_MOST)
			return false;
	*out = (struct pages){.committed = (int64_t)sums[0],
			      .returned = (int64_t)sums[1],
			      .in_use = (int64_t)sums[2],
			      .stacks = (int64_t)sums[3],
			      .others = (int64_t)(sums[4] + sums[5])};
	out->idle = out->committed - out->in_use - out->stacks - out->others;
	return out->idle >= 0 && out->in_use > 0 && out->in_use % RUNTIME_PAGE == 0 &&
	       out->stacks % RUNTIME_PAGE == 0 && out->returned % 4096 == 0 &&
	       out->committed % 4096 == 0;
}

/* The time of the last collection is also the latest in the ring of pauses. The runtime
 * counts a collection a little later. */
static bool times_fit(const struct go_heap_layout *layout, const uint8_t *bytes)
{
	const uint8_t *ends = bytes + layout->last_gc + 16 + PAUSES * 8;
	uint64_t last = load_u64(bytes + layout->last_gc);
	uint32_t count = load_u32(bytes + layout->collections);

	if (count == 0 && last == 0)
		return true;
	return last > TIME_LEAST_NS && last <= INT64_MAX && count <= INT32_MAX &&
	       (load_u64(ends + (count - 1) % PAUSES * 8) == last ||
		load_u64(ends + count % PAUSES * 8) == last);
}

bool go_heap_is_memstats(const struct go_heap_layout *layout, const uint8_t *bytes)
{
	uint64_t deltas[RING][DELTA_WORDS] = {{0}};
	struct pages pages;

	for (size_t i = 0; i < RING; i++)
		memcpy(deltas[i], bytes + layout->ring + i * layout->delta,
		       layout->words * 8u);
	return sum_pages(layout, deltas, &pages) && pages.stacks > 0 &&
	       load_u32(bytes + layout->ring + RING * layout->delta) < RING &&
	       times_fit(layout, bytes);
}

/* The smallest heap follows from the percentage in a 64-bit product, also for -1. */
bool go_heap_is_controller(const struct go_heap_layout *layout, const uint8_t *bytes)
{
	int32_t percent;
	uint64_t goal = load_u64(bytes + layout->goal), tail[TAIL_WORDS];
	uint64_t live = load_u64(bytes + layout->live);
	uint64_t marked = load_u64(bytes + layout->marked);

	memcpy(&percent, bytes + layout->percent, sizeof(percent));
	if (percent < -1 || percent > PERCENT_MOST ||
	    load_u64(bytes + layout->minimum) !=
		    MINIMUM_HEAP * (uint64_t)(int64_t)percent / 100 ||
	    marked >= (uint64_t)BYTES_MOST || goal < LEAST_HEAP || live < LEAST_HEAP ||
	    live >= (uint64_t)BYTES_MOST)
		return false;
	if (layout->tail == NONE)
		return marked >= LEAST_HEAP && marked <= goal &&
		       load_u64(bytes + TRIGGER) <= goal &&
		       (goal < (uint64_t)GOAL_MOST || percent < 0);
	memcpy(tail, bytes + layout->tail, sizeof(tail));
	return tail[0] > 0 && tail[0] % RUNTIME_PAGE == 0 && tail[1] % 4096 == 0 &&
	       tail[2] % 4096 == 0 && tail[3] >= tail[4] && tail[5] >= tail[0] &&
	       (int64_t)load_u64(bytes + layout->limit) >= 0;
}

static bool read_all(const struct go_heap_stats *stats, struct memory *mem,
		     struct reading *reading)
{
	const struct go_heap_layout *layout = stats->layout;
	struct memory_span spans[RING + 4];
	size_t nr = 0;

	memset(reading, 0, sizeof(*reading));
	for (size_t i = 0; i < RING; i++)
		spans[nr++] = (struct memory_span){
			stats->memstats + layout->ring + i * layout->delta,
			reading->deltas[i], layout->words * 8u, false};
	spans[nr++] = (struct memory_span){stats->memstats + layout->last_gc,
					   reading->times, sizeof(reading->times), false};
	spans[nr++] =
		(struct memory_span){stats->memstats + layout->collections,
				     &reading->collections, sizeof(uint32_t), false};
	if (layout->heap_sys != NONE)
		spans[nr++] = (struct memory_span){stats->memstats + layout->heap_sys,
						   &reading->heap_sys, 8, false};
	if (layout->percent != NONE)
		spans[nr++] =
			(struct memory_span){stats->controller, reading->controller,
					     go_heap_controller_bytes(layout), false};
	memory_read_spans(mem, spans, nr);
	for (size_t i = 0; i < nr; i++)
		if (!spans[i].ok)
			return false;
	return true;
}

/* Both counts of the pages must agree. */
static bool is_consistent(const struct go_heap_layout *layout,
			  const struct reading *reading, struct pages *pages)
{
	if (!sum_pages(layout, reading->deltas, pages))
		return false;
	if (layout->heap_sys != NONE &&
	    reading->heap_sys !=
		    (uint64_t)(pages->idle + pages->in_use + pages->returned))
		return false;
	if (layout->percent != NONE &&
	    !go_heap_is_controller(layout, reading->controller))
		return false;
	if (layout->tail == NONE)
		return layout->percent == NONE ||
		       load_u64(reading->controller + layout->live) <=
			       (uint64_t)pages->in_use + LIVE_BEYOND;
	return (load_u64(reading->controller + layout->tail) == (uint64_t)pages->in_use &&
		load_u64(reading->controller + layout->tail + 8) ==
			(uint64_t)pages->returned &&
		load_u64(reading->controller + layout->tail + 16) ==
			(uint64_t)pages->idle);
}

static bool read_consistent(const struct go_heap_stats *stats, struct memory *mem,
			    struct reading *reading, struct pages *pages)
{
	for (int i = 0; i < READS; i++)
		if (read_all(stats, mem, reading) &&
		    is_consistent(stats->layout, reading, pages))
			return true;
	return false;
}

struct search {
	struct go_heap_stats *stats;
	struct memory *mem;
	bool controller; /* otherwise memstats */
};

/* The second count of the pages decides between candidates. */
static bool is_found(struct search *search, uint64_t address)
{
	const struct go_heap_layout *layout = search->stats->layout;
	struct reading reading;
	struct pages pages;

	if (search->controller)
		search->stats->controller = address;
	else
		search->stats->memstats = address;
	return (!search->controller && layout->percent != NONE) ||
	       read_consistent(search->stats, search->mem, &reading, &pages);
}

static bool visit(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct search *search = ctx;
	const struct go_heap_layout *layout = search->stats->layout;
	size_t wanted = search->controller ? go_heap_controller_bytes(layout)
					   : go_heap_memstats_bytes(layout);

	for (size_t i = (0 - address) & 7; i + wanted <= size; i += 8) {
		/* Most of this memory is zero. */
		if (load_u64(bytes + i +
			     (search->controller ? layout->goal : layout->collections)) ==
			    0 &&
		    (search->controller || load_u64(bytes + i + layout->ring) == 0))
			continue;
		if (search->controller ? go_heap_is_controller(layout, bytes + i)
				       : go_heap_is_memstats(layout, bytes + i))
			if (is_found(search, address + i))
				return true;
	}
	return false;
}

static bool scan(struct search *search, const struct go_module *module)
{
	const struct go_heap_layout *layout = search->stats->layout;
	size_t overlap = search->controller ? go_heap_controller_bytes(layout)
					    : go_heap_memstats_bytes(layout);
	const struct go_range ranges[] = {module->noptrbss, module->data[0],
					  module->data[2]};

	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
		uint64_t end = ranges[i].end;

		if (end <= ranges[i].start)
			continue;
		if (end - ranges[i].start > SCANNED)
			end = ranges[i].start + SCANNED;
		if (memory_scan(search->mem, ranges[i].start, end, overlap, visit,
				search))
			return true;
	}
	return false;
}

static bool find(struct go_heap_stats *stats, const struct go_module *module,
		 const struct go_elf *elf, struct memory *mem)
{
	static const char *const names[] = {"runtime.gcpercent"};
	struct search search = {stats, mem, false};

	stats->layout = go_heap_layout_of(module->minor);
	if (!stats->layout || !scan(&search, module))
		return false;
	search.controller = true;
	if (stats->layout->percent != NONE)
		return scan(&search, module);
	if (elf->symtab.start)
		go_elf_symbols(elf, &mem->process, names, 1, &stats->percent);
	return true;
}

static int64_t bytes_or_unknown(uint64_t value)
{
	return value < (uint64_t)BYTES_MOST ? (int64_t)value : -1;
}

/* The goal under a memory limit; see memoryLimitHeapGoal() in runtime/mgcpacer.go. */
static uint64_t limited_goal(uint64_t limit, uint64_t marked,
			     const uint64_t tail[TAIL_WORDS])
{
	uint64_t used = tail[2] + tail[3] - tail[4], mapped = tail[5];
	uint64_t over = mapped > limit ? mapped - limit : 0;
	uint64_t outside = mapped > used ? mapped - used : 0, goal, headroom;

	if (outside + over >= limit)
		return marked;
	goal = limit - outside - over;
	headroom = goal / 100 * 3;
	if (headroom < HEADROOM_LEAST)
		headroom = HEADROOM_LEAST;
	goal = goal < headroom || goal - headroom < headroom ? headroom : goal - headroom;
	return goal < marked ? marked : goal;
}

/* See heapGoalInternal() in runtime/mgcpacer.go. */
static uint64_t goal_of(const struct go_heap_layout *layout, const uint8_t *controller)
{
	uint64_t goal = load_u64(controller + layout->goal), limited, tail[TAIL_WORDS];
	uint64_t triggered, sweep;

	if (layout->tail == NONE)
		return goal;
	memcpy(tail, controller + layout->tail, sizeof(tail));
	triggered = load_u64(controller + layout->triggered);
	sweep = load_u64(controller + layout->sweep);
	limited = limited_goal(load_u64(controller + layout->limit),
			       load_u64(controller + layout->marked), tail);
	if (limited < goal)
		return limited;
	if (sweep > goal)
		goal = sweep;
	if (triggered != UINT64_MAX && goal < triggered + RUNWAY_LEAST)
		goal = triggered + RUNWAY_LEAST;
	return goal;
}

static void set_percent(const struct go_heap_stats *stats, struct memory *mem,
			const struct reading *reading, struct go_heap_figures *out)
{
	int32_t percent = INT32_MIN;

	if (stats->layout->percent != NONE)
		memcpy(&percent, reading->controller + stats->layout->percent,
		       sizeof(percent));
	else if (stats->percent &&
		 !memory_read(mem, stats->percent, &percent, sizeof(percent)))
		percent = INT32_MIN;
	if (percent >= 0)
		out->percent = percent;
	else if (percent == -1)
		out->percent = GO_GC_OFF;
}

/* In Go 1.16 the collector's state is part of memstats. */
static bool read_state(const struct go_heap_stats *stats, struct memory *mem,
		       const struct reading *reading, uint64_t *goal, uint64_t *marked)
{
	const struct go_heap_layout *layout = stats->layout;

	if (layout->percent == NONE)
		return memory_read(mem, stats->memstats + layout->goal, goal, 8) &&
		       memory_read(mem, stats->memstats + layout->marked, marked, 8);
	*goal = goal_of(layout, reading->controller);
	*marked = load_u64(reading->controller + layout->marked);
	return true;
}

static void set_collector(const struct go_heap_stats *stats, struct memory *mem,
			  const struct reading *reading, struct go_heap_figures *out)
{
	const struct go_heap_layout *layout = stats->layout;
	uint64_t goal, marked, limit;

	set_percent(stats, mem, reading, out);
	if (reading->collections <= INT32_MAX && reading->times[0] <= INT64_MAX &&
	    reading->times[1] <= INT64_MAX) {
		out->collections = reading->collections;
		out->last_real_ns = (int64_t)reading->times[0];
		out->pause_ns = (int64_t)reading->times[1];
	}
	if (read_state(stats, mem, reading, &goal, &marked)) {
		out->goal_bytes = bytes_or_unknown(goal);
		/* Before the first collection it is an assumption. */
		if (out->collections > 0)
			out->live_bytes = bytes_or_unknown(marked);
	}
	if (layout->limit == NONE)
		return;
	limit = load_u64(reading->controller + layout->limit);
	out->limit_bytes = bytes_or_unknown(limit);
}

void go_heap_stats_read(struct go_heap_stats *stats, const struct go_module *module,
			const struct go_elf *elf, struct memory *mem, int64_t now_ns,
			struct go_heap_figures *out)
{
	struct reading reading;
	struct pages pages;

	if (!stats->layout) {
		struct go_func func;

		if (stats->tries_left == 0 || now_ns < stats->next_ns)
			return;
		stats->tries_left--;
		stats->next_ns = now_ns + TRY_AGAIN_NS;
		if (!find(stats, module, elf, mem)) {
			stats->layout = NULL;
			return;
		}
		stats->pprof =
			go_func_by_name(&module->table, "net/http/pprof.Index", &func);
	}
	if (!read_consistent(stats, mem, &reading, &pages))
		return;
	out->in_use_bytes = pages.in_use;
	out->idle_bytes = pages.idle;
	out->returned_bytes = pages.returned;
	out->stack_bytes = pages.stacks;
	out->pprof = stats->pprof;
	set_collector(stats, mem, &reading, out);
}

/* A collection ran between this sample and the one before. */
void go_heap_stats_count(struct go_heap_stats *stats, uint32_t goroutines,
			 struct go_heap_figures *out)
{
	if (out->collections < 0)
		return;
	if (stats->collections >= 0 && stats->collections != out->collections)
		stats->collected =
			goroutines > stats->goroutines ? goroutines : stats->goroutines;
	stats->collections = out->collections;
	stats->goroutines = goroutines;
	out->last_goroutines = stats->collected;
}
