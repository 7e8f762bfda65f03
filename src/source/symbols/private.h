/* SPDX-License-Identifier: MIT */
/* Interface between the files that name addresses and unwind stacks. */
#ifndef SOURCE_SYMBOLS_PRIVATE_H
#define SOURCE_SYMBOLS_PRIVATE_H

#include <elfutils/libdwfl.h>
#include <uthash.h>

#include "source/elf/open.h"
#include "source/symbols/perf_map.h"
#include "source/symbols/symbols.h"

#define SYMBOLS_INLINES_MAX 24u

#define UNWIND_SAVED        6u /* callee-saved registers */

/* The effect of the instructions from an address to its function's return. */
struct unwind_way {
	bool known; /* it was computed */
	bool found;
	bool by_frame; /* offsets count from the frame pointer, not the stack pointer */
	int32_t back;  /* offset of the return address */
	int32_t from[UNWIND_SAVED]; /* offsets of saved registers; INT32_MIN: not saved */
};

/* A frame from which unwinding continues. */
struct unwind_place {
	uint64_t pc, sp;
	bool after_call;
	bool has_saved[UNWIND_SAVED];
	uint64_t saved[UNWIND_SAVED];
};

/* What is known about an address; its frames follow. */
struct symbol_entry {
	uint64_t key;   /* address << 1; the lowest bit is set for a return address */
	uint64_t start; /* of the function; 0 if unknown */
	uint64_t callee_start; /* start of the function that the call before it calls */
	const char *callee;    /* name of that function; NULL if unknown */
	bool callee_library;   /* as in struct frame */
	bool callee_known;     /* the callee was looked up */
	const struct stack *site;
	bool site_made;
	bool outside; /* belongs to no module */
	bool root;    /* according to the unwind tables, the outermost function */
	bool root_known;
	bool lacks_tables; /* is not in any unwind table; valid if root_known */
	struct unwind_way way;
	uint32_t nr_frames;
	UT_hash_handle hh;
	struct frame frames[];
};

/* A word of the copied stack that libdwfl has read. */
struct unwind_read {
	uint64_t word;
	uint32_t offset;
};
#define UNWIND_READS_MAX 768u

struct unwind_chunk {
	uint64_t address;
	int64_t bytes; /* < 0 if not readable */
	uint8_t data[4096];
};
#define UNWIND_CHUNKS_MAX 64u
#define UNWIND_STACK_MAX  16384u

/* State of one unwinding; libdwfl passes it to the callbacks. */
struct unwind_job {
	struct symbols *symbols;
	const struct unwind_start *start;
	uint64_t frame_pointer; /* a guess, valid if has_frame_pointer */
	bool has_frame_pointer;
	size_t nr_pcs;
	uint64_t pcs[SNAPSHOT_FRAMES_MAX];
	bool after_call[SNAPSHOT_FRAMES_MAX]; /* false also where a signal interrupted */
	struct unwind_place at; /* the last frame that was reached without tables */
	bool first;             /* the next frame is the first one from libdwfl */
	bool tables_only;       /* do not stop at a function without unwind tables */
	bool stopped;           /* at a function without unwind tables */
	bool whole;             /* the outermost frame was reached */
	bool full;              /* there are more frames than pcs can hold */
	uint32_t nr_reads;
	bool elsewhere; /* some words that were read are not in reads */
	struct unwind_read reads[UNWIND_READS_MAX];
};

struct symbols {
	struct kernel *kernel;
	struct intern *intern;
	struct stack_table *stacks;
	Dwfl_Callbacks callbacks;
	Dwfl *dwfl;
	char *debuginfo_path;
	struct elf_opener files;
	union exe_header {
		Elf32_Ehdr small;
		Elf64_Ehdr large;
	} exe_header;
	Elf *exe; /* made from exe_header; tells the machine type */
	bool attached;
	bool reported;
	int64_t reported_at_ns;
	int64_t report_wait_ns; /* minimum time between two reports of the modules */
	int64_t deadline_ns;
	struct symbol_entry *entries;
	size_t nr_entries;
	struct unwind_recipe *recipes;
	size_t recipe_bytes;
	struct unwind_job *job;      /* the current one, for the callbacks */
	struct unwind_chunk *chunks; /* pages that the current job has read */
	size_t nr_chunks;
	uint8_t *stack_bytes;     /* UNWIND_STACK_MAX bytes */
	struct unit_table *units; /* for modules whose debug information has no index */
	struct line_unit *line_units;
	struct unit_index *indexes; /* functions of units; hash */
	struct debuginfod *fetch;   /* NULL if no server is configured */
	/* for code outside all modules; NULL if out of memory */
	struct perf_map *perf_map;
	/* when libdwfl was last restarted for new debug information */
	int64_t begun_at_ns;
	uint32_t generation;
	uint64_t epoch; /* number of times that modules have gone or been reported */
	Dwfl_Module *agent_asked; /* the last module that was searched for the agent … */
	bool agent_answer;        /* … and whether it contains the agent */
	const struct stack_rules *rules; /* the user's, or NULL; not owned */
};

/* Callbacks for libdwfl; see file.c. */
int symbols_find_elf(Dwfl_Module *mod, void **userdata, const char *module_name,
		     Dwarf_Addr base, char **file_name, Elf **elf);
int symbols_find_debuginfo(Dwfl_Module *mod, void **userdata, const char *module_name,
			   Dwarf_Addr base, const char *file_name, const char *link,
			   GElf_Word crc, char **found);
/* Returns the module that contains address, or NULL. Reports the modules of the process
 * on the first call, and again if an address lies outside all of them. */
