/* SPDX-License-Identifier: MIT */
/* Recognises where a stack ends: functions that have no caller. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "source/symbols/instruction.h"
#include "source/symbols/private.h"

#if defined(__x86_64__)
#define DWARF_RETURN_REGISTER 16
#else
#define DWARF_RETURN_REGISTER 30
#endif
#define TAIL_STEPS 4u

/* Recognises "mov %rax,%rdi; call pthread_exit", which ends the thread. */
static bool unwind_ends_thread(struct symbols *symbols, uint64_t pc)
{
	static const char *const ends[] = {
		"exit", "_exit", "_Exit", "pthread_exit", "__pthread_exit", "thrd_exit",
	};
	uint8_t code[INSTRUCTION_BYTES_MAX * TAIL_STEPS];
	ssize_t got = kernel_memory(symbols->kernel, pc, code, sizeof(code));
	size_t at = 0;
	struct instruction instruction;
	uint64_t target = 0;

	for (size_t i = 0; got > 0 && i < TAIL_STEPS; i++) {
		if (!instruction_read(code + at, (size_t)got - at, &instruction) ||
		    instruction.kind != INSTRUCTION_OTHER)
			return false;
		at += instruction.length;
		if (code[at - instruction.length] != 0xe8)
			continue;
		if (!symbols_call_before(symbols, pc + at, &target))
			return false;
		break;
	}
	Dwfl_Module *mod = target ? symbols_module_at(symbols, target) : NULL;
	GElf_Off offset = 0;
	GElf_Sym sym;
	const char *name =
		mod ? dwfl_module_addrinfo(mod, target, &offset, &sym, NULL, NULL, NULL)
		    : NULL;

	for (size_t i = 0; name && offset == 0 && i < ARRAY_COUNT(ends); i++)
		if (strcmp(name, ends[i]) == 0)
			return true;
	return false;
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
	/* symbols_module() could report again and free the entry. */
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
	/* "Undefined" and "same value" differ in what ops points to. */
	entry->root = dwarf_frame_register(frame, DWARF_RETURN_REGISTER, memory, &ops,
					   &nr_ops) == 0 &&
		      nr_ops == 0 && ops == memory;
	free(frame);
	return entry->root;
}
