/* SPDX-License-Identifier: MIT */
/*
 * One goroutine's walk from the live words of its stack through the heap, breadth first,
 * and the interface of the recognisers, which say what the objects on the way are.
 *
 * A recogniser is a function in a file of its own and a row in recognise.c. It is called
 * once for each object that was reached, nearest first, with a copy of the object. It may
 *
 *   - say what type the object is (object->type) for the recognisers after it,
 *   - add something that the goroutine holds (go_reach_add),
 *   - lead on to other objects (go_reach_follow) and strings (go_reach_string), with the
 *     names of the fields,
 *   - return true: it has followed all that leads on, or nothing is to be followed. The
 *     recognisers after it and the search for pointers word by word are then skipped.
 *
 * So a recogniser that knows an object's type enumerates its fields and returns true, and no word
 * that is not a pointer is taken for one.
 */
#ifndef SOURCE_GO_HOLDS_REACH_H
#define SOURCE_GO_HOLDS_REACH_H

#include "core/holds.h"
#include "source/go/sample.h"
#include "source/go/type/type.h"

struct go_holds;
struct go_reach;

/* An object that was reached. */
struct go_reached {
	uint64_t address; /* of its first byte or, if small values share it, of one */
	uint64_t bytes;   /* its size class, or what is left of it from there on */
	const uint8_t *copy;
	size_t copied;  /* bytes of the copy, from the first on; at most `bytes` */
	uint64_t to;    /* where the word points: address or somewhere inside */
	int32_t parent; /* index of the object that leads to it; -1: the stack */
	uint32_t at;    /* offset of that word in the parent, or from the stack pointer */
	int32_t frame;  /* index of the frame in the task's stack; -1 if unknown */
	uint8_t steps;  /* 1: a word on the stack points to it */
	bool noscan;    /* the runtime says that it contains no pointers */
	bool inferred;  /* its type, or that it is alive, follows from a pattern */
	/* What the word that leads to it is called ("cacheKey.addr"); NULL if unknown. */
	const char *field;
	/* Type of the value that begins at address + type_at; NULL if unknown. */
	const struct go_type *type;
	uint32_t type_at;
	/* Length of the slice that says so; 0: a pointer, which proves one value and
	 * nothing about what is next to it. */
	uint64_t slice;
	uint32_t piece; /* the copy among those of the look */
	bool again;     /* its type was found after it had been recognised */
};

/* A frame of a stack, with all its words. */
struct go_reach_frame {
	uint64_t pc;          /* where it continues */
	uint64_t sp;          /* of its first word */
	uint64_t args;        /* address of the words that its caller passed to it */
	uint64_t end;         /* of its arguments as far as they are known */
	const uint8_t *words; /* from sp on, up to the end of the stack */
	size_t nr_words;
	size_t own_words; /* of them, those of this frame; 0 if unknown */
	int32_t index;    /* in the task's stack; -1 if it is not shown there */
};

typedef bool (*go_recognise_object)(struct go_reach *reach, struct go_reached *object);
/* Called for each frame before its words are followed, to say what types they have. */
typedef void (*go_recognise_frame)(struct go_reach *reach,
				   const struct go_reach_frame *frame);

/* --- For recognisers --- */

/* The goroutine of this walk, and what belongs to the whole program. */
const struct go_entry *go_reach_entry(const struct go_reach *reach);
/* Returns the address of its g. */
uint64_t go_reach_g(const struct go_reach *reach);
struct go_holds *go_reach_holds(const struct go_reach *reach);
/* Texts and structures that live until the walk's result has been copied. NULL if out of
 * memory. */
struct arena *go_reach_arena(struct go_reach *reach);
/* The object that leads to this one; NULL for the stack. */
const struct go_reached *go_reach_parent(const struct go_reach *reach,
					 const struct go_reached *object);

/* Adds something that the goroutine holds. object: where it is; NULL for the stack.
 * field: the part of the object that it is, or NULL. name and text are copied and
 * cleaned; NULL counts as "". Returns NULL at a limit; otherwise the caller may change
 * what is in it, until the next call. */
struct held *go_reach_add(struct go_reach *reach, enum held_kind kind,
			  const struct go_reached *object, uint64_t address,
			  const char *field, const char *name, const char *text);
/* Reaches what the word at offset `at` of the object points to, with the next step. type:
 * of what is at `to`, or NULL. field must live as long as the arena. */
void go_reach_follow(struct go_reach *reach, const struct go_reached *object, uint32_t at,
		     uint64_t to, const struct go_type *type, const char *field);
/* The same for a string: adds it if its bytes read as text. */
void go_reach_string(struct go_reach *reach, const struct go_reached *object, uint32_t at,
		     uint64_t bytes, uint64_t length, const char *field);
/* The same for a slice, which leads to `length` values of the type. */
void go_reach_slice(struct go_reach *reach, const struct go_reached *object, uint32_t at,
		    uint64_t to, const struct go_type *type, uint64_t length,
		    const char *field);
/* For frames: says that the word at this address is a pointer to a value of that type, or
 * with its length a slice.
 * Counts only if the word is alive. inferred: this follows from a pattern. */
void go_reach_type_word(struct go_reach *reach, uint64_t address,
			const struct go_type *type, uint64_t slice, const char *name,
			bool inferred);
/* Reads memory of the target; each call costs some microseconds and counts in a budget.
 * false: it cannot be read, or the budget is used up. */
bool go_reach_read(struct go_reach *reach, uint64_t address, void *out, size_t bytes);
/* Finds the heap object that contains the address. false if there is none. */
bool go_reach_bounds(struct go_reach *reach, uint64_t address, uint64_t *start,
		     uint64_t *bytes);

#endif
