/* SPDX-License-Identifier: MIT */
/*
 * What is shared by the walks of one look: copies of objects and strings, each read once
 * however many goroutines reach it. Walks go on step by step together, so that a step
 * costs a few calls for all of them.
 */
#ifndef SOURCE_GO_HOLDS_LOOK_H
#define SOURCE_GO_HOLDS_LOOK_H

#include "base/arena.h"
#include "source/go/holds/holds.h"

#define GO_PIECE_BYTES     1024u                 /* copied of an object */
#define GO_HELD_TEXT_BYTES (HOLDS_TEXT_MAX + 4u) /* with "…" */

/* A copy of an object, or of the part of a large one that a word points to. */
struct go_piece {
	uint64_t address; /* of the first byte of the copy */
	uint64_t base;    /* of the object */
	uint64_t size;    /* of the object */
	uint32_t copied;
	bool noscan;
	bool wanted;    /* to be read again, to see whether it has changed */
	uint8_t *bytes; /* NULL if it could not be read */
	uint8_t *again;
};

struct go_text {
	uint64_t address;
	uint64_t length;
	uint64_t hash;         /* of the text; 0 if it is none */
	const char *text;      /* one line; NULL if it is none or not read yet */
	const char *published; /* the same in the snapshot's arena, or NULL */
	uint8_t reads;         /* enum held_text */
	bool constant;         /* in the executable */
	bool noise;
};

/* Open addressing: indexes in a list plus one. */
struct go_slots {
	uint32_t *list;
	size_t cap;
};

/* A word that leads to an object or a string. */
struct go_lead {
	uint64_t to;
	uint64_t length; /* of a string; 0 if the next word cannot be one */
	uint64_t slice;  /* length of a slice of the type; 0: a pointer */
	const struct go_type *type;
	const char *field;
	uint32_t reach;
	uint32_t at;
	int32_t parent; /* index in the objects of the walk; -1: the stack */
	int32_t frame;
	bool inferred;
	bool text_only; /* no object is followed from here */
};

/* A string on a stack whose length is one of several; see guess.h. */
#define GO_GUESS_LENGTHS 6u
#define GO_GUESSES_MAX   (1u << 16)
struct go_guess {
	struct go_lead lead;
	uint32_t piece; /* index plus one */
	uint32_t nr;
	uint64_t lengths[GO_GUESS_LENGTHS];
};

/* Something that a goroutine holds, before it is ranked. */
struct go_found {
	struct held held;
	uint64_t key;   /* hash of what makes it the same thing elsewhere */
	int32_t object; /* index in the objects of the walk; -1: the stack */
	uint32_t at;    /* of the word in that object or from the stack pointer */
	const char *field;
	uint32_t text; /* index in the texts plus one; 0 if it is no string */
	bool placed;   /* it is the word at `at`, not the object itself */
	int32_t score;
	uint32_t number; /* in the order in which they were found */
	bool library;    /* a variable of a function that is not the program's own */
	bool dropped;
};

struct go_root_type {
	uint64_t address;
	const struct go_type *type;
	uint64_t slice; /* its length; 0: a pointer */
	const char *name;
	bool inferred;
};

struct go_reach { /* the walk of one goroutine */
	struct go_look *look;
	const struct go_entry *entry;
	uint32_t index; /* in the chunk */
	uint64_t hash;  /* of the g */
	uint64_t pc, sp, low, high, context, defers;
	uint8_t *stack; /* from sp on */
	size_t stack_bytes;
	uint8_t *live; /* a bit for each word of the stack; may be NULL */
	struct go_reach_frame *frames;
	size_t nr_frames, cap_frames;
	uint32_t next_frame; /* of the task's stack */
	struct go_root_type *roots;
	size_t nr_roots, cap_roots;
	struct go_reached *objects;
	size_t nr_objects, cap_objects;
	size_t expanded;   /* objects whose words have been followed */
	uint16_t *visited; /* hash table of indexes of objects plus one */
	struct go_found *found;
	size_t nr_found, cap_found;
	size_t nr_leads; /* of this step */
	unsigned reads_left;
	uint32_t compared;
	bool again; /* one of its objects has a type now */
	bool cut;
	const char *why; /* static or in the arena of the look */
};

struct go_look {
	struct go_holds *holds;
	const struct go_sampler *sampler;
	struct memory *mem;
	struct arena arena; /* lives as long as the look */
	struct arena chunk; /* as long as the walks of one chunk */
	uint64_t seed;

	struct go_piece *pieces;
	size_t nr_pieces, cap_pieces;
	size_t read_pieces; /* the first ones, which have been read */
	struct go_slots piece_slots;
	struct go_text *texts;
	size_t nr_texts, cap_texts, read_texts;
	struct go_slots text_slots;
	struct go_lead *leads; /* of the next step */
	size_t nr_leads, cap_leads;
	struct go_lead *now; /* of this step */
	size_t nr_now, cap_now;
	struct go_guess *guesses; /* of this step */
	size_t nr_guesses, cap_guesses;
	uint64_t *addresses;
	size_t cap_addresses;
	struct memory_span *spans;
	size_t cap_spans;
	struct go_reach *reaches;
	size_t nr_reaches;
};

bool go_look_init(struct go_look *look, struct go_holds *holds,
		  const struct go_sampler *sampler);
void go_look_release(struct go_look *look);
/* Drops what the walks of a chunk needed, and the copies if they are too many. */
void go_look_end_chunk(struct go_look *look);

/* Returns the index plus one of the copy of the object that contains the address, whose
 * span has been read; 0 if it is in none; GO_LOOK_FULL if there are too many. The copy is
 * made by go_look_read_pieces(). */
#define GO_LOOK_FULL UINT32_MAX
uint32_t go_look_piece(struct go_look *look, uint64_t address);
/* Copies bytes from the copy of an object; false if there is none of them. */
bool go_look_copied(const struct go_look *look, uint64_t address, void *out,
		    size_t bytes);
/* Reads all that were asked for since the last call. */
void go_look_read_pieces(struct go_look *look);
/* Reads those that are wanted again. */
void go_look_reread_pieces(struct go_look *look);

/* The same for strings; 0 if there can be no string of this length. */
uint32_t go_look_text(struct go_look *look, uint64_t address, uint64_t length);
void go_look_read_texts(struct go_look *look);
/* --- root.c --- */

/* Copies the stacks of the walks and adds what their live words lead to. */
void go_roots_read(struct go_look *look);
/* Sets `why` for goroutines that have run since. */
void go_roots_check(struct go_look *look);

#endif
