/* SPDX-License-Identifier: MIT */
/* Collects the Go modules of a process: the executable, or the first Go library if the
 * executable is not Go, and plugins. */
#include <stdlib.h>

#include "source/go/library.h"
#include "source/go/module.h"

static uint64_t base_of(const struct go_elf *elf)
{
	return elf->nr_segments > 0 ? elf->segments[0].start & ~4095ull : 0;
}

bool go_program_runs_go(struct memory *mem, struct err *e)
{
	struct go_elf elf;

	if (go_elf_read(&elf, mem, e))
		return false;
	if (go_module_find_table(&elf, mem))
		return true;
	err_set(e, ERR_UNSUPPORTED,
		"process %d is not a Go program (1.16 or later, x86-64)",
		(int)mem->process.pid);
	return false;
}

bool go_program_loads_go(struct memory *mem)
{
	uint64_t bases[GO_LIBRARIES_MAX];

	return go_libraries_find(mem, 0, bases) > 0;
}

bool go_program_is_go(struct memory *mem, struct err *e)
{
	if (!go_program_runs_go(mem, e) && !go_program_loads_go(mem))
		return false;
	err_clear(e);
	return true;
}

int go_program_read(struct go_module *module, struct go_elf *elf, struct memory *mem,
		    struct err *e)
{
	uint64_t bases[GO_LIBRARIES_MAX];
	struct go_elf library;
	struct err ignored;
	size_t nr;
	int rc = go_elf_read(elf, mem, e);

	if (!rc)
		rc = go_module_read(module, elf, mem, e);
	if (rc != ERR_UNSUPPORTED)
		return rc;
	nr = go_libraries_find(mem, base_of(elf), bases);
	for (size_t i = 0; i < nr; i++) {
		if (!go_library_read(&library, mem, bases[i]))
			continue;
		go_module_release(module);
		err_clear(&ignored);
		if (go_module_read(module, &library, mem, &ignored))
			continue;
		err_clear(e);
		*elf = library;
		module->library = true;
		return 0;
	}
	return rc;
}

static bool is_known(const struct go_module *module, const struct go_module *other)
{
	for (; module; module = module->next)
		if (module->pclntab == other->pclntab)
			return true;
	return false;
}

bool go_module_read_more(struct go_module *module, const struct go_elf *elf,
			 struct memory *mem)
{
	uint64_t bases[GO_LIBRARIES_MAX];
	size_t nr = go_libraries_find(mem, base_of(elf), bases);
	struct go_module *last = module;
	bool added = false;

	for (size_t i = 0; i < nr; i++) {
		struct go_module *more = calloc(1, sizeof(*more));
		struct go_elf library;
		struct err ignored;

		err_clear(&ignored);
		if (!more || !go_library_read(&library, mem, bases[i]) ||
		    go_module_read(more, &library, mem, &ignored) ||
		    is_known(module, more)) {
			if (more)
				go_module_release(more);
			free(more);
			continue;
		}
		more->wrapper_id = module->wrapper_id;
		while (last->next)
			last = last->next;
		last->next = more;
		added = true;
	}
	return added;
}
