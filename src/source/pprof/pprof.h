/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/pprof reads goroutines as Go prints them, from a file or over
 * HTTP. It does not know any process; of what is known about Go it uses go/words.h alone.
 *
 * Goroutines as the runtime prints them: dumps of debug=2, SIGQUIT and panics, grouped
 * profiles as text (debug=1) and as protobuf. Every reader fills a snapshot and trusts
 * nothing that it reads.
 */
#ifndef SOURCE_PPROF_PPROF_H
#define SOURCE_PPROF_PPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"

/* Where names and stacks go, and the rows. */
struct pprof_out {
	struct intern *intern;
	struct stack_table *stacks;
	struct snapshot *snapshot; /* mono_ns is set: ages are counted back from it */
	size_t dump; /* which of several, from 1; 0: the last that is more than one panic */
};

#define PPROF_TASKS_MAX 1000000u
/* No goroutine waits for longer. */
#define PPROF_YEARS_MAX 20
/* Dumps of one text whose size is kept. */
#define PPROF_SIZES_MAX 8u
/* The runtime cuts what it prints for debug=2 here. */
#define PPROF_DUMP_MAX  (64u << 20)

/* What a text held, besides the rows. */
struct pprof_found {
	size_t dumps;                  /* one after another */
	size_t dump;                   /* the one that the rows are of, from 1; 0: none */
	size_t sizes[PPROF_SIZES_MAX]; /* goroutines of the first ones */
	size_t goroutines; /* of this one; more than rows if there were too many */
	size_t no_stack;   /* rows whose stack there was no room for */
	size_t no_frames;  /* goroutines whose frames are not in the text */
	uint64_t total;    /* debug=1: what its first line says; else 0 */
	bool grouped;      /* a row stands for all goroutines of one stack */
	bool race;         /* what the race detector says */
	bool newest_first; /* its lines are in reverse order */
	bool cut;          /* the text ends inside a goroutine */
	bool open_end;     /* its last line has no end */
};

struct pprof_text;

/* Reads a text in pieces of any size; memory does not grow with the text, but with the
 * rows. NULL: no memory. */
struct pprof_text *pprof_text_new(const struct pprof_out *out);
void pprof_text_feed(struct pprof_text *text, const char *bytes, size_t length);
/* No more comes. */
void pprof_text_end(struct pprof_text *text, struct pprof_found *found);
void pprof_text_free(struct pprof_text *text);

/* The first line of debug=1; false: bytes are none. */
bool pprof_total(const char *line, size_t length, uint64_t *total);

/* Decimal or hexadecimal digits at the beginning of a text; 0 if there are none. */
uint64_t pprof_number(const char *at, const char *end);
uint64_t pprof_hex(const char *at, const char *end);

/* What stands between the brackets of a goroutine's header, and behind. */
struct pprof_header {
	uint64_t id;
	const char *state; /* not terminated */
	size_t state_bytes;
	const char *extras; /* ", locked to thread", … without minutes; not terminated */
	size_t extras_bytes;
	const char *labels; /* what is in the braces */
	size_t labels_bytes;
	int64_t minutes;
};

/* State, raw words, waits and labels of a header. */
void pprof_header_to_task(const struct pprof_header *header, const struct pprof_out *out,
			  struct task *task);

/* Functions of the runtime that every stack begins with say nothing. */
bool pprof_is_start(const char *function);

/* One row for `count` goroutines with this stack. */
bool pprof_add_group(const struct pprof_out *out, const struct frame *frames,
		     size_t nr_frames, uint64_t count, const struct label *labels,
		     size_t nr_labels);
/* {"k":"v"}, {k: v}: the labels inside the braces, in the snapshot's arena. */
const struct label *pprof_labels_parse(const char *text, size_t length,
				       struct arena *arena, size_t *nr);

/* A profile, gzipped or not. */
int pprof_proto_read(const struct pprof_out *out, const void *bytes, size_t length,
		     struct pprof_found *found, struct err *e);

#endif
