/* SPDX-License-Identifier: MIT */
/* Reads many objects at addresses that are in no order. */
#include "source/go/timer.h"

/* A radix sort, since there may be a hundred thousand of them. */
void go_timer_sort(struct go_timer_pair *pairs, struct go_timer_pair *spare, size_t nr)
{
	uint64_t differ = 0;

	for (size_t i = 1; i < nr; i++)
		differ |= pairs[i].address ^ pairs[0].address;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t starts[257] = {0};

		if ((differ >> shift & 0xff) == 0)
			continue;
		for (size_t i = 0; i < nr; i++)
			starts[(pairs[i].address >> shift & 0xff) + 1]++;
		for (size_t i = 1; i < 257; i++)
			starts[i] += starts[i - 1];
		for (size_t i = 0; i < nr; i++)
			spare[starts[pairs[i].address >> shift & 0xff]++] = pairs[i];
		memcpy(pairs, spare, nr * sizeof(*pairs));
	}
}

void go_timers_gather(struct go_timers *timers, unsigned bytes, go_timer_visit visit)
{
	const struct go_timer_pair *pairs = timers->pairs;

	for (size_t first = 0; first < timers->nr_pairs; first += GO_TIMER_CHUNK) {
		size_t left = timers->nr_pairs - first;
		size_t nr = left < GO_TIMER_CHUNK ? left : GO_TIMER_CHUNK;

		for (size_t i = 0; i < nr; i++)
			timers->items[i] = (struct memory_item){pairs[first + i].address,
								(uint32_t)i, false};
		memory_gather_read(timers->mem, &timers->gather, timers->items, nr,
				   timers->copies, bytes);
		for (size_t i = 0; i < nr; i++) {
			size_t at = timers->items[i].index;
			const struct go_timer_pair *pair = &pairs[first + at];

			if (timers->items[i].ok &&
			    (first + at == 0 || pair[-1].address != pair->address ||
			     pair[-1].value != pair->value))
				visit(timers, pair, timers->copies + at * bytes);
		}
	}
}
