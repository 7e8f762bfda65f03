/* SPDX-License-Identifier: MIT */
/*
 * Finds the live part of a parked goroutine's stack: the words that the program's own
 * tables declare live at each frame's call site, as the garbage collector does, and the
 * variables whose address is in one of those words. Leftovers in a frame keep nothing
 * alive. If the tables have no entry, and around signals and panics, all words count as
 * live. Layouts: runtime/stkframe.go, stack.go and symtab.go of each version.
 */
#ifndef SOURCE_GO_PROOF_FRAME_H
#define SOURCE_GO_PROOF_FRAME_H

#include "source/go/proof/mark.h"

struct go_frame_table { /* the proof's own copy for a module, with its own step count */
	struct go_pclntab table;
	uint64_t gofunc;
};

struct go_frame_object { /* a variable whose address is taken */
	int32_t offset;  /* if negative, from the end of the locals, else the arguments */
	uint32_t bytes;
};

struct go_frame {
	uint64_t pc;        /* return address; 0 if the slot is free */
	uint32_t bytes;     /* from the stack pointer to the return address */
	uint32_t bits;      /* index in `maps`: the map of locals, then of arguments */
	uint32_t nr_locals; /* in words */
	uint32_t nr_args;
	uint32_t objects; /* index of its first object */
	uint32_t nr_objects;
	bool known;    /* if false, all words from here on are live */
	bool locals;   /* locals have a map; if false, all are live */
	bool args;     /* arguments have a map; if false, all are live */
	bool any_args; /* the number of arguments is unknown */
	bool injected; /* interrupted: all of it and of its caller's frame is live */
	bool top;
};

struct go_frames {
	struct go_frame_table *modules;
	size_t nr_modules;
	unsigned minor;
	struct go_frame *list; /* open addressing, by pc */
	size_t nr, cap;
	uint8_t *maps; /* one byte per word */
	size_t nr_maps, cap_maps;
	struct go_frame_object *objects;
	size_t nr_objects, cap_objects;
	uint64_t seed;

	/* For the stack that is being scanned. */
	struct go_frame_place {
		uint64_t start;
		uint64_t end; /* equals start once it was read */
	} * places;
	size_t nr_places, cap_places;
	uint64_t *inner; /* addresses that point into the stack itself */
	size_t nr_inner, cap_inner;
};

/* What go_frames_live() finds. */
struct go_live_frame {
	uint64_t pc;      /* where it continues */
	uint64_t sp;      /* of its first word */
	uint64_t args;    /* of the arguments, in its caller's frame; 0 if unknown */
	uint32_t nr_args; /* in words, as far as known */
	bool known;       /* if false, it and all frames from here on have no tables */
};

struct go_live_word {
	uint64_t at; /* its address on the stack; 0: it is in the g */
	uint64_t value;
	bool known; /* the program's own tables say that it is alive */
};

struct go_live_visitor {
	void *ctx;
	void (*frame)(void *ctx, const struct go_live_frame *frame);
	void (*word)(void *ctx, const struct go_live_word *word);
};

/* A goroutine that is not running. */
struct go_parked {
	uint64_t pc, sp;
	uint64_t low, high;   /* its stack */
	const uint8_t *bytes; /* from sp to high */
	uint64_t context;     /* the closure that it resumes with, or 0 */
	uint64_t defers;      /* first record, or 0 */
};

bool go_frames_init(struct go_frames *frames, const struct go_module *module);
void go_frames_release(struct go_frames *frames);
/* Returns false if out of memory; the caller then has to mark all words of the stack. */
bool go_frames_mark(struct go_frames *frames, struct go_mark *mark,
		    const struct go_parked *parked);
/* Visits the frames, innermost first, and all live words of the stack, except those that
 * point into the stack itself; what they point to is visited as well. A word can be
 * visited more than once. Returns false if out of memory. */
bool go_frames_live(struct go_frames *frames, struct memory *mem,
		    const struct go_parked *parked,
		    const struct go_live_visitor *visitor);

#endif
