/* SPDX-License-Identifier: MIT */
/* Finds function, file and line of an address, and recognises the monitor's own frames.
 * */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "source/symbols/private.h"

/* Returns true if the name of the module's file begins with one of these. */
static bool module_is(Dwfl_Module *mod, const char *const *names, size_t nr_names)
{
	const char *path =
		dwfl_module_info(mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	const char *slash = path ? strrchr(path, '/') : NULL;

	for (size_t i = 0; slash && i < nr_names; i++)
		if (text_starts_with(slash + 1, names[i]))
			return true;
	return false;
}

/* Of the C library, only names are read: its line numbers are of little use, and its debug
 * information takes 14 MB. */
static bool is_libc(Dwfl_Module *mod)
{
	static const char *const libraries[] = {"libc.so", "libc-2", "libpthread",
						"ld-linux"};

	return module_is(mod, libraries, ARRAY_COUNT(libraries));
}

/* Detects an agent that was linked in. Runs once per module, and only if a file name
 * suggests it. */
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

	/* A frame of the public API shows what the program itself does. */
	if (frame->function && text_starts_with(frame->function, "grmon_"))
		return false;
	mod = symbols_module_at(symbols, frame->address);
	if (!mod)
		return false;
	return module_is(mod, library, 1) ||
	       (frame->file && strstr(frame->file, "src/agent/") &&
		has_agent(symbols, mod));
}

/* Formats "libfoo.so.1+0x1234", an address that addr2line accepts. */
static const char *module_offset(struct symbols *symbols, Dwfl_Module *mod,
				 uint64_t address)
{
	Dwarf_Addr start = 0;
	GElf_Addr bias = 0;
	const char *path = NULL;
	char text[256];
	const char *name =
		dwfl_module_info(mod, NULL, &start, NULL, NULL, NULL, &path, NULL);

	/* Without the file, its own addresses are unknown. */
	if (!dwfl_module_getelf(mod, &bias))
		bias = start;
	if (!path)
		path = name ? name : "";
	const char *slash = strrchr(path, '/');
	int length =
		snprintf(text, sizeof(text), "%.200s+0x%llx", slash ? slash + 1 : path,
			 (unsigned long long)(address - bias));

	return intern_text(symbols->intern, text, (size_t)length);
}

#if defined(__x86_64__)
/* Recognises the code that a signal handler returns to: mov $15,%rax; syscall. Debuggers
 * compare the bytes, too. */
