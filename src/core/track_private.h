/* SPDX-License-Identifier: MIT */
/* What is kept of each task between looks: for track.c and its table alone. */
#ifndef CORE_TRACK_PRIVATE_H
#define CORE_TRACK_PRIVATE_H

#include <pthread.h>

#include "core/track.h"

#define TRACK_NONE  UINT32_MAX
#define TRACK_HOMES 2u

struct track_ring {
	uint32_t capacity, count, next;
	struct history_entry entries[];
};

/* Looks in a row, at most 2, in which a limit was passed, and the last that counted. */
struct track_over {
	int64_t last_ns;
	uint32_t looks;
};

/* A place at which a task has waited. */
struct track_home {
	uint64_t place;
	uint32_t visits;
};

/* A wait in turns, left while the task looks whether it may go on. */
struct track_pause {
	uint64_t object, site, switches;
	int64_t since_ns, left_ns; /* since_ns: 0: there is none */
	struct track_over stuck, over;
	struct evidence evidence;
	uint8_t state;
	bool exact;
};

struct track_record {
	uint64_t id;
	uint64_t serial;
	uint64_t hash;
	uint64_t object;
	uint64_t site;     /* of the innermost frames; 0: not known */
	uint64_t place;    /* of stack->place; 0: not known */
	uint64_t switches; /* 0: not known */
	int64_t since_ns;
	struct track_home homes[TRACK_HOMES];
	struct track_over stuck, over;
	struct track_pause *pause; /* or NULL */
	struct evidence evidence;
	struct track_ring *ring; /* states before this one; NULL: none */
	uint32_t look;           /* the last look that had the task */
	uint8_t kind;
	uint8_t state;
	bool exact;
	bool retries; /* it waits in turns of a limited time */
};

struct track {
	pthread_mutex_t lock;
	struct track_record *records;
	size_t nr_records, cap_records;
	uint32_t *index; /* into records; TRACK_NONE: free */
	size_t index_capacity;
	uint32_t *of_task; /* the record of each task of this look, or TRACK_NONE */
	size_t nr_of_task, cap_of_task;
	struct places *places;
	uint64_t seed;
	uint32_t look;
	size_t nr_seen;            /* records that this look has had so far */
	int64_t now_ns, before_ns; /* of this look and the one before */
	bool looked;               /* there was a look before */
};

uint64_t track_hash(const struct track *track, unsigned int kind, uint64_t id,
		    uint64_t serial);
bool track_record_is(const struct track_record *record, unsigned int kind, uint64_t id,
		     uint64_t serial);
/* The number of the record, or TRACK_NONE. */
uint32_t track_find(const struct track *track, uint64_t hash, unsigned int kind,
		    uint64_t id, uint64_t serial);
/* Room for the first look, at one go; where that fails it grows step by step. */
void track_expect(struct track *track, size_t nr_tasks);
/* An empty record of the task; NULL: no memory. */
struct track_record *track_add(struct track *track, uint64_t hash,
			       const struct task *task);
/* Drop what the last look did not have. */
void track_sweep(struct track *track);
/* What it points to, not itself. */
void track_record_release(struct track_record *record);

#endif
