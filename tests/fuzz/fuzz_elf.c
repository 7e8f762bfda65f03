/* SPDX-License-Identifier: MIT */
/*
 * ELF, DWARF and unwind tables of a hostile process, and a stack with arbitrary words:
 * names and lines of addresses in the module, and unwinding through it. Input: 4 bytes
 * that choose addresses, 256 bytes of stack, and the file. libdwfl gets the file as it is
 * or, if the first bit is set, the private copy that is made of files that others can
 * change. The module is mapped into this process, so that its code is really read.
 */
// max_len: 65536
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/elf/image.h"
#include "source/symbols/demangle.h"
#include "source/symbols/private.h"

#define MODULE_AT   0x7d0000000000ull
#define MODULE_MAX  (1u << 20)
#define CHOICE      4u
#define STACK_BYTES 256u
#define STACK_AT    0x7d1000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Maps the file as a module of the process. Returns false if libdwfl does not accept
 * it. */
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

static uint64_t within(Dwfl_Module *mod, uint64_t offset)
{
	Dwarf_Addr start = 0, end = 0;

	dwfl_module_info(mod, NULL, &start, &end, NULL, NULL, NULL, NULL);
	return end > start ? start + offset % (end - start) : start;
}

/* An address in a function if the choice is even, else anywhere in the first pages. */
static uint64_t choose(Dwfl_Module *mod, uint8_t choice)
{
	int count = dwfl_module_getsymtab(mod);
	GElf_Addr values[16], value = 0;
	size_t nr_values = 0;
	GElf_Sym sym;

	for (int i = 0; i < count && nr_values < 16; i++)
		if (dwfl_module_getsym_info(mod, i, &sym, &value, NULL, NULL, NULL) &&
		    GELF_ST_TYPE(sym.st_info) == STT_FUNC)
			values[nr_values++] = value;
	if (choice & 1 || nr_values == 0)
		return within(mod, (uint64_t)choice * 16);
	return values[choice / 2 % nr_values] + 20;
}

static int look(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
		void *arg)
{
	const uint8_t *bytes = ((void **)arg)[1];
	struct symbols *symbols = ((void **)arg)[0];
	uint64_t stack[STACK_BYTES / 8];
	struct frame frames[SYMBOLS_INLINES_MAX];

	(void)userdata, (void)name, (void)base;
	memcpy(stack, bytes + CHOICE, sizeof(stack));
	/* Small words become addresses in functions, the module or the stack. */
	for (size_t i = 0; i < STACK_BYTES / 8; i++) {
		if (stack[i] <= UINT8_MAX)
			stack[i] = choose(mod, (uint8_t)stack[i]);
		else if (stack[i] < 1u << 20)
			stack[i] = within(mod, stack[i]);
		else if (stack[i] < 2u << 20)
			stack[i] = STACK_AT + stack[i] % STACK_BYTES;
	}
	for (unsigned i = 0; i < CHOICE; i++) {
		uint64_t address = choose(mod, bytes[i]);
		struct unwind_start start = {
			.pc = address,
			.sp = STACK_AT,
			.bytes = (const uint8_t *)stack,
			.nr_bytes = sizeof(stack),
			.live = (bytes[i] & 2) == 0,
		};

		symbols_frames(symbols, address, true, frames, SYMBOLS_INLINES_MAX);
		symbols_unwind(symbols, &start);
	}
	return DWARF_CB_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct kernel kernel = {.process = process_named(getpid())};
	char text[DEMANGLE_TEXT_MAX];
	char name[STACK_BYTES + 1] = "_R";

	if (size <= CHOICE + STACK_BYTES || size > MODULE_MAX)
		return 0;
	memcpy(name + (bytes[0] & 1 ? 2 : 0), bytes + CHOICE, STACK_BYTES - 2);
	demangle(name, text);
	struct intern *intern = intern_new(1u << 20);
	struct stack_table *stacks = stack_table_new(1000);
	struct symbols *symbols = symbols_new(&kernel, intern, stacks);
	void *arg[] = {symbols, (void *)(uintptr_t)bytes};

	if (add_module(symbols, bytes + CHOICE + STACK_BYTES, size - CHOICE - STACK_BYTES,
		       bytes[0] & 0x80))
		dwfl_getmodules(symbols->dwfl, look, arg, 0);
	symbols_free(symbols);
	kernel_close(&kernel);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}
