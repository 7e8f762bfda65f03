/* SPDX-License-Identifier: MIT */
/* See locals.h. Keeps what was found, until the debug information goes away or there is
 * too much of it. */
#include "source/go/locals/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ARENA_BEGIN_MAX (GO_LOCALS_BYTES_MAX / 2) /* more is left for one look */

struct go_locals *go_locals_new(struct symbols *symbols, struct go_types *types,
				struct go_module *module)
{
	struct go_locals *locals = calloc(1, sizeof(*locals));

	if (!locals)
		return NULL;
	locals->symbols = symbols;
	locals->types = types;
	locals->module = module;
	arena_init(&locals->arena, GO_LOCALS_BYTES_MAX);
	return locals;
}

/* The elements of both tables are in the arena. */
static void forget(struct go_locals *locals)
{
	HASH_CLEAR(hh, locals->scopes);
	local_types_forget(locals);
	arena_release(&locals->arena);
	arena_init(&locals->arena, GO_LOCALS_BYTES_MAX);
}

void go_locals_free(struct go_locals *locals)
{
	if (!locals)
		return;
	forget(locals);
	free(locals);
}

void go_locals_begin(struct go_locals *locals)
{
	int64_t begin_ns = clock_mono_ns();
	struct symbols_function ignored;

	/* This reads the modules of the process and opens the debug information, so that
	 * neither happens, and changes what is known, during the look. */
	symbols_function(locals->symbols, locals->module->table.min_pc, &ignored);
	if (!locals->opened)
		locals->opened_ns = clock_mono_ns() - begin_ns;
	locals->opened = true;
	if (locals->epoch != symbols_epoch(locals->symbols) ||
	    locals->arena.used_bytes > ARENA_BEGIN_MAX)
		forget(locals);
	locals->epoch = symbols_epoch(locals->symbols);
}

const struct go_locals_scope *go_locals_at(struct go_locals *locals, uint64_t pc)
{
	struct local_scope *known;

	HASH_FIND(hh, locals->scopes, &pc, sizeof(pc), known);
	if (known)
		return known->found ? &known->scope : NULL;
	known = arena_alloc(&locals->arena, sizeof(*known));
	if (!known)
		return NULL;
	known->pc = pc;
	known->found = local_scope_read(locals, pc, &known->scope);
	HASH_ADD(hh, locals->scopes, pc, sizeof(pc), known);
	return known->found ? &known->scope : NULL;
}

int64_t go_locals_opened_ns(const struct go_locals *locals)
{
	return locals->opened_ns;
}
