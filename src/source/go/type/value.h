/* SPDX-License-Identifier: MIT */
/*
 * Values of a Go program as text: one line, in the form of the debugger delve, with values
 * of well-known types in words: times, durations, addresses, errors, locks. Structures
 * are followed to two levels. Types may come from descriptors or from DWARF.
 *
 * After a pointer has been followed, it is read again: a value that has changed in
 * between is not shown.
 */
#ifndef SOURCE_GO_TYPE_VALUE_H
#define SOURCE_GO_TYPE_VALUE_H

#include "base/oneline.h"
#include "source/go/module.h"
#include "source/go/type/table.h"

#define GO_VALUE_LEVELS    2u /* of structures and pointers */
#define GO_VALUE_READS     64u
#define GO_VALUE_ELEMENTS  16u /* of a slice, array or map */
#define GO_VALUE_FIELDS    48u
#define GO_VALUE_STRING    128u /* bytes of a string, before "...+12 more" */
#define GO_VALUE_BYTES_MAX 4096u

/* How the values of a program are read. */
struct go_values {
	struct go_types *types;         /* for what interfaces contain; NULL: unknown */
	const struct go_module *module; /* names of functions; NULL: unknown */
	bool (*read)(void *ctx, uint64_t address, void *out, size_t bytes);
	void *ctx;
	unsigned levels; /* of structs that are followed; 0: GO_VALUE_LEVELS */
	/* The caller knows that what is read does not change: pointers are not read
	 * again. */
	bool steady;
	/* Of the value that is being printed: */
	unsigned depth, reads_left;
	bool changed;
};

/* Reads with memory_read(); ctx is a struct memory. */
bool go_values_read_memory(void *ctx, uint64_t address, void *out, size_t bytes);

/* Where a value is. */
struct go_place {
	uint64_t address;     /* 0: it is only in the copy */
	const uint8_t *bytes; /* a copy of the first `copied` bytes; may be NULL */
	size_t copied;
};

/*
 * Appends the value. typed: with the name of its type where delve prints it,
 * "[]int len: 2, cap: 2, [1,2]" or "main.T {A: 1}"; otherwise that is left out.
 *
 * Returns false if it cannot be read, or changed while it was read; the text is then not
 * to be used. A part that cannot be read is "(unreadable)".
 */
bool go_value_print(struct go_values *values, const struct go_type *type,
		    const struct go_place *place, bool typed, struct oneline *text);

/* The same for a value in words alone, as the functions of its own package print it: a
 * time, an address, a URL, the text of an error. Returns false and appends nothing if the
 * type is not one of these. */
bool go_value_print_known(struct go_values *values, const struct go_type *type,
			  const struct go_place *place, struct oneline *text);

/* For recognisers. A part of the place; it may be outside the copy. */
struct go_place go_place_at(const struct go_place *place, uint64_t offset);
/* Copies bytes of the value, from the copy if they are there. */
bool go_place_read(struct go_values *values, const struct go_place *place,
		   uint64_t offset, void *out, size_t bytes);
/* Copies the whole value with one read, if it is not in a copy and not larger. copy must
 * live as long as the place is used. */
#define GO_PLACE_BYTES 512u
void go_place_load(struct go_values *values, const struct go_type *type,
		   struct go_place *place, uint8_t copy[GO_PLACE_BYTES]);
/* Finds a field by name and kind. Returns its type, or NULL. */
const struct go_type *go_place_field(const struct go_type *type,
				     const struct go_place *place, const char *name,
				     enum go_kind kind, struct go_place *field);

/* Appends a string field without quotes. Returns false if there is none of that name. */
bool go_place_text(struct go_values *values, const struct go_type *type,
		   const struct go_place *place, const char *name, struct oneline *text);

/* What an interface value contains. type is NULL if it is nil. */
struct go_dynamic {
	const struct go_type *type;
	struct go_place place; /* of the value */
	/* If the value is the data word itself: its bytes, which `place` refers to. */
	uint8_t word[8];
};
/* type: of the interface. Returns false if it is not a valid interface value. The result
 * must not be copied. */
bool go_value_dynamic(struct go_values *values, const struct go_type *type,
		      const struct go_place *place, struct go_dynamic *dynamic);

/* Appends the name of the function that a function value calls, whose address this is.
 * Returns false if it is none. */
bool go_value_function(struct go_values *values, uint64_t value, struct oneline *text);

#endif
