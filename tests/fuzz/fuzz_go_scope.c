/* SPDX-License-Identifier: MIT */
/*
 * Hostile debug information of a Go program: variables at addresses in the file, where
 * they are, their types, and values of these types in memory with arbitrary words. Input:
 * a byte, 64 bytes of memory, and the file; the first bit of the byte chooses the private
 * copy that is made of files that others can change.
 */
// max_len: 65536
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/elf/image.h"
#include "source/go/locals/locals.h"
#include "source/go/type/value.h"
#include "source/symbols/private.h"

#define MODULE_AT    0x7d0000000000ull
#define MODULE_MAX   (1u << 20)
#define MEMORY_BYTES 64u
#define ADDRESSES    64u /* that are looked up, from the first function on */
#define STEP         4u
#define TYPES_DEPTH  6u
#define TYPES_MAX    2000u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint8_t *memory;
static unsigned types_left;

/* The same bytes everywhere, so that pointers always lead on. */
static bool read_memory(void *ctx, uint64_t address, void *out, size_t bytes)
{
	(void)ctx;
	for (size_t i = 0; i < bytes; i++)
		((uint8_t *)out)[i] = memory[(address + i) % MEMORY_BYTES];
	return address % 13 != 0;
}

static void walk_type(const struct go_type *type, unsigned depth)
{
	const struct go_field *fields;
	size_t nr;

	if (!type || depth == TYPES_DEPTH || types_left == 0)
		return;
	types_left--;
	if (strlen(type->name) > GO_LOCALS_NAME_MAX ||
	    type->pointer_bytes > type->bytes || type->kind == GO_KIND_INVALID)
		abort();
	fields = go_type_fields(type, &nr);
	for (size_t i = 0; i < nr; i++) {
		if (fields[i].offset > type->bytes)
			abort();
		walk_type(fields[i].type, depth + 1);
	}
	walk_type(go_type_element(type), depth + 1);
	walk_type(go_type_key(type), depth + 1);
}

static void print_value(const struct go_type *type)
{
	struct go_values values = {.read = read_memory};
	struct go_place place = {.address = 0x1000, .bytes = memory};
	struct oneline line;
	char text[300];

	place.copied = type->bytes < MEMORY_BYTES ? (size_t)type->bytes : MEMORY_BYTES;
	oneline_init(&line, text, sizeof(text));
	go_value_print(&values, type, &place, true, &line);
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			abort();
}

static void look(struct go_locals *locals, uint64_t pc)
{
	const struct go_locals_scope *scope = go_locals_at(locals, pc);
	struct go_part parts[GO_LOCATION_PARTS_MAX];

	if (!scope)
		return;
	if (scope->nr > GO_LOCALS_MAX || scope->nr_levels > GO_LOCALS_LEVELS)
		abort();
	for (size_t i = 0; i < scope->nr; i++) {
		const struct go_local *local = &scope->list[i];

		if (local->level >= scope->nr_levels)
			abort();
		go_location_find(local->location.at, local->location.length, 0xc000001000,
				 local->location_size, parts);
		types_left = TYPES_MAX;
		walk_type(local->type, 0);
		print_value(local->type);
	}
}

static bool add_module(struct symbols *symbols, const uint8_t *bytes, size_t size,
		       bool copied)
{
	struct elf_source source = {.fd = -1, .bytes = bytes, .length = size};
	struct file_budget budget;
	int fd = memfd_create("module", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	mmap((void *)MODULE_AT, MODULE_MAX, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	if (copied) {
		close(fd);
		file_budget_init(&budget);
		file_budget_begin_sample(&budget);
		fd = elf_image_make(&source, "/module.so", &budget);
		if (fd < 0)
			return false;
	}
	dwfl_report_begin(symbols->dwfl);
	Dwfl_Module *mod = dwfl_report_elf(symbols->dwfl, "module", "/module.so", fd,
					   MODULE_AT, false);

	if (!mod)
		close(fd);
	dwfl_report_end(symbols->dwfl, NULL, NULL);
	symbols->reported = true;
	symbols->reported_at_ns = INT64_MAX / 2; /* never again */
	symbols->report_wait_ns = INT64_MAX;
	return mod != NULL;
}

static int find_code(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
		     void *arg)
{
	Elf *elf = dwfl_module_getelf(mod, &base);
	GElf_Ehdr header;

	(void)userdata, (void)name;
	if (elf && gelf_getehdr(elf, &header))
		*(uint64_t *)arg = header.e_entry + base;
	return DWARF_CB_ABORT;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct kernel kernel = {.process = process_named(getpid())};
	struct go_module module = {.minor = 26};
	uint64_t entry = 0;

	if (size <= 1 + MEMORY_BYTES || size > MODULE_MAX)
		return 0;
	memory = bytes + 1;
	struct intern *intern = intern_new(1u << 20);
	struct stack_table *stacks = stack_table_new(1000);
	struct symbols *symbols = symbols_new(&kernel, intern, stacks);
	struct go_locals *locals = go_locals_new(symbols, NULL, &module);

	if (add_module(symbols, bytes + 1 + MEMORY_BYTES, size - 1 - MEMORY_BYTES,
		       bytes[0] & 1)) {
		dwfl_getmodules(symbols->dwfl, find_code, &entry, 0);
		module.table.min_pc = entry;
		go_locals_begin(locals);
		/* Those before the entry belong to the other functions. */
		for (unsigned i = 0; i < ADDRESSES; i++)
			look(locals, entry - ADDRESSES * STEP / 2 + (uint64_t)i * STEP);
	}
	go_locals_free(locals);
	symbols_free(symbols);
	kernel_close(&kernel);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}
