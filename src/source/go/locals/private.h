/* SPDX-License-Identifier: MIT */
/* Shared by the files that read debug information. */
#ifndef SOURCE_GO_LOCALS_PRIVATE_H
#define SOURCE_GO_LOCALS_PRIVATE_H

#include <uthash.h>

#include "base/arena.h"
#include "source/go/locals/locals.h"
#include "source/symbols/variables.h"

/* Attributes of Go's own: cmd/internal/dwarf/dwarf.go. */
#define DW_AT_GO_KIND         0x2900
#define DW_AT_GO_KEY          0x2901
#define DW_AT_GO_ELEMENT      0x2902
#define DW_AT_GO_EMBEDDED     0x2903
#define DW_AT_GO_RUNTIME_TYPE 0x2904
#define DW_AT_GO_DICT_INDEX   0x2906

struct local_scope {
	uint64_t pc;
	bool found;
	struct go_locals_scope scope;
	UT_hash_handle hh;
};

struct local_type;

struct go_locals {
	struct symbols *symbols;
	struct go_types *types;
	struct go_module *module;   /* the list of them */
	struct arena arena;         /* scopes, types and texts */
	struct local_scope *scopes; /* by pc */
	struct local_type *known;   /* types by their place in the file */
	uint64_t epoch;             /* of symbols, for all of the above */
	int64_t opened_ns;
	bool opened;
};

/* --- attribute.c --- */

/* Returns an attribute that is a number, or `otherwise` if there is none. */
uint64_t local_number(Dwarf_Die *die, unsigned name, uint64_t otherwise);
/* Returns a copy that is printable and not too long, or NULL if there is no memory. */
const char *local_text(struct go_locals *locals, const char *text);

/* scope.c: fills in the variables at an address. Returns false if there is no debug
 * information or no memory. */
bool local_scope_read(struct go_locals *locals, uint64_t pc, struct go_locals_scope *out);
/* Returns false once libdw's data may be gone, until the next look begins. */
static inline bool local_is_valid(const struct go_locals *locals)
{
	return locals->epoch == symbols_epoch(locals->symbols);
}
/* type.c: returns the type that a variable refers to, or NULL. module: of the code. */
const struct go_type *local_type_of(struct go_locals *locals,
				    const struct go_module *module, Dwarf_Die *die);
void local_types_forget(struct go_locals *locals);
#endif