static bool returns_from_signal(struct symbols *symbols, uint64_t address)
{
	static const uint8_t restore[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	uint8_t code[sizeof(restore)];

	return kernel_memory_exact(symbols->kernel, address, code, sizeof(code)) &&
	       memcmp(code, restore, sizeof(code)) == 0;
}
#else
static bool returns_from_signal(struct symbols *symbols, uint64_t address)
{
	(void)symbols, (void)address;
	return false;
}
#endif

static bool has_symbol_table(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while (elf && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
			return true;
	return false;
}

/* Returns true if a symbol without a size may extend to the next one. The exported
 * symbols of a stripped library are too few for that: any function may lie in between. */
static bool knows_all_symbols(Dwfl_Module *mod)
{
	GElf_Addr bias;
	Dwarf *debug;

	if (has_symbol_table(dwfl_module_getelf(mod, &bias)))
		return true;
	debug = dwfl_module_getdwarf(mod, &bias);
	return debug && has_symbol_table(dwarf_getelf(debug));
}

/* Returns the function's name from the symbol table, or NULL if it has none. */
static const char *symbol_name(struct symbols *symbols, Dwfl_Module *mod,
			       uint64_t address, uint64_t lookup, uint64_t *start)
{
	GElf_Off offset = 0;
	GElf_Sym sym;
	const char *name =
		dwfl_module_addrinfo(mod, lookup, &offset, &sym, NULL, NULL, NULL);

	/* The code that a handler returns to was never called, so no call precedes it. */
	if (lookup != address && (!name || offset >= sym.st_size) &&
	    returns_from_signal(symbols, address))
		return intern_text(symbols->intern, "__restore_rt", 12);
	if (!name || !name[0] ||
	    (sym.st_size == 0 && offset > 0 && !knows_all_symbols(mod)))
		return NULL;
	*start = lookup - offset;
	return symbols_readable(symbols, name);
}

/* Returns true if the path is that of the program itself. */
static bool is_program(const struct symbols *symbols, const char *path)
{
	char target[4096];

	process_exe(&symbols->kernel->process, target, sizeof(target));
	return strcmp(target, path) == 0;
}

/* Directories of installed software. A library there is not the user's own code, and the
 * main of an installed program without debug information only calls a library. */
static bool is_installed(struct symbols *symbols, Dwfl_Module *mod,
			 const struct frame *frame)
{
	static const char *const places[] = {
		"/usr/lib",        "/usr/bin/",   "/usr/sbin/", "/usr/local/lib",
		"/usr/local/bin/", "/lib",        "/bin/",      "/sbin/",
		"/nix/store/",     "/gnu/store/", "/snap/",
	};
	const char *path =
		dwfl_module_info(mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	bool found = false;

	for (size_t i = 0; path && !found && i < ARRAY_COUNT(places); i++)
		found = text_starts_with(path, places[i]);
	if (!found)
		return false;
	return !is_program(symbols, path) ||
	       (!frame->file && frame->function && strcmp(frame->function, "main") == 0);
}

/* Returns true for a function without debug information in a module that has some, or
 * without unwind tables. It comes from a third-party archive, such as a static libc. */
static bool lacks_debug_information(const struct symbols *symbols, Dwfl_Module *mod,
				    const struct frame *frame)
{
	Dwarf_Addr bias;

	if (frame->file || !frame->function || is_libc(mod))
		return false;
	return dwfl_module_nextcu(mod, NULL, &bias) ||
	       unwind_lacks_tables(symbols, frame->address, false);
}

void symbols_mark_library(struct symbols *symbols, Dwfl_Module *mod, struct frame *frames,
			  size_t count)
{
	for (size_t i = 0; i < count; i++)
		frames[i].library = frame_role(&frames[i]) == FRAME_OWN &&
				    (is_installed(symbols, mod, &frames[i]) ||
				     lacks_debug_information(symbols, mod, &frames[i]));
}

size_t symbols_name(struct symbols *symbols, uint64_t address, bool after_call,
		    struct frame *out, size_t max, uint64_t *start)
{
	uint64_t lookup = address - (after_call ? 1 : 0);
	Dwfl_Module *mod = symbols_module(symbols, lookup);
	size_t count = 1;

	if (max == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	out->address = address;
	if (!mod) {
		perf_map_find(symbols->perf_map, lookup, symbols->intern, out, start);
		return 1;
	}
	out->function = symbol_name(symbols, mod, address, lookup, start);
	if (!*start)
		*start = symbols_function_start(symbols, mod, lookup);
	if (!is_libc(mod))
		count = symbols_lines(symbols, mod, lookup, out, max);
	if (!out[count - 1].function)
		out[count - 1].function = module_offset(symbols, mod, address);
	symbols_mark_library(symbols, mod, out, count);
	return count;
}

struct wanted {
	const char *module, *name;
	uint64_t address;
};

static int find_address(Dwfl_Module *mod, void **userdata, const char *name,
			Dwarf_Addr start, void *arg)
{
	struct wanted *wanted = arg;
	size_t length = strlen(wanted->name);
	GElf_Addr address;
	GElf_Sym sym;

	(void)userdata, (void)name, (void)start;
	if (!module_is(mod, &wanted->module, 1))
		return DWARF_CB_OK;
	int count = dwfl_module_getsymtab(mod);

	for (int i = 0; i < count; i++) {
		const char *found =
			dwfl_module_getsym_info(mod, i, &sym, &address, NULL, NULL, NULL);

		if (!found || strncmp(found, wanted->name, length) != 0 ||
		    (found[length] && found[length] != '@') || sym.st_shndx == SHN_UNDEF)
			continue;
		wanted->address = address;
		return DWARF_CB_ABORT;
	}
	return DWARF_CB_OK;
}

uint64_t symbols_address(struct symbols *symbols, const char *module, const char *name)
{
	struct wanted wanted = {.module = module, .name = name};

	symbols_module(symbols, 0);
	dwfl_getmodules(symbols->dwfl, find_address, &wanted, 0);
	return wanted.address;
}
