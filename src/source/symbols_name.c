/* SPDX-License-Identifier: MIT */
/* Function, file and line of an address, and which frames are the monitor's own. */
#include <string.h>

#include "source/symbols_private.h"

/* Whether the module's file is called like one of these. */
static bool module_is(Dwfl_Module *mod, const char *const *names, size_t nr_names)
{
	const char *path =
		dwfl_module_info(mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	const char *slash = path ? strrchr(path, '/') : NULL;

	for (size_t i = 0; slash && i < nr_names; i++)
		if (strncmp(slash + 1, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The C library's lines are of little use, and its debug information takes 14 MB here. */
static bool names_only(Dwfl_Module *mod)
{
	static const char *const libraries[] = {"libc.so", "libc-2", "libpthread",
						"ld-linux"};

	return module_is(mod, libraries, sizeof(libraries) / sizeof(libraries[0]));
}

/* An agent that was linked in: asked once, and only if a file's name suggests it. */
static bool has_agent(struct symbols *symbols, Dwfl_Module *mod)
{
	if (symbols->agent_asked == mod)
		return symbols->agent_answer;
	int count = dwfl_module_getsymtab(mod);
	bool found = false;
	GElf_Sym sym;

	for (int i = 0; i < count && !found; i++) {
		const char *name = dwfl_module_getsym(mod, i, &sym, NULL);

		found = name && strcmp(name, "grmon_start") == 0;
	}
	symbols->agent_asked = mod;
	symbols->agent_answer = found;
	return found;
}

bool symbols_is_monitor(struct symbols *symbols, const struct frame *frame)
{
	static const char *const library[] = {"libgrmon.so"};
	Dwfl_Module *mod;

	/* What the program called is its own doing. */
	if (frame->function && strncmp(frame->function, "grmon_", 6) == 0)
		return false;
	mod = dwfl_addrmodule(symbols->dwfl, frame->address);
	if (!mod)
		return false;
	return module_is(mod, library, 1) ||
	       (frame->file && strstr(frame->file, "src/agent/") &&
		has_agent(symbols, mod));
}

size_t symbols_name(struct symbols *symbols, uint64_t address, bool after_call,
		    struct frame *out, size_t max)
{
	uint64_t lookup = address - (after_call ? 1 : 0);
	Dwfl_Module *mod = symbols_module(symbols, lookup);
	GElf_Off offset;
	GElf_Sym sym;

	if (max == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	out->address = address;
	if (!mod)
		return 1;
	const char *name =
		dwfl_module_addrinfo(mod, lookup, &offset, &sym, NULL, NULL, NULL);

	if (name && name[0])
		out->function = symbols_readable(symbols, name);
	return names_only(mod) ? 1 : symbols_lines(symbols, mod, lookup, out, max);
}
