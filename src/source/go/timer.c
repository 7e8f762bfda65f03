/* SPDX-License-Identifier: MIT */
#include "source/go/timer.h"

#include <stdlib.h>

#include "base/array.h"
#include "source/go/layout.h"
#include "source/go/processor.h"

#define REFS_MAX       128u
#define PROCESSORS_MAX 4096u
#define LOOKED_AT      16u /* processors checked of a presumed list */
#define HEAP_LEAST     8u  /* timers, all of which would not be dropped by chance */
#define HEAP_MAX       (1u << 26)
#define HEAP_BYTES     32u /* slice and count */
#define VALUE_READS    4096u

/* Offsets in a timer up to Go 1.22. */
#define OLD_PROCESSOR  0u
#define OLD_WHEN       8u
#define OLD_PERIOD     16u
#define OLD_CALLBACK   24u
#define OLD_ARGUMENT   40u
#define OLD_NEXT       56u
#define OLD_STATUS     64u

/* Offsets since Go 1.23; `when` and what follows are 8 bytes later since Go 1.25. */
#define NEW_STATE      9u
#define NEW_CHANNEL    10u
#define NEW_WHEN       16u
#define NEW_HEAP       48u /* from `when` on */

#define NEW_IN_HEAP    1u
#define NEW_ZOMBIE     4u

void go_timers_init(struct go_timers *timers, struct memory *mem,
		    struct go_module *module, struct intern *intern)
{
	memset(timers, 0, sizeof(*timers));
	timers->mem = mem;
	timers->module = module;
	timers->intern = intern;
}

void go_timers_release(struct go_timers *timers)
{
	memory_gather_release(&timers->gather);
	free(timers->pairs);
	free(timers->spare);
	free(timers->timers);
	free(timers->words);
	free(timers->items);
	free(timers->copies);
	free(timers->groups);
	free(timers->seen);
	free(timers->spare_seen);
	memset(timers, 0, sizeof(*timers));
}

/* Returns the offset of its slice of timers, or 0 if it is not the i-th processor. */
static size_t heap_of(struct memory *mem, uint64_t address, uint64_t i, uint8_t *copy)
{
	struct go_processor processor;
	uint64_t head;
	size_t bytes;

	if (address == 0 || (address & 7) != 0 || !memory_read(mem, address, &head, 8) ||
	    (uint32_t)head != i || !copy)
		return 0;
	bytes = memory_read_some(mem, address, copy, GO_PROCESSOR_BYTES_MAX);
	if (!go_processor_parse(copy, address, bytes, &processor) || processor.start)
		return 0;
	/* Two 32-bit words and a lock lie between the buffer and the slice. */
	return processor.to + 16;
}

/* Returns the offset of the slice of timers in each processor of the list, or 0 if it is
 * not the list of processors. */
static size_t heap_of_all(struct memory *mem, const uint64_t slice[3], uint8_t *copy)
{
	uint64_t list[LOOKED_AT];
	uint64_t count = slice[1] < LOOKED_AT ? slice[1] : LOOKED_AT;
	size_t heap = 0;

	if (count == 0 || slice[1] > slice[2] || slice[2] > 1u << 20 ||
	    (slice[0] & 7) != 0 || !memory_read(mem, slice[0], list, count * 8))
		return 0;
	for (uint64_t i = 0; i < count; i++) {
		size_t of = heap_of(mem, list[i], i, copy);

		if (of == 0 || (heap && of != heap))
			return 0;
		heap = of;
	}
	return heap;
}

static uint64_t entry_of(const struct go_timers *timers, const char *name)
{
	struct go_func func;

	return go_func_by_name(&timers->module->table, name, &func) ? func.entry : 0;
}

static void find_processors(struct go_timers *timers)
{
	uint8_t *copy = malloc(GO_PROCESSOR_BYTES_MAX);
	uint64_t refs[REFS_MAX], slice[3];
	size_t nr_refs = go_layout_refs_of(timers->module, timers->mem,
					   "runtime.procresize", refs, REFS_MAX);

	timers->searched = true;
	timers->wide = timers->module->minor >= 23;
	for (size_t i = 0; i < nr_refs && !timers->processors && copy; i++) {
		if (!memory_read(timers->mem, refs[i], slice, sizeof(slice)))
			continue;
		timers->heap = heap_of_all(timers->mem, slice, copy);
		timers->processors = timers->heap ? refs[i] : 0;
	}
	free(copy);
	timers->send = entry_of(timers, "time.sendTime");
	timers->call = entry_of(timers, "time.goFunc");
}

