/* SPDX-License-Identifier: MIT */
/* The modules of a process, and what is known of its addresses. */
#include "source/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/debuginfod.h"
#include "source/hotspot.h"
#include "source/symbols_private.h"

#define ENTRIES_MAX     65536u
#define MODULE_LIKELY   (1ull << 30)           /* bytes; a larger one is looked at */
#define REPORT_WAIT_NS  (CLOCK_SECOND_NS / 10) /* doubles up to … */
#define REPORT_WAIT_MAX (5 * CLOCK_SECOND_NS)
#define REPORT_SHARE    50 /* … and is at least as many times what reporting takes */
#if defined(__x86_64__)
#define DWARF_RETURN_REGISTER 16
#else
#define DWARF_RETURN_REGISTER 30
#endif

struct symbols *symbols_new(struct kernel *kernel, struct intern *intern,
			    struct stack_table *stacks)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->kernel = kernel;
	symbols->intern = intern;
	symbols->stacks = stacks;
	symbols->callbacks.find_elf = symbols_find_elf;
	symbols->callbacks.find_debuginfo = symbols_find_debuginfo;
	symbols->callbacks.debuginfo_path = &symbols->debuginfo_path;
	symbols->stack_bytes = malloc(UNWIND_STACK_MAX);
	symbols->chunks = malloc(UNWIND_CHUNKS_MAX * sizeof(*symbols->chunks));
	symbols->dwfl = dwfl_begin(&symbols->callbacks);
	symbols->fetch = debuginfod_new();
	symbols->perf_map = perf_map_new(kernel);
	if (!symbols->stack_bytes || !symbols->chunks || !symbols->dwfl) {
		symbols_free(symbols);
		return NULL;
	}
	return symbols;
}

static void entries_release(struct symbols *symbols)
{
	struct symbol_entry *entry, *next;

	HASH_ITER (hh, symbols->entries, entry, next) {
		HASH_DEL(symbols->entries, entry);
		free(entry);
	}
	symbols->entries = NULL;
	symbols->nr_entries = 0;
}

/* All that was learnt. */
static void forget(struct symbols *symbols)
{
	entries_release(symbols);
	unwind_recipes_release(symbols);
	symbols_units_release(symbols);
	symbols->agent_asked = NULL;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	forget(symbols);
	if (symbols->dwfl)
		dwfl_end(symbols->dwfl);
	debuginfod_free(symbols->fetch);
	perf_map_free(symbols->perf_map);
	hotspot_free(symbols->hotspot);
	if (symbols->exe)
		elf_end(symbols->exe);
	free(symbols->stack_bytes);
	free(symbols->chunks);
	free(symbols);
}

/* Debug information came: modules that had none look for it only when they are new. */
static void start_anew(struct symbols *symbols)
{
	Dwfl *dwfl = dwfl_begin(&symbols->callbacks);

	if (!dwfl)
		return;
	forget(symbols);
	dwfl_end(symbols->dwfl);
	symbols->dwfl = dwfl;
	symbols->attached = false;
	symbols->reported = false;
	symbols->generation++;
}

void symbols_begin_poll(struct symbols *symbols, int64_t budget_ns)
{
	if (!symbols)
		return;
	symbols->deadline_ns = clock_mono_ns() + budget_ns;
	if (symbols->deadline_ns - budget_ns - symbols->begun_at_ns > CLOCK_SECOND_NS &&
	    debuginfod_arrived(symbols->fetch)) {
		symbols->begun_at_ns = symbols->deadline_ns - budget_ns;
		start_anew(symbols);
	}
}

uint32_t symbols_generation(const struct symbols *symbols)
{
	return symbols ? symbols->generation : 0;
}

bool symbols_time_left(const struct symbols *symbols)
{
	return symbols && clock_mono_ns() < symbols->deadline_ns;
}

static int own_module(Dwfl_Module *mod, void **userdata, const char *name,
		      Dwarf_Addr start, void *arg)
{
	(void)mod, (void)name, (void)start;
	*userdata = arg;
	return DWARF_CB_OK;
}

static void report(struct symbols *symbols)
{
	symbols->reported_at_ns = clock_mono_ns();
	symbols_units_release(symbols);
	symbols->agent_asked = NULL;
	dwfl_report_begin(symbols->dwfl);
	dwfl_linux_proc_report(symbols->dwfl, symbols->kernel->alive);
	dwfl_report_end(symbols->dwfl, NULL, NULL);
	dwfl_getmodules(symbols->dwfl, own_module, symbols, 0);
	if (symbols->reported) {
		entries_release(symbols);
		unwind_recipes_release(symbols);
	}
	symbols->reported = true;
	int64_t took_ns = clock_mono_ns() - symbols->reported_at_ns;

	symbols->report_wait_ns *= 2;
	if (symbols->report_wait_ns < REPORT_WAIT_NS)
		symbols->report_wait_ns = REPORT_WAIT_NS;
	if (symbols->report_wait_ns > REPORT_WAIT_MAX)
		symbols->report_wait_ns = REPORT_WAIT_MAX;
	if (symbols->report_wait_ns < took_ns * REPORT_SHARE)
		symbols->report_wait_ns = took_ns * REPORT_SHARE;
}

static bool report_due(const struct symbols *symbols)
{
	return !symbols->reported ||
	       clock_mono_ns() - symbols->reported_at_ns >= symbols->report_wait_ns;
}

/* A program may map its own file a second time, as node does: for libdwfl all that lies
 * between is the module, code that was made in memory among it. */
