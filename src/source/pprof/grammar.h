/* SPDX-License-Identifier: MIT */
/* State of the parser of a goroutine dump, shared by the files that know its formats. */
#ifndef SOURCE_PPROF_GRAMMAR_H
#define SOURCE_PPROF_GRAMMAR_H

#include "source/pprof/private.h"

#define PPROF_WEAK_MAX 512u

enum pprof_part {
	PPROF_STACK,
	PPROF_CREATOR,
	PPROF_COMPLETE, /* the creator's file and line were read */
	PPROF_ANCESTOR, /* the stack of the goroutine that created this one, and so on */
	PPROF_IGNORED,  /* a part that is out of place */
	PPROF_RACE_CREATOR, /* the creation stack of a goroutine in a race report */
};

/* Counts for one dump or one race report. */
struct pprof_dump {
	size_t goroutines, no_stack, no_frames;
	uint64_t total;
	bool grouped, race;
	bool whole; /* more than the one goroutine of a recovered panic */
};

struct pprof_grammar {
	struct pprof_out out;
	struct pprof_found found;
	struct pprof_dump now, kept;
	size_t base; /* number of rows of kept; the rows of now follow them */
	/* Where an unannounced dump may have begun, before a goroutine that was running:
	 * the number of rows and the counts at that point. */
	size_t boundary;
	struct pprof_dump before_boundary;
	bool new_dump;  /* the next header begins another dump */
	bool same_dump; /* the next header continues this dump, whatever new_dump says */
	bool fatal;     /* a line before it said what ended the program */

	bool in_record;
	enum pprof_part part;
	struct task task;
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	size_t nr_frames;
	bool cut;         /* frames are missing */
	bool pending;     /* the last frame waits for its file */
	bool unavailable; /* the runtime has no stack to print */
	bool stray;       /* unrelated lines were found between its lines */
	unsigned blanks;  /* blank lines since the last one of the record */
	unsigned spacing; /* blank lines after every line of the text */
	const char *outermost;
	struct frame creator; /* of the last "created by" */
	/* of the goroutine and its ancestors, in the order of the text */
	const struct stack *ancestors[SNAPSHOT_ANCESTORS_MAX];
	uint64_t ancestor_ids[SNAPSHOT_ANCESTORS_MAX];
	size_t nr_ancestors;
	bool has_ancestors; /* even if their stacks could not be stored */
	/* The last "created by" precedes no ancestor yet. */
	bool creator_alone;
	char weak[PPROF_WEAK_MAX]; /* a possible frame; needs a place after it */
	size_t weak_bytes;
	size_t race_row; /* row of the goroutine whose creator is being read */

	bool in_group;
	uint64_t group_count;
	const struct label *group_labels;
	size_t nr_group_labels;

	uint64_t *ids; /* goroutine ids of this dump; open addressing, 0 is a free slot */
	size_t cap_ids, nr_ids;
};

/* --- record.c --- */

/* Begins a new dump; the one before it is complete. */
void pprof_begin_dump(struct pprof_grammar *grammar);
/* Ends the current dump: its rows replace the kept ones or are dropped. */
void pprof_finish_dump(struct pprof_grammar *grammar);
/* Begins the record of a goroutine whose header was read, in a new dump if it needs one.
 * */
void pprof_begin_record(struct pprof_grammar *grammar, const struct pprof_header *header);
/* Stores the frames read so far in the part that ends. */
void pprof_end_part(struct pprof_grammar *grammar);
/* Ends the open record, if any, so that the next one can begin. */
void pprof_end_record(struct pprof_grammar *grammar);
void pprof_end_group(struct pprof_grammar *grammar);
/* Opens an empty record for this goroutine. */
void pprof_open_record(struct pprof_grammar *grammar, uint64_t id);
struct frame *pprof_push_frame(struct pprof_grammar *grammar, const char *name,
			       size_t bytes);

/* Reads a line of a debug=1 profile other than the first. */
bool pprof_group_take(struct pprof_grammar *grammar, const char *line, size_t length);

/* Reads a line of a race detector report that is not part of a stack. */
bool pprof_race_take(struct pprof_grammar *grammar, const char *line, size_t length);

#endif