static bool parse_old(const uint8_t *bytes, uint64_t heap, struct go_timer *timer)
{
	uint32_t status = load_u32(bytes + OLD_STATUS);
	bool moves = status == OLD_EARLIER || status == OLD_LATER;

	if (load_u64(bytes + OLD_PROCESSOR) != heap ||
	    (status != OLD_WAITING && status != OLD_RUNNING &&
	     (status < OLD_MODIFYING || status > OLD_MOVING)))
		return false;
	timer->when_ns = (int64_t)load_u64(bytes + (moves ? OLD_NEXT : OLD_WHEN));
	timer->period_ns = (int64_t)load_u64(bytes + OLD_PERIOD);
	timer->callback = load_u64(bytes + OLD_CALLBACK);
	timer->argument = load_u64(bytes + OLD_ARGUMENT);
	timer->channel = false;
	return true;
}

static bool parse_new(const uint8_t *bytes, uint64_t heap, struct go_timer *timer)
{
	const uint8_t *at = bytes + NEW_WHEN;

	if (load_u64(at + NEW_HEAP) != heap)
		at += 8;
	if (load_u64(at + NEW_HEAP) != heap || !(bytes[NEW_STATE] & NEW_IN_HEAP) ||
	    bytes[NEW_STATE] & NEW_ZOMBIE)
		return false;
	timer->when_ns = (int64_t)load_u64(at);
	timer->period_ns = (int64_t)load_u64(at + 8);
	timer->callback = load_u64(at + 16);
	timer->argument = load_u64(at + 32);
	timer->channel = bytes[NEW_CHANNEL] != 0;
	return true;
}

bool go_timer_parse(const uint8_t bytes[GO_TIMER_BYTES], bool wide, uint64_t heap,
		    struct go_timer *timer)
{
	return (wide ? parse_new(bytes, heap, timer) : parse_old(bytes, heap, timer)) &&
	       timer->period_ns >= 0 && timer->when_ns > 0;
}

static void take_timer(struct go_timers *timers, const struct go_timer_pair *pair,
		       const uint8_t *bytes)
{
	struct go_timer *timer = &timers->timers[timers->nr_timers];

	if (go_timer_parse(bytes, timers->wide, pair->value, timer))
		timers->nr_timers++;
	timer->address = pair->address;
}

static int64_t phase_of(const struct go_timer *timer)
{
	return timer->period_ns > 0 ? timer->when_ns % timer->period_ns : timer->when_ns;
}

/* Sets since when each timer has been armed, as far as it was seen. Both lists are in the
 * order of addresses. */
static bool age_timers(struct go_timers *timers, int64_t now_ns)
{
	struct go_timer_seen *swap;
	size_t capacity, at = 0;

	if (!array_reserve(&timers->spare_seen, &timers->cap_spare_seen,
			   timers->nr_timers + 1))
		return false;
	for (size_t i = 0; i < timers->nr_timers; i++) {
		struct go_timer *timer = &timers->timers[i];
		const struct go_timer_seen *seen;
		int64_t phase_ns = phase_of(timer);

		while (at < timers->nr_seen && timers->seen[at].address < timer->address)
			at++;
		seen = at < timers->nr_seen ? &timers->seen[at] : NULL;
		timer->first_ns = seen && seen->address == timer->address &&
						  seen->phase_ns == phase_ns
					  ? seen->first_ns
					  : now_ns;
		timers->spare_seen[i] =
			(struct go_timer_seen){timer->address, phase_ns, timer->first_ns};
	}
	swap = timers->seen;
	capacity = timers->cap_seen;
	timers->seen = timers->spare_seen;
	timers->cap_seen = timers->cap_spare_seen;
	timers->spare_seen = swap;
	timers->cap_spare_seen = capacity;
	timers->nr_seen = timers->nr_timers;
	return true;
}

static int64_t stayed_since(struct go_timers *timers, int64_t now_ns)
{
	int64_t stay_ns;

	if (timers->began_ns == 0)
		timers->began_ns = now_ns;
	stay_ns = (now_ns - timers->began_ns) / TIMER_STAY_PARTS;
	return now_ns - (stay_ns < TIMER_STAY_MOST_NS ? stay_ns : TIMER_STAY_MOST_NS);
}