static bool in_segment(Dwfl_Module *mod, uint64_t address)
{
	GElf_Addr bias = 0;
	Elf *elf = dwfl_module_getelf(mod, &bias);
	size_t nr = 0;

	if (!elf || elf_getphdrnum(elf, &nr) != 0 || nr == 0)
		return true; /* nobody can say */
	for (size_t i = 0; i < nr; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
		    address - bias - segment.p_vaddr < segment.p_memsz)
			return true;
	}
	return false;
}

/* libdwfl takes what lies behind a module for a part of it, up to the next one. */
Dwfl_Module *symbols_module_at(const struct symbols *symbols, uint64_t address)
{
	Dwfl_Module *mod = dwfl_addrmodule(symbols->dwfl, address);
	Dwarf_Addr start, end;

	if (!mod)
		return NULL;
	dwfl_module_info(mod, NULL, &start, &end, NULL, NULL, NULL, NULL);
	return address >= start && address < end &&
			       (end - start < MODULE_LIKELY || in_segment(mod, address))
		       ? mod
		       : NULL;
}

Dwfl_Module *symbols_module(struct symbols *symbols, uint64_t address)
{
	if (!symbols->reported)
		report(symbols);
	Dwfl_Module *mod = symbols_module_at(symbols, address);

	if (mod || !report_due(symbols))
		return mod;
	/* Something may have been loaded since. */
	report(symbols);
	return symbols_module_at(symbols, address);
}

static uint64_t entry_key(uint64_t address, bool after_call)
{
	return address << 1 | after_call;
}

bool symbols_known(struct symbols *symbols, uint64_t address, bool after_call)
{
	uint64_t key = entry_key(address, after_call);
	struct symbol_entry *entry;

	HASH_FIND(hh, symbols->entries, &key, sizeof(key), entry);
	return entry != NULL;
}

struct symbol_entry *symbols_entry(struct symbols *symbols, uint64_t address,
				   bool after_call)
{
	uint64_t key = entry_key(address, after_call);
	struct frame frames[SYMBOLS_INLINES_MAX];
	struct symbol_entry *entry;

	HASH_FIND(hh, symbols->entries, &key, sizeof(key), entry);
	/* What lay outside of every module may have been loaded since. */
	if (entry && !(entry->outside && report_due(symbols)))
		return entry;
	if (entry)
		report(symbols);
	if (symbols->nr_entries >= ENTRIES_MAX)
		entries_release(symbols);
	uint64_t start = 0;
	size_t count = symbols_name(symbols, address, after_call, frames,
				    SYMBOLS_INLINES_MAX, &start);

	entry = calloc(1, sizeof(*entry) + count * sizeof(frames[0]));
	if (!entry)
		return NULL;
	entry->key = key;
	entry->start = start;
	entry->nr_frames = (uint32_t)count;
	memcpy(entry->frames, frames, count * sizeof(frames[0]));
	entry->outside = !symbols_module_at(symbols, address - after_call);
	HASH_ADD(hh, symbols->entries, key, sizeof(entry->key), entry);
	symbols->nr_entries++;
	return entry;
}

size_t symbols_frames(struct symbols *symbols, uint64_t address, bool after_call,
		      struct frame *out, size_t max)
{
	const struct symbol_entry *entry = symbols_entry(symbols, address, after_call);
	size_t count = entry ? entry->nr_frames : 0;

	if (count > max)
		count = max;
	if (count)
		memcpy(out, entry->frames, count * sizeof(*out));
	return count;
}

const struct stack *symbols_site(struct symbols *symbols, uint64_t address)
{
	if (!address)
		return NULL;
	if (!symbols_known(symbols, address, true) && !symbols_time_left(symbols))
		return NULL;
	struct symbol_entry *entry = symbols_entry(symbols, address, true);

	if (!entry)
		return NULL;
	if (!entry->site_made) {
		entry->site = stack_intern(symbols->stacks, entry->frames,
					   entry->nr_frames, true);
		entry->site_made = true;
	}
	return entry->site;
}

bool symbols_is_root(struct symbols *symbols, uint64_t address, bool after_call)
{
	struct symbol_entry *entry = symbols_entry(symbols, address, after_call);
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr bias = 0;
	Dwarf_Op memory[3];
	Dwarf_Op *ops;
	size_t nr_ops;

	if (!entry)
		return false;
	if (entry->root_known)
		return entry->root;
	entry->root_known = true;
	/* Not symbols_module(): a new report would free the entry. */
	Dwfl_Module *mod = symbols_module_at(symbols, address - after_call);
	Dwarf_CFI *cfi = mod ? dwfl_module_eh_cfi(mod, &bias) : NULL;

	if (!cfi || dwarf_cfi_addrframe(cfi, address - bias - after_call, &frame) != 0)
		cfi = mod ? dwfl_module_dwarf_cfi(mod, &bias) : NULL;
	if (!frame && (!cfi || dwarf_cfi_addrframe(cfi, address - bias - after_call,
						   &frame) != 0)) {
		entry->lacks_tables = mod != NULL;
		entry->root = mod && after_call && unwind_ends_thread(symbols, address);
		return entry->root;
	}
	/* "Undefined", told from "same value" by where ops points. */
	entry->root = dwarf_frame_register(frame, DWARF_RETURN_REGISTER, memory, &ops,
					   &nr_ops) == 0 &&
		      nr_ops == 0 && ops == memory;
	free(frame);
	return entry->root;
}
