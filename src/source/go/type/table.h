/* SPDX-License-Identifier: MIT */
/*
 * The types of a program by the addresses of their descriptors. Sources: internal/abi/
 * type.go and iface.go, before Go 1.21 runtime/type.go, and runtime/symtab.go of Go 1.16
 * to 1.27. A descriptor counts only if it is within the types of a loaded module and
 * everything in it is valid. Types that the program makes with package reflect are
 * elsewhere, and not known.
 */
#ifndef SOURCE_GO_TYPE_TABLE_H
#define SOURCE_GO_TYPE_TABLE_H

#include "source/go/module.h"
#include "source/go/type/type.h"

#define GO_TYPES_MAX       (1u << 17)
#define GO_TYPES_BYTES_MAX (64u << 20)

struct go_types;

/* mem and module must outlive the table; modules added to the list later are included.
 * Reads nothing yet. Returns NULL if there is no memory. */
struct go_types *go_types_new(struct memory *mem, const struct go_module *module);
void go_types_free(struct go_types *types);

/* Returns whether a descriptor can be at this address. Cheap. */
bool go_types_contain(struct go_types *types, uint64_t address);
/* Returns the type whose descriptor is at this address, or NULL if none is. */
const struct go_type *go_types_at(struct go_types *types, uint64_t address);
/* The same at an offset from the first descriptor of a module, as debug information says
 * it. */
const struct go_type *go_types_in(struct go_types *types, const struct go_module *module,
				  uint64_t offset);

/* The first word of an interface value with methods. */
struct go_itab {
	const struct go_type *interface;
	const struct go_type *type; /* of what it contains */
};
/* Returns false if there is no such table at the address. It is then not looked at again
 * until go_types_turn(), because the program makes new ones. */
bool go_types_itab(struct go_types *types, uint64_t address, struct go_itab *itab);
void go_types_turn(struct go_types *types);

/*
 * Finds a type by its name, "*http.persistConn" or "http.persistConn", and if package is
 * not NULL, by the path of its package too, "net/http". Without `package` it is any type
 * of that name. Returns NULL if the program has none that it could convert to an
 * interface.
 */
const struct go_type *go_types_named(struct go_types *types, const char *name,
				     const char *package);

/* How many types are known, and the bytes that they take; for tests and limits. */
size_t go_types_count(const struct go_types *types);
size_t go_types_bytes(const struct go_types *types);

#endif
