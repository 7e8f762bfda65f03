/* SPDX-License-Identifier: MIT */
/*
 * What of a parked goroutine's stack is alive: the words that the program's own tables call
 * live at the call where each frame stands, as the garbage collector takes them, and the
 * variables whose address is in one of those. What was left over in a frame keeps nothing
 * alive. Where the tables say nothing, and around signals and panics, all words count.
 * Layouts: runtime/stkframe.go, stack.go and symtab.go of each version.
 */
#ifndef SOURCE_GO_PROOF_FRAME_H
#define SOURCE_GO_PROOF_FRAME_H

#include "source/go/proof/mark.h"

struct go_frame_table { /* the proof's own view of a module: it counts its steps */
	struct go_pclntab table;
	uint64_t gofunc;
};

struct go_frame_object { /* a variable whose address is taken */
	int32_t offset;  /* < 0: from the end of the locals, else from the arguments */
	uint32_t bytes;
};

struct go_frame {
	uint64_t pc;    /* return address; 0: free */
	uint32_t bytes; /* from the stack pointer to the return address */
	uint32_t bits;  /* where its maps begin in `maps`: of locals, then arguments */
	uint32_t nr_locals; /* words */
	uint32_t nr_args;
	uint32_t objects; /* where its own begin */
	uint32_t nr_objects;
	bool known;    /* else nothing from here on is */
	bool locals;   /* there is a map of them; else all count */
	bool args;     /* the same */
	bool any_args; /* how many arguments there are is not known */
	bool injected; /* a signal was here: all of this and of the caller's frame counts */
	bool top;
};

struct go_frames {
	struct go_frame_table *modules;
	size_t nr_modules;
	unsigned minor;
	struct go_frame *list; /* open addressing, by pc */
	size_t nr, cap;
	uint8_t *maps; /* a byte for each word */
	size_t nr_maps, cap_maps;
	struct go_frame_object *objects;
	size_t nr_objects, cap_objects;
	uint64_t seed;

	/* Of the stack that is looked at. */
	struct go_frame_place {
		uint64_t start;
		uint64_t end; /* start: it was read */
	} * places;
	size_t nr_places, cap_places;
	uint64_t *inner; /* addresses in the stack itself */
	size_t nr_inner, cap_inner;
};

/* A goroutine that stands still. */
struct go_parked {
	uint64_t pc, sp;
	uint64_t low, high;   /* its stack */
	const uint8_t *bytes; /* from sp to high */
	uint64_t context;     /* a closure that it goes on with, or 0 */
	uint64_t defers;      /* first record, or 0 */
};

bool go_frames_init(struct go_frames *frames, const struct go_module *module);
void go_frames_release(struct go_frames *frames);
/* False: no memory; all words of the stack are to be marked. */
bool go_frames_mark(struct go_frames *frames, struct go_mark *mark,
		    const struct go_parked *parked);

#endif
