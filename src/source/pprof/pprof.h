/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/pprof reads goroutines as Go prints them, from a file or over
 * HTTP. It must not know any process; all it may use of go/ is go/words.h.
 *
 * It reads debug=2, SIGQUIT and panic dumps, and grouped profiles as text (debug=1) and
 * as protobuf. Every reader fills a snapshot and trusts nothing that it reads.
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

/* Where names, stacks and rows are stored. */
struct pprof_out {
	struct intern *intern;
	struct stack_table *stacks;
	struct snapshot *snapshot; /* mono_ns is set: ages are counted back from it */
	size_t dump; /* which dump, from 1; 0: the last one that is more than one panic */
};

#define PPROF_TASKS_MAX 1000000u
/* The longest wait that is believed. */
#define PPROF_YEARS_MAX 20
/* Number of dumps in one text whose sizes are kept. */
#define PPROF_SIZES_MAX 8u
/* The runtime truncates a debug=2 dump at this size. */
#define PPROF_DUMP_MAX  (64u << 20)

/* What a text contained, besides the rows. */
struct pprof_found {
	size_t dumps;                  /* dumps in the text */
	size_t dump;                   /* the dump that the rows come from; 0 if none */
	size_t sizes[PPROF_SIZES_MAX]; /* goroutines in each of the first dumps */
	size_t goroutines; /* in this dump; exceeds the rows if there were too many */
	size_t no_stack;   /* rows whose stack did not fit */
	size_t no_frames;  /* goroutines without frames in the text */
	uint64_t total;    /* the total in the first line of debug=1; otherwise 0 */
	bool grouped;      /* a row stands for all goroutines with one stack */
	bool race;         /* a race detector report */
	bool newest_first; /* the lines are in reverse order */
	bool cut;          /* the text ends inside a goroutine */
	bool open_end;     /* the last line has no newline */
};

struct pprof_text;

/* Reads a text in pieces of any size. Memory grows with the number of rows, not with the
 * text. Returns NULL if out of memory. */
struct pprof_text *pprof_text_new(const struct pprof_out *out);
void pprof_text_feed(struct pprof_text *text, const char *bytes, size_t length);
/* Call after the last piece. */
void pprof_text_end(struct pprof_text *text, struct pprof_found *found);
void pprof_text_free(struct pprof_text *text);

/* Parses the first line of debug=1. Returns false if the bytes are not one. */
bool pprof_total(const char *line, size_t length, uint64_t *total);

/* Parse the decimal or hexadecimal digits that a text begins with; 0 if there are none.
 * */
uint64_t pprof_number(const char *at, const char *end);
uint64_t pprof_hex(const char *at, const char *end);

/* The contents of a goroutine's header. */
struct pprof_header {
	uint64_t id;
	const char *state; /* not terminated */
	size_t state_bytes;
	const char *extras; /* ", locked to thread", … without minutes; not terminated */
	size_t extras_bytes;
	const char *labels; /* the text between the braces */
	size_t labels_bytes;
	int64_t minutes;
};

/* Stores the state, raw words, wait object and labels of a header in task. */
void pprof_header_to_task(const struct pprof_header *header, const struct pprof_out *out,
			  struct task *task);

/* Returns true for the runtime functions at the root of every stack, which are not shown.
 * */
bool pprof_is_start(const char *function);

/* Adds one row that stands for `count` goroutines with this stack. */
bool pprof_add_group(const struct pprof_out *out, const struct frame *frames,
		     size_t nr_frames, uint64_t count, const struct label *labels,
		     size_t nr_labels);
/* Parses {"k":"v"} or {k: v}: text is what the braces enclose. Returns labels in the
 * arena. */
const struct label *pprof_labels_parse(const char *text, size_t length,
				       struct arena *arena, size_t *nr);

/* Reads a protobuf profile, gzipped or not. */
int pprof_proto_read(const struct pprof_out *out, const void *bytes, size_t length,
		     struct pprof_found *found, struct err *e);

#endif
