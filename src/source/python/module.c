/* SPDX-License-Identifier: MIT */
/* _PyRuntime is exported by every CPython from 3.7 on, by the program itself or by a
 * library that it or another program loads, unless the one who linked it hid that. */
#include "source/python/module.h"

#include <elf.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"
#include "source/proc/process.h"
#include "source/python/hidden.h"

#define MAPS_MAX        (16u << 20)
#define MODULES_MAX     512u
#define SCAN_MOST       (32u << 20) /* bytes of all modules */
#define HEADERS_MAX     64u
#define DYNAMIC_MAX     256u
#define CHAIN_MAX       1024u
#define SYMBOL_NAME_MAX 64u

struct candidates {
	struct python_module list[MODULES_MAX];
	size_t nr;
	char exe[PYTHON_PATH_MAX];
};

/* "python3.11", "libpython3.8.so.1.0": the number behind "python3.". */
static int minor_in(const char *base)
{
	const char *at = strstr(base, "python3.");

	return at && byte_is_digit(at[8]) ? atoi(at + 8) : 0;
}

static bool is_interpreter_name(const char *base)
{
	return text_starts_with(base, "libpython") || text_starts_with(base, "python");
}

/* Extension modules are called "_socket.cpython-311-x86_64-linux-gnu.so" and begin with
 * other words. */
static void add_candidate(struct candidates *out, const struct proc_map *map)
{
	struct python_module *module = &out->list[out->nr];
	size_t bytes =
		map->path_bytes < PYTHON_PATH_MAX ? map->path_bytes : PYTHON_PATH_MAX - 1;
	const char *slash, *base;

	memset(module, 0, sizeof(*module));
	memcpy(module->path, map->path, bytes);
	if (text_ends_with(module->path, " (deleted)"))
		module->path[bytes - 10] = '\0';
	slash = strrchr(module->path, '/');
	base = slash ? slash + 1 : module->path;
	module->pypy =
		text_starts_with(base, "pypy") || text_starts_with(base, "libpypy");
	module->named = is_interpreter_name(base) || strcmp(module->path, out->exe) == 0;
	module->base = map->start;
	module->named_minor = minor_in(base);
	out->nr++;
}

static void list_candidates(struct candidates *out, struct memory *mem)
{
	struct process_maps maps;
	struct proc_map map;
	size_t at = 0;

	out->nr = 0;
	if (process_exe(&mem->process, out->exe, sizeof(out->exe)) < 0)
		out->exe[0] = '\0';
	if (text_ends_with(out->exe, " (deleted)"))
		out->exe[strlen(out->exe) - 10] = '\0';
	process_maps_read(&maps, &mem->process, MAPS_MAX, NULL);
	while (out->nr < MODULES_MAX && process_maps_next(&maps, &at, &map))
		if (map.readable && map.offset == 0 && map.path_bytes > 0 &&
		    map.path[0] == '/')
			add_candidate(out, &map);
	process_maps_release(&maps);
}

/* Some loaders relocate the addresses in the dynamic section, others do not. */
static uint64_t absolute(const struct python_module *module, uint64_t address)
{
	return address < module->base ? address + module->bias : address;
}

static void read_dynamic(struct python_module *module, struct memory *mem,
			 uint64_t address, uint64_t bytes)
{
	Elf64_Dyn entries[DYNAMIC_MAX];
	size_t nr = bytes / sizeof(entries[0]);

	if (nr > DYNAMIC_MAX)
		nr = DYNAMIC_MAX;
	nr = memory_read_some(mem, address, entries, nr * sizeof(entries[0])) /
	     sizeof(entries[0]);
	for (size_t i = 0; i < nr && entries[i].d_tag != DT_NULL; i++) {
		uint64_t value = entries[i].d_un.d_ptr;

		if (entries[i].d_tag == DT_SYMTAB)
			module->symbols = absolute(module, value);
		else if (entries[i].d_tag == DT_STRTAB)
			module->names = absolute(module, value);
		else if (entries[i].d_tag == DT_STRSZ)
			module->name_bytes = value;
		else if (entries[i].d_tag == DT_GNU_HASH)
			module->gnu_hash = absolute(module, value);
	}
	if (!module->symbols || !module->names)
		module->gnu_hash = 0;
}

static void add_data(struct python_module *module, const Elf64_Phdr *header)
{
	if (header->p_type == PT_LOAD && (header->p_flags & PF_W) &&
	    module->nr_data < PYTHON_DATA_MAX && header->p_filesz <= header->p_memsz &&
	    header->p_memsz < UINT32_MAX)
		module->data[module->nr_data++] =
			(struct python_data){header->p_vaddr + module->bias,
					     header->p_filesz, header->p_memsz};
}

