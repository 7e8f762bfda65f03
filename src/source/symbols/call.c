/* SPDX-License-Identifier: MIT */
/* Decodes the call before a return address to find the callee, through the procedure
 * linkage table if necessary. This names functions that a tail call has left without a
 * frame. */
#include <string.h>

#include "source/symbols/private.h"

#define CALL_BYTES_MAX 8u
#define STUB_BYTES     16u
#define TAIL_BYTES_MAX 2048u

#if defined(__x86_64__)
static int32_t displacement(const uint8_t *bytes)
{
	int32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint64_t word_at(struct symbols *symbols, uint64_t address)
{
	uint64_t word = 0;

	if (!kernel_memory_exact(symbols->kernel, address, &word, sizeof(word)))
		return 0;
	return word;
}

/* Follows the jump "jmp *slot(%rip)" of a PLT entry. Returns target if it is not one. */
static uint64_t through_stub(struct symbols *symbols, uint64_t target)
{
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
	uint8_t code[STUB_BYTES];
	size_t at = 0;

	if (!target || !kernel_memory_exact(symbols->kernel, target, code, sizeof(code)))
		return target;
	if (memcmp(code, endbr, sizeof(endbr)) == 0)
		at += sizeof(endbr);
	at += code[at] == 0xf2; /* bnd */
	if (code[at] != 0xff || code[at + 1] != 0x25)
		return target;
	return word_at(symbols,
		       target + at + 6 + (uint64_t)(int64_t)displacement(code + at + 2));
}

/* Returns true if the bytes of the function at from contain a jump to the one at to. */
static bool jumps_to(struct symbols *symbols, uint64_t from, uint64_t to)
{
	uint8_t code[TAIL_BYTES_MAX];
	ssize_t got = to ? kernel_memory(symbols->kernel, from, code, sizeof(code)) : 0;

	for (ssize_t at = 0; at + 5 <= got; at++)
		if ((code[at] == 0xe9 ||
		     (at && code[at - 1] == 0x0f && (code[at] & 0xf0) == 0x80)) &&
		    from + (uint64_t)at + 5 +
				    (uint64_t)(int64_t)displacement(code + at + 1) ==
			    to)
			return true;
	return false;
}

/* Returns true if the bytes end with a call through a register or memory. */
static bool calls_indirectly(const uint8_t code[CALL_BYTES_MAX])
{
	for (size_t length = 2; length <= 7; length++)
		if (code[CALL_BYTES_MAX - length] == 0xff &&
		    (code[CALL_BYTES_MAX - length + 1] & 0x38) == 0x10)
			return true;
	return false;
}

bool symbols_call_before(struct symbols *symbols, uint64_t address, uint64_t *target)
{
	uint8_t code[CALL_BYTES_MAX];

	if (target)
		*target = 0;
	if (!symbols_module_at(symbols, address) ||
	    !kernel_memory_exact(symbols->kernel, address - sizeof(code), code,
				 sizeof(code)))
		return false;
	uint64_t operand = address + (uint64_t)(int64_t)displacement(code + 4);

	if (code[3] == 0xe8) {
		/* 0xe8 may also be part of the instruction before a "call *%rax". */
		if (target && !calls_indirectly(code))
			*target = through_stub(symbols, operand);
		return true;
	}
	if (code[2] == 0xff && code[3] == 0x15) {
		if (target)
			*target = through_stub(symbols, word_at(symbols, operand));
		return true;
	}
	return calls_indirectly(code);
}
#else
bool symbols_call_before(struct symbols *symbols, uint64_t address, uint64_t *target)
{
	if (target)
		*target = 0;
	return symbols_module_at(symbols, address) != NULL;
}

static bool jumps_to(struct symbols *symbols, uint64_t from, uint64_t to)
{
	(void)symbols, (void)from, (void)to;
	return true; /* unknown */
}
#endif

static void find_callee(struct symbols *symbols, struct symbol_entry *entry)
{
	GElf_Off offset = 0;
	GElf_Sym sym;

	entry->callee_known = true;
	if (!symbols_call_before(symbols, entry->key >> 1, &entry->callee_start) ||
	    !entry->callee_start)
		return;
	/* symbols_module() could report again and free the entry. */
	Dwfl_Module *mod = symbols_module_at(symbols, entry->callee_start);
	const char *name = mod ? dwfl_module_addrinfo(mod, entry->callee_start, &offset,
						      &sym, NULL, NULL, NULL)
			       : NULL;

	if (!name || !name[0] || offset != 0)
		return;
	struct frame frame = {.function = symbols_readable(symbols, name),
			      .address = entry->callee_start};

	symbols_mark_library(symbols, mod, &frame, 1);
	entry->callee = frame.function;
	entry->callee_library = frame.library;
}

/* Returns the entry of back, with its callee. start and name are those of inner's
 * function. */
static const struct symbol_entry *callee_of(struct symbols *symbols, uint64_t inner,
					    bool inner_after_call, uint64_t back,
					    uint64_t *start, const char **name)
{
	struct symbol_entry *entry = symbols_entry(symbols, inner, inner_after_call);

	*start = 0;
	*name = NULL;
	if (entry && !entry->outside && entry->nr_frames) {
		*start = entry->start;
		*name = entry->frames[entry->nr_frames - 1].function;
	}
	entry = symbols_entry(symbols, back, true);
	if (!entry || entry->outside || !*name)
		return NULL;
	if (!entry->callee_known)
		find_callee(symbols, entry);
	return entry;
}

int symbols_call_fits(struct symbols *symbols, uint64_t inner, bool inner_after_call,
		      uint64_t back)
{
	const char *name;
	uint64_t start;
	const struct symbol_entry *entry =
		callee_of(symbols, inner, inner_after_call, back, &start, &name);

	if (!entry || !entry->callee_start)
		return 0;
	return symbols_may_start(entry->callee_start, start, inner) ||
			       jumps_to(symbols, entry->callee_start, start)
		       ? 1
		       : -1;
}

bool symbols_tail_called(struct symbols *symbols, uint64_t inner, bool inner_after_call,
			 uint64_t back, struct frame *out)
{
	const char *name;
	uint64_t start;
	const struct symbol_entry *entry =
		callee_of(symbols, inner, inner_after_call, back, &start, &name);

	/* Names are interned. The other parts of a split function have the same name. */
	if (!entry || !entry->callee || entry->callee_start == start ||
	    entry->callee == name)
		return false;
	*out = (struct frame){.function = entry->callee,
			      .library = entry->callee_library};
	return true;
}
