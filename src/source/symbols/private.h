/* SPDX-License-Identifier: MIT */
/* What the files that name addresses and unwind stacks share. */
#ifndef SOURCE_SYMBOLS_PRIVATE_H
#define SOURCE_SYMBOLS_PRIVATE_H

#include <elfutils/libdwfl.h>
#include <uthash.h>

#include "source/elf/open.h"
#include "source/symbols/perf_map.h"
#include "source/symbols/symbols.h"

#define SYMBOLS_INLINES_MAX 24u

#define UNWIND_SAVED        6u /* registers that a function leaves as they were */

/* From an address to its function's return, by the instructions between. */
struct unwind_way {
	bool known; /* it was looked for */
	bool found;
	bool by_frame; /* what follows counts from the frame pointer, not the stack pointer */
	int32_t back;               /* to the return address */
	int32_t from[UNWIND_SAVED]; /* to what registers are taken from; INT32_MIN: not */
};

/* A frame to go on from. */
struct unwind_place {
	uint64_t pc, sp;
	bool after_call;
	bool has_saved[UNWIND_SAVED];
	uint64_t saved[UNWIND_SAVED];
};

/* What is known of an address; frames follow. */
struct symbol_entry {
	uint64_t key;          /* address, shifted; lowest bit: it is a return address */
	uint64_t start;        /* of the function; 0: not known */
	uint64_t callee_start; /* of what the call before a return address calls */
	const char *callee;    /* its name; NULL: not known */
	bool callee_library;   /* as in struct frame */
	bool callee_known;     /* it was looked for */
	const struct stack *site;
	bool site_made;
	bool outside; /* of every module */
	bool root;    /* unwinding ends here by the unwind tables */
	bool root_known;
	bool lacks_tables; /* no unwind table has it; where root_known */
	struct unwind_way way;
	uint32_t nr_frames;
	UT_hash_handle hh;
	struct frame frames[];
};

/* A word of the copied stack that libdwfl asked for. */
struct unwind_read {
	uint64_t word;
	uint32_t offset;
};
#define UNWIND_READS_MAX 768u

struct unwind_chunk {
	uint64_t address;
	int64_t bytes; /* < 0: not readable */
	uint8_t data[4096];
};
#define UNWIND_CHUNKS_MAX 64u
#define UNWIND_STACK_MAX  16384u

/* One unwinding under way; libdwfl calls back with it. */
struct unwind_job {
	struct symbols *symbols;
	const struct unwind_start *start;
	uint64_t frame_pointer; /* a guess, where has_frame_pointer */
	bool has_frame_pointer;
	size_t nr_pcs;
	uint64_t pcs[SNAPSHOT_FRAMES_MAX];
	bool after_call[SNAPSHOT_FRAMES_MAX]; /* false also where a signal came in */
	struct unwind_place at; /* of the last of them that was reached without tables */
	bool first;             /* of those that libdwfl shows */
	bool tables_only;       /* go on where there are none */
	bool stopped;           /* at one without */
	bool whole;             /* they reach the outermost frame */
	bool full;              /* more frames than pcs hold */
	uint32_t nr_reads;
	bool elsewhere; /* words were read that are not among reads */
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
	Elf *exe; /* made of that; for its machine */
	bool attached;
	bool reported;
	int64_t reported_at_ns;
	int64_t report_wait_ns; /* until the modules may be reported again */
	int64_t deadline_ns;
	struct symbol_entry *entries;
	size_t nr_entries;
	struct unwind_recipe *recipes;
	size_t recipe_bytes;
	struct unwind_job *job;      /* of the callbacks */
	struct unwind_chunk *chunks; /* of the job */
	size_t nr_chunks;
	uint8_t *stack_bytes;     /* UNWIND_STACK_MAX */
	struct unit_table *units; /* of modules whose debug information has no index */
	struct line_unit *line_units;
	struct unit_index *indexes; /* functions of units; hash */
	struct debuginfod *fetch;   /* NULL: no server is configured */
	struct perf_map
		*perf_map;   /* of code that belongs to no module; NULL: no memory */
	int64_t begun_at_ns; /* when it was restarted because of that */
	uint32_t generation;
	Dwfl_Module *agent_asked;        /* whether it holds the agent was asked … */
	bool agent_answer;               /* … and answered */
	const struct stack_rules *rules; /* the user's, or NULL; not owned */
};

/* libdwfl's callbacks; file.c. */
int symbols_find_elf(Dwfl_Module *mod, void **userdata, const char *module_name,
		     Dwarf_Addr base, char **file_name, Elf **elf);
int symbols_find_debuginfo(Dwfl_Module *mod, void **userdata, const char *module_name,
			   Dwarf_Addr base, const char *file_name, const char *link,
			   GElf_Word crc, char **found);
/* Report the modules of the process, at first or again when an address lies outside all.
 * Returns the module that holds address, or NULL. */