Dwfl_Module *symbols_module(struct symbols *symbols, uint64_t address);
/* Returns the module among those already reported. Frees no entries. */
Dwfl_Module *symbols_module_at(const struct symbols *symbols, uint64_t address);
/* Reads the maps again, and frees all entries and recipes; see module.c. */
void symbols_report_modules(struct symbols *symbols);
/* Returns true if it is time to report again for an address outside all modules. */
bool symbols_modules_due(const struct symbols *symbols);
void symbols_entries_release(struct symbols *symbols);
/* Returns what is known about an address, and looks it up first if necessary. Returns
 * NULL if out of memory. */
struct symbol_entry *symbols_entry(struct symbols *symbols, uint64_t address,
				   bool after_call);
/* Returns true if, according to the unwind tables, this function has no caller. */
bool symbols_is_root(struct symbols *symbols, uint64_t address, bool after_call);
/* Finds the frames at an address in the symbol table and the debug information, and the
 * start of the function; see name.c. */
size_t symbols_name(struct symbols *symbols, uint64_t address, bool after_call,
		    struct frame *out, size_t max, uint64_t *start);
/* Returns true if the bytes before address look like a call. target may be NULL; it is
 * set to the function that is called, or 0 if that is unknown. See call.c. */
bool symbols_call_before(struct symbols *symbols, uint64_t address, uint64_t *target);
/* Finds a function that was called before back and then jumped to the function of inner.
 * It has no address, because its frame is gone. Returns false if inner was called
 * directly or it is unknown. */
bool symbols_tail_called(struct symbols *symbols, uint64_t inner, bool inner_after_call,
			 uint64_t back, struct frame *out);
/* Sets the library flag of a module's frames, if their names and files do not tell; see
 * name.c. */
void symbols_mark_library(struct symbols *symbols, Dwfl_Module *mod, struct frame *frames,
			  size_t count);
/* Adds frames from the debug information; [0] has address and function. See line.c. */
size_t symbols_lines(struct symbols *symbols, Dwfl_Module *mod, uint64_t address,
		     struct frame *frames, size_t max);
/* Returns the compile unit that contains address, or NULL. bias: what is added to the
 * addresses in the debug information; see line.c. */
Dwarf_Die *symbols_unit(struct symbols *symbols, Dwfl_Module *mod, uint64_t address,
			Dwarf_Addr *bias);
void symbols_units_release(struct symbols *symbols);
void symbols_line_units_release(struct symbols *symbols);
/* Returns the function that contains pc and the functions inlined there, outermost first,
 * or none if max is below 2. See scope.c. */
size_t symbols_scopes(struct symbols *symbols, Dwarf_Die *unit, uint64_t pc,
		      Dwarf_Die *out, size_t max);
void symbols_scopes_release(struct symbols *symbols);
/* Names frames of stripped libraries that can be recognised by their position on the
 * stack; see place.c. */
void symbols_name_places(struct symbols *symbols, struct frame *frames, size_t count);
/* Returns the source form of a symbol name, interned; see text.c. */
const char *symbols_readable(struct symbols *symbols, const char *name);
/* Joins folder and file; folder may be NULL. Returns NULL if there is no file. */
const char *symbols_source_file(struct symbols *symbols, const char *file,
				const char *folder);
/* Returns true for frames of the agent itself, except for functions that a program calls.
 * */
bool symbols_is_monitor(struct symbols *symbols, const struct frame *frame);
/* Returns the start of the function at address from the unwind tables, or 0 if unknown.
 * */
uint64_t symbols_function_start(struct symbols *symbols, Dwfl_Module *mod,
				uint64_t address);
/* How much stack a function uses below its frame pointer at some place of it. */
struct prologue {
	uint64_t room;
	uint64_t slack; /* at most this much more, because it aligns the stack pointer */
	bool exact;     /* if false, room is a minimum */
};
/* Returns false unless the function at start begins by setting up a frame pointer. pc is the
 * place in it, after a call. */
bool symbols_prologue(struct symbols *symbols, uint64_t start, uint64_t pc,
		      struct prologue *out);
/* Returns true if the function of pc may start at target. start is its known start, or 0.
 * */
bool symbols_may_start(uint64_t target, uint64_t start, uint64_t pc);
/* Returns 1 if the call before back went to the function of inner, -1 if it went to
 * another function, and 0 if that is unknown. */
int symbols_call_fits(struct symbols *symbols, uint64_t inner, bool inner_after_call,
		      uint64_t back);
/* Call before the first walk, and again after the modules were discarded. Returns false
 * on failure. */
bool unwind_attach_process(struct symbols *symbols);
/* Sets the job's pcs, and whole. */
void unwind_walk(struct symbols *symbols, struct unwind_job *job);
/* Reads a word of the stack and remembers it for the recipe. */
bool unwind_read(struct unwind_job *job, uint64_t address, uint64_t *word);
/* Steps from job->at to its caller by the instructions of its function; see
 * unwind_plain.c. */
bool unwind_plain_step(struct symbols *symbols, struct unwind_job *job);
bool unwind_lacks_tables(const struct symbols *symbols, uint64_t pc, bool after_call);
/* Replaces a chain that ended early for lack of a frame pointer by a longer one, if any.
 * */
void unwind_repair(struct symbols *symbols, struct unwind_job *job);
/* Returns the result of an earlier unwinding of an identical stack, or NULL; see
 * unwind_recipe.c. */
const struct stack *unwind_recipe_find(struct symbols *symbols,
				       const struct unwind_start *start);
void unwind_recipe_keep(struct symbols *symbols, const struct unwind_job *job,
			const struct stack *stack);
void unwind_recipes_release(struct symbols *symbols);

#endif
