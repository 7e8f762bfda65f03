/* SPDX-License-Identifier: MIT */
/* The record that is kept of each task between samples. Only for track.c and
 * track_table.c. */
#ifndef CORE_TRACK_PRIVATE_H
#define CORE_TRACK_PRIVATE_H

#include <pthread.h>

#include "base/fill.h"
#include "core/track.h"

#define TRACK_NONE  UINT32_MAX
#define TRACK_HOMES 2u

struct track_ring {
	uint32_t capacity, count, next;
	struct history_entry entries[];
};

/* Whether a limit was exceeded: 0 if not in the last sample, the time of that sample if it was
 * the first, and TRACK_TWICE if it was not. */
struct track_over {
	uint32_t first_ms;
};
#define TRACK_TWICE UINT32_MAX

/* A wait with retries, while the task checks whether it may continue. */
struct track_pause {
	uint64_t object, site, switches;
	int64_t since_ns, left_ns; /* since_ns is 0 if there is none */
	struct track_over stuck, over;
	struct evidence evidence;
	uint8_t state;
	bool exact;
};

/* What is known of few tasks. */
struct track_more {
	struct track_pause *pause; /* or NULL */
	struct track_ring *ring;   /* earlier states; NULL if there are none */
	int64_t most_ns;           /* of the evidence */
};

/* There may be a million of them, so rare things are elsewhere, and hashes and times are
 * shortened. */
struct track_record {
	uint64_t id;
	uint64_t serial;
	uint64_t object;
	uint64_t site;     /* of the innermost frames; 0 if unknown */
	uint64_t place;    /* from stack->place; 0 if unknown */
	uint64_t switches; /* 0 if unknown */
	int64_t since_ns;
	/* Places at which the task has waited, as short hashes, and how often. */
	uint32_t homes[TRACK_HOMES];
	uint32_t visits[TRACK_HOMES];
	struct track_over stuck, over;
	struct track_more *more; /* or NULL */
	uint32_t number;         /* of the evidence */
	uint8_t why;
	uint8_t state;
	uint8_t sample; /* the last one with this task; it begins again from 0 */
	uint8_t kind : 4;
	bool exact : 1;
	bool retries : 1; /* it waits repeatedly for a limited time */
	bool most : 1;    /* the evidence has more->most_ns */
};

_Static_assert(sizeof(struct track_record) == 96, "there may be a million tasks");

struct track {
	pthread_mutex_t lock;
	struct track_record *records;
	size_t nr_records, cap_records;
	struct fill fill; /* of `records`, during the first sample */
	uint32_t *index;  /* index of records; TRACK_NONE if free */
	size_t index_capacity;
	uint32_t *of_task; /* the record of each task of this sample, or TRACK_NONE */
	size_t nr_of_task, cap_of_task;
	struct places *places;
	uint64_t seed;
	uint8_t sample; /* the next update drops the records of earlier ones */
	/* number of records that this sample has seen so far */
	size_t nr_seen;
	int64_t now_ns, before_ns; /* time of this sample and of the previous one */
	uint32_t now_ms;           /* now_ns, shortened; not 0, and not TRACK_TWICE */
	bool has_sample;           /* there was a previous sample */
};

/* For setting something. Returns NULL if there is no memory. */
struct track_more *track_edit(struct track_record *record);
/* The record has something in `more`. */
void track_forget_pause(struct track_record *record);
uint64_t track_hash(const struct track *track, unsigned int kind, uint64_t id,
		    uint64_t serial);
bool track_record_is(const struct track_record *record, unsigned int kind, uint64_t id,
		     uint64_t serial);
/* Returns the index of the record, or TRACK_NONE. */
uint32_t track_find(const struct track *track, uint64_t hash, unsigned int kind,
		    uint64_t id, uint64_t serial);
/* Begins the next sample. Those that the last one did not have must have been removed. */
static inline void track_next(struct track *track)
{
	track->sample++;
	track->nr_seen = 0;
}
/* Makes room for the first sample in one step. If that fails, the table grows
 * gradually. */
void track_expect(struct track *track, size_t nr_tasks);
/* Adds an empty record of the task. Returns NULL if there is no memory. */
struct track_record *track_add(struct track *track, const struct task *task);
/* Removes the records of tasks that the last sample did not have. */
void track_sweep(struct track *track);
/* Frees what the record points to, but not the record itself. */
void track_record_release(struct track_record *record);

#endif
