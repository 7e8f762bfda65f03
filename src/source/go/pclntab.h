/* SPDX-License-Identifier: MIT */
/*
 * Reads Go's function table (pclntab) from a copy of the target's, which is checked as it
 * is used. Layouts: cmd/link/internal/ld/pcln.go and runtime/symtab.go of each Go
 * version.
 */
#ifndef SOURCE_GO_PCLNTAB_H
#define SOURCE_GO_PCLNTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Layout of the table, by its magic number. */
enum go_era {
	GO_ERA_116, /* 1.16, 1.17 */
	GO_ERA_118, /* 1.18, 1.19 */
	GO_ERA_120, /* 1.20 and later */
};

struct go_bytes {
	const uint8_t *at;
	size_t size;
};

struct go_pclntab {
	enum go_era era;
	uint64_t text; /* base of entry offsets */
	uint64_t min_pc;
	uint64_t max_pc;
	uint64_t address; /* of `funcs` in the target; Go 1.16 aligns by it */
	struct go_bytes names;
	struct go_bytes units; /* file numbers of compilation units */
	struct go_bytes files;
	struct go_bytes values; /* pc-value tables */
	struct go_bytes funcs;
	struct go_bytes index; /* function entries, sorted */
	size_t nr_funcs;
	uint64_t steps_left; /* in pc-value tables; bounds the time for a bad one */
};

struct go_func {
	uint64_t entry;
	uint64_t end;
	uint32_t name;
	uint32_t pcsp;
	uint32_t pcfile;
	uint32_t pcline;
	uint32_t unit;
	uint32_t nr_pcdata;
	int32_t args; /* bytes of arguments and results; negative if unknown */
	uint8_t id;
	uint8_t flags; /* 0 in 1.16 */
	uint8_t nr_funcdata;
	size_t pcdata; /* offsets in funcs */
	size_t funcdata;
};

#define GO_FUNC_TOP      1u /* outermost function of its stack */
#define GO_FUNC_SP_WRITE 2u /* the table cannot say how it moves the stack pointer */

#define GO_NAME_MAX      4096u

/* Returns false if pc is not in a function. */
bool go_func_find(const struct go_pclntab *table, uint64_t pc, struct go_func *func);
bool go_func_at(const struct go_pclntab *table, size_t i, struct go_func *func);
/* Finds a function by its exact name; scans the whole table. */
bool go_func_by_name(const struct go_pclntab *table, const char *name,
		     struct go_func *func);
/* Returns true if pc is the first instruction of a function. */
bool go_func_starts(const struct go_pclntab *table, uint64_t pc);
/* Returns the name at an offset, NUL-terminated inside the table; "" if it is invalid. */
const char *go_func_name(const struct go_pclntab *table, uint32_t name);
/* Gets the value at pc from the pc-value table at offset. Returns false if there is
 * none. */
bool go_func_value(struct go_pclntab *table, const struct go_func *func, uint32_t offset,
		   uint64_t pc, int32_t *value);
/* Returns the file, and the line in *line; NULL and 0 if unknown. pc is that of the call
 * itself. */
const char *go_func_line(struct go_pclntab *table, const struct go_func *func,
			 uint64_t pc, int *line);
/* Returns the index of the inlined call at pc, or -1. */
int32_t go_func_inlined(struct go_pclntab *table, const struct go_func *func,
			uint64_t pc);
/* Returns the address of the tree of inlined calls, or 0. gofunc: from the module, since
 * Go 1.18. */
uint64_t go_func_inline_tree(const struct go_pclntab *table, const struct go_func *func,
			     uint64_t gofunc);

/* Maps of live words: see go/proof/frame.c. The first function returns the value at pc in
 * the function's pcdata table `which`, or -1; the second returns the address of its
 * funcdata `which`, or 0. */
#define GO_PCDATA_STACK_MAP 1u
#define GO_FUNCDATA_ARGS    0u
#define GO_FUNCDATA_LOCALS  1u
#define GO_FUNCDATA_OBJECTS 2u
int32_t go_func_pcdata(struct go_pclntab *table, const struct go_func *func,
		       unsigned which, uint64_t pc);
uint64_t go_func_data(const struct go_pclntab *table, const struct go_func *func,
		      unsigned which, uint64_t gofunc);

/* A node of that tree. */
struct go_inlined {
	uint8_t id;
	uint32_t name;
	int32_t parent_pc; /* from the function's entry */
};
#define GO_INLINED_MAX 20u
size_t go_inlined_bytes(const struct go_pclntab *table);
void go_inlined_parse(const struct go_pclntab *table, const uint8_t bytes[GO_INLINED_MAX],
		      struct go_inlined *out);

#endif
