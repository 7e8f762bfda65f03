/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/go/locals finds the arguments and variables of a frame of Go code
 * in the program's debug information (DWARF): names, types, and where they are. It does
 * not know the goroutine, and reads no values.
 *
 * The debug information is opened when first asked for, and searched function by
 * function. What was found is kept for the next time. Everything in it is untrusted: it
 * is read by libdw after the checks of source/elf, work per function is bounded, and
 * texts are cleaned.
 */
#ifndef SOURCE_GO_LOCALS_LOCALS_H
#define SOURCE_GO_LOCALS_LOCALS_H

#include "source/go/locals/location.h"
#include "source/go/type/table.h"
#include "source/symbols/symbols.h"

#define GO_LOCALS_MAX       256u /* of one frame */
#define GO_LOCALS_LEVELS    24u  /* functions inlined into each other */
#define GO_LOCALS_NAME_MAX  128u
#define GO_LOCALS_BYTES_MAX (32u << 20)

struct go_locals;

struct go_local {
	const char *name; /* without the "&" of a variable that is in the heap */
	const struct go_type *type;
	/* Where it is, or where its address is: an expression for go_location_find(). */
	struct go_location_bytes location;
	uint64_t location_size; /* of what is there: 8 for an address */
	int line;               /* of its declaration; 0 if unknown */
	uint16_t number;        /* in the order of the debug information */
	uint8_t level;          /* of the function: 0, or the depth of inlining */
	bool argument;
	bool result;
	bool escaped; /* it is in the heap */
	/* What is at the location may be only the first word, unless it is known to be an
	 * object on the stack. */
	bool doubtful;
	bool shadowed; /* by an inner variable of the same name */
	/* The word of the dictionary that says its real type, plus 1; 0 if `type` does.
	 * */
	uint32_t dictionary_word;
};

/* The variables in scope at an address of code. */
struct go_locals_scope {
	const struct go_local *list; /* by level; arguments first, then by line */
	size_t nr;
	/* The function itself, and those inlined there, as stacks name them. */
	const char *functions[GO_LOCALS_LEVELS];
	unsigned nr_levels;
	bool cut; /* there are more */
	/* Where the address of a generic function's dictionary is; may be empty. */
	struct go_location_bytes dictionary;
};

/* All must outlive it. Reads nothing yet. Returns NULL if there is no memory. */
struct go_locals *go_locals_new(struct symbols *symbols, struct go_types *types,
				struct go_module *module);
void go_locals_free(struct go_locals *locals); /* NULL is accepted */
/* Call before scopes are asked for; what was returned before becomes invalid. */
void go_locals_begin(struct go_locals *locals);
/* Returns the variables at an address of code, or NULL if there is no debug information
 * about it. For a caller, the address is that of the call. */
const struct go_locals_scope *go_locals_at(struct go_locals *locals, uint64_t pc);
/* Returns whether the parts of go_location_find() cover a value of the type, apart from
 * padding. If not, it is unknown what each of them is. */
bool go_locals_cover(const struct go_type *type, const struct go_part *parts, size_t nr);
/* How long opening the debug information took, once. */
int64_t go_locals_opened_ns(const struct go_locals *locals);

#endif