static bool read_headers(struct python_module *module, struct memory *mem)
{
	Elf64_Phdr headers[HEADERS_MAX];
	Elf64_Ehdr file;
	uint64_t dynamic = 0, bytes = 0;
	bool loaded = false;

	if (!memory_read(mem, module->base, &file, sizeof(file)) ||
	    memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 ||
	    file.e_ident[EI_CLASS] != ELFCLASS64 || file.e_machine != EM_X86_64 ||
	    file.e_phentsize != sizeof(headers[0]) || file.e_phnum > HEADERS_MAX ||
	    file.e_phoff > 65536 ||
	    !memory_read(mem, module->base + file.e_phoff, headers,
			 file.e_phnum * sizeof(headers[0])))
		return false;
	for (size_t i = 0; i < file.e_phnum; i++) {
		if (headers[i].p_type == PT_LOAD && !loaded) {
			module->bias = module->base - (headers[i].p_vaddr & ~4095ull);
			loaded = true;
		} else if (headers[i].p_type == PT_DYNAMIC) {
			dynamic = headers[i].p_vaddr;
			bytes = headers[i].p_memsz;
		}
		add_data(module, &headers[i]);
	}
	if (loaded && dynamic)
		read_dynamic(module, mem, dynamic + module->bias, bytes);
	return loaded;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static uint64_t check_symbol(const struct python_module *module, struct memory *mem,
			     uint32_t index, const char *name)
{
	char text[SYMBOL_NAME_MAX];
	size_t bytes = strlen(name) + 1;
	Elf64_Sym symbol;

	if (bytes > sizeof(text) ||
	    !memory_read(mem, module->symbols + (uint64_t)index * sizeof(symbol), &symbol,
			 sizeof(symbol)) ||
	    symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0 ||
	    symbol.st_name + bytes > module->name_bytes ||
	    !memory_read(mem, module->names + symbol.st_name, text, bytes) ||
	    memcmp(text, name, bytes) != 0)
		return 0;
	return symbol.st_value + module->bias;
}

/* The hash table is: numbers of buckets, of the first symbol in it, of words of a filter,
 * and a shift; the filter; the buckets; and for each symbol its hash, whose lowest bit ends
 * a bucket's chain. */
uint64_t python_module_symbol(const struct python_module *module, struct memory *mem,
			      const char *name)
{
	uint32_t head[4], hash = hash_of(name), index, word;
	uint64_t buckets, chains, found;

	if (!module->gnu_hash ||
	    !memory_read(mem, module->gnu_hash, head, sizeof(head)) || head[0] == 0 ||
	    head[2] > 1u << 20)
		return 0;
	buckets = module->gnu_hash + sizeof(head) + 8ull * head[2];
	chains = buckets + 4ull * head[0];
	if (!memory_read(mem, buckets + 4ull * (hash % head[0]), &index, sizeof(index)) ||
	    index < head[1])
		return 0;
	for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
		if (!memory_read(mem, chains + 4ull * (index - head[1]), &word,
				 sizeof(word)))
			return 0;
		if ((word | 1) == (hash | 1)) {
			found = check_symbol(module, mem, index, name);
			if (found)
				return found;
		}
		if (word & 1)
			return 0;
	}
	return 0;
}

static bool is_module(struct python_module *module, struct memory *mem, bool named)
{
	if (module->named != named || module->pypy || !read_headers(module, mem))
		return false;
	module->runtime = python_module_symbol(module, mem, "_PyRuntime");
	return module->runtime != 0;
}

/* Those with the name of an interpreter, and the program, come first. */
static struct python_module *find_module(struct candidates *found, struct memory *mem)
{
	uint64_t budget = SCAN_MOST;

	for (size_t i = 0; i < found->nr; i++)
		if (found->list[i].pypy || is_module(&found->list[i], mem, true))
			return &found->list[i];
	for (size_t i = 0; i < found->nr; i++)
		if (is_module(&found->list[i], mem, false))
			return &found->list[i];
	for (size_t i = 0; i < 2 * found->nr; i++) {
		struct python_module *module = &found->list[i % found->nr];

		if (module->named != (i < found->nr))
			continue;
		module->type = python_hidden_type(module, mem, &budget);
		if (module->type)
			return module;
	}
	return NULL;
}

bool python_module_find(struct python_module *module, struct memory *mem)
{
	struct candidates *found = malloc(sizeof(*found));
	const struct python_module *fits = NULL;

	if (!found)
		return false;
	list_candidates(found, mem);
	fits = find_module(found, mem);
	if (fits)
		*module = *fits;
	free(found);
	return fits != NULL;
}
