/* SPDX-License-Identifier: MIT */
/* What is being read of a text with goroutines, shared by the files that know its forms. */
#ifndef SOURCE_PPROF_GRAMMAR_H
#define SOURCE_PPROF_GRAMMAR_H

#include "source/pprof/private.h"

#define PPROF_WEAK_MAX 512u

enum pprof_part {
	PPROF_STACK,
	PPROF_CREATOR,
	PPROF_COMPLETE,     /* the creator's place was read */
	PPROF_ANCESTOR,     /* the stack of the goroutine that created this one */
	PPROF_IGNORED,      /* older ancestors */
	PPROF_RACE_CREATOR, /* the stack that created one of a race */
};

/* A dump, or a report of a race. */
struct pprof_dump {
	size_t goroutines, no_stack, no_frames;
	uint64_t total;
	bool grouped, race;
	bool whole; /* more than one goroutine that has recovered */
};

struct pprof_grammar {
	struct pprof_out out;
	struct pprof_found found;
	struct pprof_dump now, kept;
	size_t base; /* rows of kept; behind them those of now */
	/* Where another dump may have begun that nothing announced: the number of
	 * its rows, and what was counted, before a goroutine that ran. */
	size_t boundary;
	struct pprof_dump before_boundary;
	bool new_dump;  /* the next header begins another dump */
	bool same_dump; /* it does not, whatever else is said */
	bool fatal;     /* what ended the program was said before it */

	bool in_record;
	enum pprof_part part;
	struct task task;
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	size_t nr_frames;
	bool cut;         /* frames are missing */
	bool pending;     /* the last frame waits for its file */
	bool unavailable; /* the runtime has no stack to print */
	bool stray;       /* something else stood between its lines */
	unsigned blanks;  /* blank lines since the last one of the record */
	unsigned spacing; /* blank lines after every line of the text */
	const char *outermost;
	struct frame creator;
	char weak[PPROF_WEAK_MAX]; /* a name that only a file after it makes a frame */
	size_t weak_bytes;
	size_t race_row; /* of the goroutine whose creator is read */

	bool in_group;
	uint64_t group_count;
	const struct label *group_labels;
	size_t nr_group_labels;

	uint64_t *ids; /* of this dump, open addressing; 0 is free */
	size_t cap_ids, nr_ids;
};

/* --- record.c --- */

/* A new dump; what was read before is complete. */
void pprof_begin_dump(struct pprof_grammar *grammar);
/* What was read is complete: its rows take the place of those kept so far, or go. */
void pprof_finish_dump(struct pprof_grammar *grammar);
/* The record of a goroutine whose header was read; in another dump where it must be. */
void pprof_begin_record(struct pprof_grammar *grammar, const struct pprof_header *header);
/* The frames read so far belong to the part that ends. */
void pprof_end_part(struct pprof_grammar *grammar);
/* Ends what is open, so that the next record can begin. */
void pprof_end_record(struct pprof_grammar *grammar);
void pprof_end_group(struct pprof_grammar *grammar);
/* An empty record of this goroutine. */
void pprof_open_record(struct pprof_grammar *grammar, uint64_t id);
struct frame *pprof_push_frame(struct pprof_grammar *grammar, const char *name,
			       size_t bytes);
const struct stack *pprof_take_stack(struct pprof_grammar *grammar);

/* Lines of debug=1 behind its first one. */
bool pprof_group_take(struct pprof_grammar *grammar, const char *line, size_t length);

/* Lines of the race detector's reports, outside stacks. */
bool pprof_race_take(struct pprof_grammar *grammar, const char *line, size_t length);

#endif
