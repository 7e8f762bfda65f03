/* SPDX-License-Identifier: MIT */
/* Holds the state that names a process's addresses and unwinds its stacks. */
#include "source/symbols/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/symbols/debuginfod.h"
#include "source/symbols/private.h"

struct symbols *symbols_new(struct kernel *kernel, struct intern *intern,
			    struct stack_table *stacks)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->kernel = kernel;
	symbols->intern = intern;
	symbols->stacks = stacks;
	elf_opener_init(&symbols->files);
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

/* Discards everything that was cached. */
static void discard_cache(struct symbols *symbols)
{
	symbols_entries_release(symbols);
	unwind_recipes_release(symbols);
	symbols_units_release(symbols);
	symbols->agent_asked = NULL;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	discard_cache(symbols);
	symbols_line_units_release(symbols);
	if (symbols->dwfl)
		dwfl_end(symbols->dwfl);
	elf_opener_release(&symbols->files);
	debuginfod_free(symbols->fetch);
	perf_map_free(symbols->perf_map);
	if (symbols->exe)
		elf_end(symbols->exe);
	free(symbols->stack_bytes);
	free(symbols->chunks);
	free(symbols);
}

/* Restarts libdwfl when debug information has arrived: existing modules do not search
 * again. */
static void restart_libdwfl(struct symbols *symbols)
{
	Dwfl *dwfl = dwfl_begin(&symbols->callbacks);

	if (!dwfl)
		return;
	discard_cache(symbols);
	dwfl_end(symbols->dwfl);
	symbols->dwfl = dwfl;
	symbols->attached = false;
	symbols->reported = false;
	symbols->generation++;
	symbols->epoch++;
}

void symbols_begin_poll(struct symbols *symbols, int64_t budget_ns)
{
	if (!symbols)
		return;
	symbols->deadline_ns = clock_mono_ns() + budget_ns;
	file_budget_begin_sample(&symbols->files.budget);
	if (symbols->deadline_ns - budget_ns - symbols->begun_at_ns > CLOCK_SECOND_NS &&
	    debuginfod_arrived(symbols->fetch)) {
		symbols->begun_at_ns = symbols->deadline_ns - budget_ns;
		restart_libdwfl(symbols);
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

void symbols_notes(const struct symbols *symbols, struct snapshot *out)
{
	if (symbols && symbols->files.budget.note[0])
		snapshot_note(out, "%s", symbols->files.budget.note);
}
