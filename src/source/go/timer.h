/* SPDX-License-Identifier: MIT */
/*
 * Reads the runtime's timers from the heaps of its processors. The list of processors is
 * found by decoding the function that resizes it, and the heap of each by the write
 * barrier's buffer that precedes it in the record. A timer counts only if it names the
 * heap in which it was found, so one that moves while it is read is dropped, and so is
 * everything if the runtime has another layout. Sources: runtime/time.go and runtime2.go
 * of Go 1.16 to 1.27.
 */
#ifndef SOURCE_GO_TIMER_H
#define SOURCE_GO_TIMER_H

#include "base/intern.h"
#include "core/snapshot.h"
#include "source/go/module.h"

#define GO_TIMERS_MAX       262144u /* read at most */
/* Timers read with a sample on average, in about 1 ms: up to this number every
 * sample reads all of them, with twice as many one of two samples does. A leak of many
 * timers still has enough readings to be judged in half a minute. */
#define GO_TIMERS_A_SAMPLE  20000u
#define GO_TIMERS_REST      10u   /* samples between two readings at most */
#define GO_TIMER_BYTES      80u   /* read of each */
#define GO_TIMER_GROUPS_MAX 1024u /* kept while they are counted */
#define GO_TIMER_CHUNK      2048u /* read at a time */

/* States of a timer before Go 1.23 in which it will fire; in others it has fired or was
 * stopped. */
enum old_status {
	OLD_WAITING = 1,
	OLD_RUNNING = 2,
	OLD_MODIFYING = 6,
	OLD_EARLIER = 7,
	OLD_LATER = 8,
	OLD_MOVING = 9,
};

/* An armed timer. */
struct go_timer {
	uint64_t address;
	uint64_t callback; /* address of its function value */
	uint64_t argument; /* data word of the interface value that it passes */
	int64_t when_ns;
	int64_t period_ns;
	int64_t first_ns; /* when it was first read */
	bool channel;     /* since Go 1.23: it sends to a channel that it belongs to */
};

struct go_timer_group {
	uint64_t callback, function; /* entries of functions; 0 if unknown or none */
	int64_t period_ns, next_ns;
	int64_t period_least_ns, period_most_ns; /* if it is TIMER_VARIOUS */
	uint32_t count, full, stayed;
};

/* A timer of the last reading. It is the same one in the next reading if it is at this
 * address and fires at the same time or, if it is a ticker, in the same rhythm. */
struct go_timer_seen {
	uint64_t address;
	int64_t phase_ns, first_ns;
};

struct go_timer_pair {
	uint64_t address;
	uint64_t value;
};

struct go_timer_value { /* a function value and its function */
	uint64_t address, function;
};
#define GO_TIMER_VALUES 256u

struct go_timers {
	/* Owned by the source. */
	struct memory *mem;
	struct go_module *module;
	struct intern *intern;

	bool searched;
	uint64_t processors; /* address of runtime.allp; 0 if not found */
	size_t heap;         /* offset of a processor's slice of timers */
	bool wide;           /* since Go 1.23 the slice has the times as well */
	uint64_t send, call; /* entries of time.sendTime and time.goFunc, or 0 */
	struct memory_gather gather;

	/* Addresses of timers with that of their heap; addresses of arguments with the
	 * index of the timer. `spare` is for sorting. */
	struct go_timer_pair *pairs, *spare;
	size_t nr_pairs, cap_pairs, cap_spare;
	struct go_timer *timers;
	size_t nr_timers, cap_timers;
	uint64_t *words; /* of one heap */
	size_t cap_words;
	struct memory_item *items; /* of one chunk */
	uint8_t *copies;
	struct go_timer_value values[GO_TIMER_VALUES];
	unsigned value_reads; /* left in this reading */
	struct go_timer_group *groups;
	size_t nr_groups;
	/* Tickers with too many periods for groups of their own, and whether there have been
	 * such ever since. */
	struct go_timer_group various;
	bool varied;
	uint32_t others;
	bool asynchronous; /* channel timers are in a heap whether or not a task waits */
	bool partial;

	struct go_timer_seen *seen, *spare_seen; /* by address */
	size_t nr_seen, cap_seen, cap_spare_seen;
	int64_t began_ns;        /* the first reading */
	int64_t stayed_since_ns; /* a timer first read until then has stayed */

	unsigned rest; /* samples until the next reading */
	struct timers last;
	bool any; /* last has been read */
};

/* mem, module and intern must outlive it. */
void go_timers_init(struct go_timers *timers, struct memory *mem,
		    struct go_module *module, struct intern *intern);
void go_timers_release(struct go_timers *timers);
/* Sets out->timers, from the last reading if none is due; NULL if there is no memory.
 * out->mono_ns must be set. */
void go_timers_sample(struct go_timers *timers, struct snapshot *out);

/* timer_group.c: counts the timers that were read by function and period. */
void go_timers_group(struct go_timers *timers);
void go_timers_publish(struct go_timers *timers, struct timers *out);

/* Also for tests. Returns false if it is not armed or is not in the heap at `heap`: the
 * address of the processor or, if wide, of its record of timers. */
bool go_timer_parse(const uint8_t bytes[GO_TIMER_BYTES], bool wide, uint64_t heap,
		    struct go_timer *timer);
/* timer_gather.c. Sorts by address; spare is as large as pairs. */
void go_timer_sort(struct go_timer_pair *pairs, struct go_timer_pair *spare, size_t nr);

/* Reads `bytes` bytes at the address of each pair, many at a time, and calls visit for
 * each that could be read. Pairs must be sorted; of equal addresses with one value, the
 * first counts. */
typedef void (*go_timer_visit)(struct go_timers *timers, const struct go_timer_pair *pair,
			       const uint8_t *bytes);
void go_timers_gather(struct go_timers *timers, unsigned bytes, go_timer_visit visit);

#endif
