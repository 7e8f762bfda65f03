/* SPDX-License-Identifier: MIT */
/* The files that a process has mapped, as reported to libdwfl. */
#include <stdlib.h>

#include "base/clock.h"
#include "source/symbols/private.h"

#define MODULE_LIKELY   (1ull << 30)           /* bytes; a larger module is verified */
#define REPORT_WAIT_NS  (CLOCK_SECOND_NS / 10) /* doubles up to … */
#define REPORT_WAIT_MAX (5 * CLOCK_SECOND_NS)
#define REPORT_SHARE    50 /* … and is at least this many times a report's duration */

void symbols_entries_release(struct symbols *symbols)
{
	struct symbol_entry *entry, *next;

	HASH_ITER (hh, symbols->entries, entry, next) {
		HASH_DEL(symbols->entries, entry);
		free(entry);
	}
	symbols->entries = NULL;
	symbols->nr_entries = 0;
}

static int own_module(Dwfl_Module *mod, void **userdata, const char *name,
		      Dwarf_Addr start, void *arg)
{
	(void)mod, (void)name, (void)start;
	*userdata = arg;
	return DWARF_CB_OK;
}

void symbols_report_modules(struct symbols *symbols)
{
	symbols->reported_at_ns = clock_mono_ns();
	symbols->epoch++;
	symbols_units_release(symbols);
	symbols->agent_asked = NULL;
	dwfl_report_begin(symbols->dwfl);
	dwfl_linux_proc_report(symbols->dwfl, symbols->kernel->process.alive);
	dwfl_report_end(symbols->dwfl, NULL, NULL);
	dwfl_getmodules(symbols->dwfl, own_module, symbols, 0);
	if (symbols->reported) {
		symbols_entries_release(symbols);
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

bool symbols_modules_due(const struct symbols *symbols)
{
	return !symbols->reported ||
	       clock_mono_ns() - symbols->reported_at_ns >= symbols->report_wait_ns;
}

/* A program may map its own file a second time, as node does. libdwfl then counts
 * everything in between as part of the module, including generated code. */
static bool in_segment(Dwfl_Module *mod, uint64_t address)
{
	GElf_Addr bias = 0;
	Elf *elf = dwfl_module_getelf(mod, &bias);
	size_t nr = 0;

	if (!elf || elf_getphdrnum(elf, &nr) != 0 || nr == 0)
		return true; /* unknown */
	for (size_t i = 0; i < nr; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
		    address - bias - segment.p_vaddr < segment.p_memsz)
			return true;
	}
	return false;
}

/* libdwfl counts the gap between a module and the next one as part of the module. */
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
		symbols_report_modules(symbols);
	Dwfl_Module *mod = symbols_module_at(symbols, address);

	if (mod || !symbols_modules_due(symbols))
		return mod;
	/* A module may have been loaded since. */
	symbols_report_modules(symbols);
	return symbols_module_at(symbols, address);
}

bool unwind_lacks_tables(const struct symbols *symbols, uint64_t pc, bool after_call)
{
	uint64_t key = pc << 1 | after_call;
	const struct symbol_entry *entry;
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr bias = 0;
	Dwfl_Module *mod;
	Dwarf_CFI *cfi;

	/* symbols_entry() could report modules again while libdwfl uses some of them. */
	HASH_FIND(hh, symbols->entries, &key, sizeof(key), entry);
	if (entry && entry->root_known)
		return entry->lacks_tables;
	mod = symbols_module_at(symbols, pc - after_call);
	if (!mod)
		return false;
	cfi = dwfl_module_eh_cfi(mod, &bias);
	if (cfi && dwarf_cfi_addrframe(cfi, pc - bias - after_call, &frame) == 0) {
		free(frame);
		return false;
	}
	cfi = dwfl_module_dwarf_cfi(mod, &bias);
	if (cfi && dwarf_cfi_addrframe(cfi, pc - bias - after_call, &frame) == 0) {
		free(frame);
		return false;
	}
	return true;
}
