/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/go/type reads the types of a Go program, and values of these
 * types as text. Types come from the descriptors that every Go program has in memory,
 * stripped or not (table.h), or from DWARF. It does not know who holds a value.
 *
 * Types refer to each other in rings, so the types that a type refers to are found when
 * they are first asked for.
 */
#ifndef SOURCE_GO_TYPE_TYPE_H
#define SOURCE_GO_TYPE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in package reflect, and in every descriptor. */
enum go_kind {
	GO_KIND_INVALID,
	GO_KIND_BOOL,
	GO_KIND_INT,
	GO_KIND_INT8,
	GO_KIND_INT16,
	GO_KIND_INT32,
	GO_KIND_INT64,
	GO_KIND_UINT,
	GO_KIND_UINT8,
	GO_KIND_UINT16,
	GO_KIND_UINT32,
	GO_KIND_UINT64,
	GO_KIND_UINTPTR,
	GO_KIND_FLOAT32,
	GO_KIND_FLOAT64,
	GO_KIND_COMPLEX64,
	GO_KIND_COMPLEX128,
	GO_KIND_ARRAY,
	GO_KIND_CHAN,
	GO_KIND_FUNC,
	GO_KIND_INTERFACE,
	GO_KIND_MAP,
	GO_KIND_POINTER,
	GO_KIND_SLICE,
	GO_KIND_STRING,
	GO_KIND_STRUCT,
	GO_KIND_UNSAFE_POINTER,
	GO_KINDS
};

#define GO_TYPE_BYTES_MAX  (1ull << 40)
#define GO_TYPE_FIELDS_MAX 512u /* of a struct; of a larger one, the first are known */
#define GO_TYPE_NAME_MAX   512u /* longer names end with "…" */

struct go_type;

struct go_field {
	const char *name; /* never NULL */
	uint64_t offset;
	const struct go_type *type; /* NULL if it cannot be read */
	bool embedded;
};

/* Where a map has its keys and elements, within a group of eight. */
struct go_map_layout {
	bool swiss; /* since Go 1.24: groups with control words, instead of buckets */
	bool key_is_pointer, element_is_pointer; /* large ones are stored elsewhere */
	uint32_t group_bytes;
	uint32_t keys, key_stride, elements, element_stride;
};

/* What is found when it is first asked for. */
struct go_type_rest {
	/* Finds it; NULL if it is known. Sets the members below, and `find` to NULL. */
	void (*find)(const struct go_type *type, void *ctx);
	void *ctx;
	/* Of a pointer, slice, array, channel or map; NULL if it cannot be read. */
	const struct go_type *element;
	const struct go_type *key;     /* of a map */
	const struct go_field *fields; /* of a struct, by offset */
	size_t nr_fields;
	struct go_map_layout map; /* group_bytes is 0 if it is unknown */
};

/* Owned by the table that returned it, as long as that table. All but `rest` is
 * immutable, and texts contain only printable characters. */
struct go_type {
	uint64_t address;    /* of its descriptor; 0 if it is from DWARF alone */
	const char *name;    /* as the program prints it: "*http.persistConn" */
	const char *package; /* path of its package, "net/http"; "" if it has no name */
	enum go_kind kind;
	uint8_t alignment;
	bool named;
	bool direct;            /* an interface contains the value, not its address */
	uint64_t bytes;         /* of a value */
	uint64_t pointer_bytes; /* bytes up to the end of the last pointer */
	uint64_t length;        /* elements of an array, methods of an interface */
	struct go_type_rest *rest;
};

/* These return NULL, or 0 fields, for a type that has none or whose parts cannot be
 * read. They may read memory when first called for a type. */
const struct go_type *go_type_element(const struct go_type *type);
const struct go_type *go_type_key(const struct go_type *type);
const struct go_field *go_type_fields(const struct go_type *type, size_t *nr_fields);
/* Returns the field of that name, also of one of its embedded structs. *offset is that
 * from the start of the outer struct. Not through embedded pointers. */
const struct go_field *go_type_field(const struct go_type *type, const char *name,
				     uint64_t *offset);
/* Returns NULL if the layout is unknown. */
const struct go_map_layout *go_type_map(const struct go_type *type);

/* Returns whether type has this name, and is of that package unless that is NULL. The
 * package of a pointer is that of its element. */
bool go_type_is(const struct go_type *type, const char *name, const char *package);
/* Returns the layout that the compiler of that Go version gives a map of such types. */
struct go_map_layout go_map_layout_of(const struct go_type *key,
				      const struct go_type *element, unsigned minor);

#endif
