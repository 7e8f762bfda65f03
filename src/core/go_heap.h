/* SPDX-License-Identifier: MIT */
/*
 * What the runtime of a Go program says of its heap, and which of three things happened
 * between two samples: the live heap grew, the heap is idle but still held, or the stacks
 * of goroutines grew. Fields, JSON, metrics and texts share one table.
 */
#ifndef CORE_GO_HEAP_H
#define CORE_GO_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GO_GC_OFF (-2) /* a percentage: GOGC=off */

/* Every field is -1 if unknown. */
struct go_heap_figures {
	int64_t live_bytes;     /* found alive by the last collection */
	int64_t in_use_bytes;   /* pages that hold objects */
	int64_t idle_bytes;     /* free pages that were not returned to the system */
	int64_t returned_bytes; /* free pages that were */
	int64_t stack_bytes;    /* pages of goroutines' stacks */
	int64_t goal_bytes;  /* of the next collection; also -1 if there will be none */
	int64_t limit_bytes; /* GOMEMLIMIT; also -1 if there is none */
	int64_t percent;     /* GOGC, or GO_GC_OFF */
	int64_t collections;
	int64_t last_real_ns; /* end of the last one; 0 if there was none */
	int64_t pause_ns;     /* all stops of the world for collections together */
	/* when the last one was seen to run, at most; -1 if it was not seen */
	int64_t last_goroutines;
	int64_t pprof; /* 1 if the program contains net/http/pprof, 0 if not */
};

struct go_heap_field {
	const char *key;    /* in JSON */
	size_t offset;      /* in struct go_heap_figures */
	const char *metric; /* without "_total"; NULL if it is not exported */
	const char *unit;   /* of the metric, or NULL */
	const char *help;
	bool counter;
};
extern const struct go_heap_field go_heap_fields[]; /* ends with a key of NULL */
int64_t go_heap_value(const struct go_heap_figures *heap,
		      const struct go_heap_field *field);

/* Sets a value that was read from JSON, where -1 is a percentage that is off. Values out of
 * range count as unknown. */
#define GO_HEAP_ABSENT INT64_MIN
void go_heap_set(struct go_heap_figures *heap, const struct go_heap_field *field,
		 int64_t value);

/* Returns true if anything is known, so that this is a Go program. */
bool go_heap_known(const struct go_heap_figures *heap);

/* The heap at one time. */
#define GO_HEAP_URL_MAX 80
struct go_heap_point {
	struct go_heap_figures heap;
	uint32_t goroutines;
	int64_t mono_ns;    /* 0 if nothing is known */
	int64_t real_ns;    /* 0 if unknown */
	unsigned nr_served; /* addresses of its HTTP servers */
	/* "http://127.0.0.1:6060" of one of them: of port 6060 if there is one */
	char url[GO_HEAP_URL_MAX];
};

struct snapshot;
void go_heap_point_take(struct go_heap_point *point, const struct snapshot *snapshot);

enum go_heap_change {
	GO_HEAP_LIVE,   /* the live heap grew: a leak of memory if it continues */
	GO_HEAP_STACKS, /* stacks grew: a leak of goroutines if their number did */
	GO_HEAP_IDLE,   /* free memory that the runtime still holds: not a leak */
	/* pages in use grew, and no collection has run since, or the last one that did
	 * ran under a load that is over */
	GO_HEAP_UNDECIDED,
	GO_HEAP_CHANGES,
};

const char *go_heap_change_name(enum go_heap_change change); /* "live" */
/* Returns whether it happened between two points of one program, or on two sides of a
 * comparison. */
bool go_heap_changed(const struct go_heap_point *from, const struct go_heap_point *to,
		     enum go_heap_change change);
/* Writes the change as sentences with its numbers, and as a few words ("live heap 2.1 MB
 * to 120 MB, a leak?"). */
#define GO_HEAP_TEXT_MAX 480
const char *go_heap_explain(const struct go_heap_point *from,
			    const struct go_heap_point *to, enum go_heap_change change,
			    char out[GO_HEAP_TEXT_MAX]);
const char *go_heap_summary(const struct go_heap_point *from,
			    const struct go_heap_point *to, enum go_heap_change change,
			    char out[GO_HEAP_TEXT_MAX]);
/* Say how to find out what allocates, of the later point. Both follow the explanation of
 * GO_HEAP_LIVE. */
#define GO_HEAP_COMMAND_MAX (GO_HEAP_URL_MAX + 40)
const char *go_heap_advice(const struct go_heap_point *point, char out[GO_HEAP_TEXT_MAX]);
const char *go_heap_command(const struct go_heap_point *point,
			    char out[GO_HEAP_COMMAND_MAX]);

#endif
