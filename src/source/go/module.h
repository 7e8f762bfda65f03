/* SPDX-License-Identifier: MIT */
/* What a Go program knows of itself: its version, its table of functions, its data areas.
 * Found in memory, with or without sections and symbols. */
#ifndef SOURCE_GO_MODULE_H
#define SOURCE_GO_MODULE_H

#include "source/go/elf.h"
#include "source/go/pclntab.h"

#define GO_VERSION_MAX  48
#define GO_MODULE_WORDS 32

struct go_module {
	uint64_t moduledata;
	uint64_t pclntab; /* in the target */
	uint64_t gofunc;
	uint64_t words
		[GO_MODULE_WORDS]; /* moduledata as it was; its start never changes */
	struct go_range
		data[3]; /* noptrdata, data, bss with noptrbss: runtime's variables */
	struct go_pclntab table;
	uint8_t *copy; /* what the table's slices point into */
	size_t copy_bytes;
	uint8_t wrapper_id; /* of functions that the compiler made; 0: not known */
	char version[GO_VERSION_MAX]; /* "go1.26.8"; "" if it does not say */
	unsigned minor;               /* 26; 0: not known */
	bool library; /* not the executable's: its main function has never run */
	struct go_module *next; /* of plugins; owned */
};

/* The one whose code pc is in, or NULL. */
static inline struct go_module *go_module_of(struct go_module *module, uint64_t pc)
{
	while (module && (pc < module->table.min_pc || pc >= module->table.max_pc))
		module = module->next;
	return module;
}

/* 0, or ERR_UNSUPPORTED with the reason. Release it in either case. */
int go_module_read(struct go_module *module, const struct go_elf *elf, struct memory *mem,
		   struct err *e);
/* The program, from its executable or from the first Go library in it. */
int go_program_read(struct go_module *module, struct go_elf *elf, struct memory *mem,
		    struct err *e);
/* Add the plugins that were not there before. True: there were some. */
bool go_module_read_more(struct go_module *module, const struct go_elf *elf,
			 struct memory *mem);
void go_module_release(struct go_module *module);
/* Still the same program, or has it called exec? Two small reads. */
bool go_module_holds(const struct go_module *module, struct memory *mem);
/* Whether there is Go in it, in the executable or in a library. e says why not. */
bool go_program_is_go(struct memory *mem, struct err *e);
/* The same of the executable alone, which is so for all processes that run it; and of the
 * libraries alone. */
bool go_program_runs_go(struct memory *mem, struct err *e);
bool go_program_loads_go(struct memory *mem);
/* Where the table of functions is; 0: this is no Go program. Cheap where there are sections. */
uint64_t go_module_find_table(const struct go_elf *elf, struct memory *mem);
/* "go1.26.8" from the build information, else from a string of the runtime. */
void go_version_read(struct go_module *module, const struct go_elf *elf,
		     struct memory *mem);
/* The version, or words for one that is not known. */
const char *go_version_name(const struct go_module *module);
/* The number after "go1."; 0: none. A development version counts as the one to come. */
unsigned go_version_minor(const char *version);

#endif