Dwfl_Module *symbols_module(struct symbols *symbols, uint64_t address);
/* The same among those that are known: none is looked for, and no entry is freed. */
Dwfl_Module *symbols_module_at(const struct symbols *symbols, uint64_t address);
/* module.c: look at the maps again; frees all entries and recipes. */
void symbols_report(struct symbols *symbols);
/* Whether it is time to, where an address lies outside of every module. */
bool symbols_report_due(const struct symbols *symbols);
void symbols_entries_release(struct symbols *symbols);
/* What is known of an address; found now if it was not. NULL: no memory. */
struct symbol_entry *symbols_entry(struct symbols *symbols, uint64_t address,
				   bool after_call);
bool symbols_known(struct symbols *symbols, uint64_t address, bool after_call);
/* Whether the unwind tables say that nothing called this. */
bool symbols_is_root(struct symbols *symbols, uint64_t address, bool after_call);
/* Frames at an address from the symbol table and the debug information, and where the
 * function starts; name.c. */
size_t symbols_name(struct symbols *symbols, uint64_t address, bool after_call,
		    struct frame *out, size_t max, uint64_t *start);
/* Whether the instruction before address is a call, as far as its bytes can say. target may
 * be NULL; it becomes what is called, 0 if that cannot be said. call.c. */
bool symbols_call_before(struct symbols *symbols, uint64_t address, uint64_t *target);
/* The function that was called before back and ended in a jump to another, which inner
 * belongs to; it has no address, as its frame is gone. False: inner was called itself, or
 * nobody can say. */
bool symbols_tail_called(struct symbols *symbols, uint64_t inner, bool inner_after_call,
			 uint64_t back, struct frame *out);
/* Sets whether frames of a module are of a library, where name and file do not tell;
 * name.c. */
void symbols_mark_library(struct symbols *symbols, Dwfl_Module *mod, struct frame *frames,
			  size_t count);
/* Frames from the debug information: [0] holds address and function. line.c. */
size_t symbols_lines(struct symbols *symbols, Dwfl_Module *mod, uint64_t address,
		     struct frame *frames, size_t max);
void symbols_units_release(struct symbols *symbols);
void symbols_line_units_release(struct symbols *symbols);
/* The function that holds pc, then what is inlined there, from the outside in; none if max
 * is below 2. scope.c. */
size_t symbols_scopes(struct symbols *symbols, Dwarf_Die *unit, uint64_t pc,
		      Dwarf_Die *out, size_t max);
void symbols_scopes_release(struct symbols *symbols);
/* Names for frames of stripped libraries that their place on the stack tells;
 * place.c. */
void symbols_name_places(struct symbols *symbols, struct frame *frames, size_t count);
/* Interned; text.c. */
const char *symbols_readable(struct symbols *symbols, const char *name);
/* folder: that file is relative to; may be NULL. NULL if there is no file. */
const char *symbols_source_file(struct symbols *symbols, const char *file,
				const char *folder);
/* The agent's own frame, but for the functions that a program calls. */
bool symbols_is_monitor(struct symbols *symbols, const struct frame *frame);
/* Where the function at address starts by the unwind tables, 0 if they do not say. */
uint64_t symbols_function_start(struct symbols *symbols, Dwfl_Module *mod,
				uint64_t address);
/* What a function takes from the stack below its frame pointer. */
struct prologue {
	uint64_t room;
	uint64_t slack; /* it rounds down, so that it may be as much more */
	bool exact;     /* false: at least room */
};
/* False if the function at start sets up no frame pointer as its first deed. */
bool symbols_prologue(struct symbols *symbols, uint64_t start, struct prologue *out);
/* Whether the function of pc, which starts at start (0: not known), may start at target. */
bool symbols_may_start(uint64_t target, uint64_t start, uint64_t pc);
/* 1: the call before back went to the function of inner; -1: to another; 0: nobody can
 * say. */
int symbols_call_fits(struct symbols *symbols, uint64_t inner, bool inner_after_call,
		      uint64_t back);
/* Before the first walk, and after the modules were forgotten. False: it cannot be. */
bool unwind_attach(struct symbols *symbols);
/* Fills the job's pcs, and whole. */
void unwind_walk(struct symbols *symbols, struct unwind_job *job);
/* A word of the stack, remembered for the recipe. */
bool unwind_read(struct unwind_job *job, uint64_t address, uint64_t *word);
/* From job->at to its caller by the instructions of its function; unwind_plain.c. */
bool unwind_plain_step(struct symbols *symbols, struct unwind_job *job);
bool unwind_lacks_tables(const struct symbols *symbols, uint64_t pc, bool after_call);
/* Whether the thread or process ends when the call before pc returns. */
bool unwind_ends_thread(struct symbols *symbols, uint64_t pc);
/* For a chain that ended early for want of the frame pointer: a longer one if there is. */
void unwind_repair(struct symbols *symbols, struct unwind_job *job);
/* Stacks that were unwound before; NULL: none like this one. unwind_recipe.c. */
const struct stack *unwind_recipe_find(struct symbols *symbols,
				       const struct unwind_start *start);
void unwind_recipe_keep(struct symbols *symbols, const struct unwind_job *job,
			const struct stack *stack);
void unwind_recipes_release(struct symbols *symbols);

#endif