/* Adds the addresses of the timers of one heap. */
static void add_heap(struct go_timers *timers, uint64_t processor, const uint8_t *record)
{
	size_t step = timers->wide ? 2 : 1;
	uint64_t first = load_u64(record), count = load_u64(record + 8);
	uint64_t value = timers->wide ? processor + timers->heap - 8 : processor;

	if (count == 0 || count > load_u64(record + 16) || count > HEAP_MAX ||
	    (first & 7) != 0)
		return;
	if (count > GO_TIMERS_MAX - timers->nr_pairs) {
		count = GO_TIMERS_MAX - timers->nr_pairs;
		timers->partial = true;
	}
	if (!array_reserve(&timers->words, &timers->cap_words, count * step) ||
	    !array_reserve(&timers->pairs, &timers->cap_pairs,
			   timers->nr_pairs + count) ||
	    !array_reserve(&timers->spare, &timers->cap_spare,
			   timers->nr_pairs + count)) {
		timers->partial = true;
		return;
	}
	count = memory_read_some(timers->mem, first, timers->words, count * step * 8) /
		(step * 8);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t address = timers->words[i * step];

		if (address && (address & 7) == 0)
			timers->pairs[timers->nr_pairs++] =
				(struct go_timer_pair){address, value};
	}
}

static bool read_heaps(struct go_timers *timers)
{
	uint64_t slice[3], *list = NULL;
	struct memory_span *spans = NULL;
	uint8_t *records = NULL;
	size_t nr;
	bool ok = false;

	if (!memory_read(timers->mem, timers->processors, slice, sizeof(slice)) ||
	    slice[1] == 0 || slice[1] > slice[2])
		return false;
	timers->partial = slice[1] > PROCESSORS_MAX;
	nr = slice[1] < PROCESSORS_MAX ? (size_t)slice[1] : PROCESSORS_MAX;
	list = calloc(nr, sizeof(*list));
	spans = calloc(nr, sizeof(*spans));
	records = calloc(nr, HEAP_BYTES);
	if (list && spans && records &&
	    memory_read(timers->mem, slice[0], list, nr * sizeof(*list))) {
		for (size_t i = 0; i < nr; i++)
			spans[i] = (struct memory_span){list[i] + timers->heap,
							records + i * HEAP_BYTES,
							HEAP_BYTES, false};
		memory_read_spans(timers->mem, spans, nr);
		for (size_t i = 0; i < nr; i++)
			if (spans[i].ok)
				add_heap(timers, list[i], records + i * HEAP_BYTES);
		ok = true;
	}
	free(list);
	free(spans);
	free(records);
	return ok;
}

static bool reserve_chunk(struct go_timers *timers)
{
	if (!timers->gather.spans && !memory_gather_init(&timers->gather))
		return false;
	if (!timers->items)
		timers->items = malloc(GO_TIMER_CHUNK * sizeof(*timers->items));
	if (!timers->copies)
		timers->copies = malloc((size_t)GO_TIMER_CHUNK * GO_TIMER_BYTES);
	if (!timers->groups)
		timers->groups = malloc(GO_TIMER_GROUPS_MAX * sizeof(*timers->groups));
	return timers->items && timers->copies && timers->groups;
}

/* Returns false if the timers cannot be found. */
static bool read_timers(struct go_timers *timers, int64_t now_ns)
{
	size_t nr;

	if (!timers->processors || !reserve_chunk(timers))
		return false;
	timers->nr_pairs = timers->nr_timers = 0;
	timers->value_reads = VALUE_READS;
	memset(timers->values, 0, sizeof(timers->values));
	if (!read_heaps(timers))
		return false;
	nr = timers->nr_pairs;
	if (!array_reserve(&timers->timers, &timers->cap_timers, nr + 1))
		return false;
	go_timer_sort(timers->pairs, timers->spare, nr);
	go_timers_gather(timers, timers->wide ? GO_TIMER_BYTES : OLD_STATUS + 8,
			 take_timer);
	if (nr >= HEAP_LEAST && timers->nr_timers == 0 && !timers->any)
		return false;
	if (!age_timers(timers, now_ns))
		return false;
	timers->stayed_since_ns = stayed_since(timers, now_ns);
	go_timers_group(timers);
	return true;
}

/* Reading thousands of timers costs milliseconds. */
static unsigned samples_between(size_t nr_timers)
{
	size_t samples = nr_timers / GO_TIMERS_A_SAMPLE + 1;

	return samples < GO_TIMERS_REST ? (unsigned)samples : GO_TIMERS_REST;
}

void go_timers_sample(struct go_timers *timers, struct snapshot *out)
{
	if (!timers->searched)
		find_processors(timers);
	if (timers->rest == 0) {
		memset(&timers->last, 0, sizeof(timers->last));
		timers->last.read_ns = out->mono_ns;
		timers->last.count = -1;
		timers->last.tickers = -1;
		if (read_timers(timers, out->mono_ns)) {
			timers->any = true;
			go_timers_publish(timers, &timers->last);
		}
		timers->rest = samples_between(timers->nr_timers);
	}
	timers->rest--;
	out->timers = timers_copy(&timers->last, &out->arena);
}
