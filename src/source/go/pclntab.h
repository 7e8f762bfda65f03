/* SPDX-License-Identifier: MIT */
/*
 * Go's table of functions (pclntab): a copy of the target's own, checked as it is used.
 * Layouts: cmd/link/internal/ld/pcln.go and runtime/symtab.go of each Go version.
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
	uint64_t text; /* what entry offsets start from */
	uint64_t min_pc;
	uint64_t max_pc;
	uint64_t address; /* of `funcs` in the target: 1.16 aligns by it */
	struct go_bytes names;
	struct go_bytes units; /* file numbers of compilation units */
	struct go_bytes files;
	struct go_bytes values; /* pc-value tables */
	struct go_bytes funcs;
	struct go_bytes index; /* function entries, sorted */
	size_t nr_funcs;
	uint64_t
		steps_left; /* of pc-value tables; bounds the time that a bad table costs */
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
	int32_t args; /* bytes of arguments and results on the stack; < 0: not known */
	uint8_t id;
	uint8_t flags; /* 0 in 1.16 */
	uint8_t nr_funcdata;
	size_t pcdata; /* offsets into funcs */
	size_t funcdata;
};

#define GO_FUNC_TOP      1u /* outermost of its stack */
#define GO_FUNC_SP_WRITE 2u /* the table cannot say how it moves the stack pointer */

#define GO_NAME_MAX      4096u

/* False: pc is in no function. */
bool go_func_find(const struct go_pclntab *table, uint64_t pc, struct go_func *func);
bool go_func_at(const struct go_pclntab *table, size_t i, struct go_func *func);
/* By exact name; a walk over the whole table. */
bool go_func_by_name(const struct go_pclntab *table, const char *name,
		     struct go_func *func);
/* Whether pc is the first instruction of a function. */
bool go_func_starts(const struct go_pclntab *table, uint64_t pc);
/* The name at an offset, NUL-terminated inside the table; "" if it makes no sense. */
const char *go_func_name(const struct go_pclntab *table, uint32_t name);
/* The value at pc of the pc-value table at offset; false: none. */
bool go_func_value(struct go_pclntab *table, const struct go_func *func, uint32_t offset,
		   uint64_t pc, int32_t *value);
/* NULL and 0 if not known. pc: of the call itself. */
const char *go_func_line(struct go_pclntab *table, const struct go_func *func,
			 uint64_t pc, int *line);
/* Index of the inlined call at pc, or -1. */
int32_t go_func_inlined(struct go_pclntab *table, const struct go_func *func,
			uint64_t pc);
/* Address of the tree of inlined calls, or 0. gofunc: what the module says, 1.18 on. */
uint64_t go_func_inline_tree(const struct go_pclntab *table, const struct go_func *func,
			     uint64_t gofunc);

/* Maps of live words: see go/proof/frame.c. The value at pc of the function's table number `which`,
 * or -1; the address of its data number `which`, or 0. */
#define GO_PCDATA_STACK_MAP 1u
#define GO_FUNCDATA_ARGS    0u
#define GO_FUNCDATA_LOCALS  1u
#define GO_FUNCDATA_OBJECTS 2u
int32_t go_func_pcdata(struct go_pclntab *table, const struct go_func *func,
		       unsigned which, uint64_t pc);
uint64_t go_func_data(const struct go_pclntab *table, const struct go_func *func,
		      unsigned which, uint64_t gofunc);

/* One node of that tree. */
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
