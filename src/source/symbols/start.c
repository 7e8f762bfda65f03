/* SPDX-License-Identifier: MIT */
/* Finds the start of functions without a symbol, by the sorted table of the unwind
 * tables, and how much stack a function uses below its frame pointer, by its first
 * instructions. */
#include <string.h>

#include "source/symbols/private.h"

#define TABLE_AT      12u /* after version, three encodings, a pointer and a count */
#define TABLE_FORMAT  0x3b031b01u /* the form that linkers write, little endian */
#define ENTRY_BYTES   8u
#define ENTRIES_MAX   (1u << 24)
#define PROLOGUE_MAX  40u
#define FUNCTION_SPAN (1u << 16) /* assumed maximum length if the length is unknown */

static uint64_t table_address(Dwfl_Module *mod)
{
	GElf_Addr bias = 0;
	Elf *elf = dwfl_module_getelf(mod, &bias);
	size_t count = 0;

	if (!elf || elf_getphdrnum(elf, &count) != 0)
		return 0;
	for (size_t i = 0; i < count && i < 64; i++) {
		GElf_Phdr memory;
		const GElf_Phdr *header = gelf_getphdr(elf, (int)i, &memory);

		if (header && header->p_type == PT_GNU_EH_FRAME)
			return header->p_vaddr + bias;
	}
	return 0;
}

static bool word_at(struct symbols *symbols, uint64_t address, uint32_t *word)
{
	return kernel_memory_exact(symbols->kernel, address, word, sizeof(*word));
}

/* Returns true if address lies after the last function of the table or between two
 * functions. pc_begin is relative to where it is stored, as compilers write it. */
static bool is_beyond(struct symbols *symbols, uint64_t entry, uint64_t start,
		      uint64_t address)
{
	uint32_t words[4]; /* length, distance to the CIE, pc_begin, range */

	return kernel_memory_exact(symbols->kernel, entry, words, sizeof(words)) &&
	       entry + 8 + (uint64_t)(int64_t)(int32_t)words[2] == start &&
	       address - start >= words[3];
}

uint64_t symbols_function_start(struct symbols *symbols, Dwfl_Module *mod,
				uint64_t address)
{
	uint64_t table = table_address(mod);
	uint32_t format = 0, high = 0, low = 0;

	if (!table || !word_at(symbols, table, &format) || format != TABLE_FORMAT ||
	    !word_at(symbols, table + 8, &high) || high > ENTRIES_MAX)
		return 0;
	uint64_t start = 0, entry = 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t words[2];

		if (!kernel_memory_exact(symbols->kernel,
					 table + TABLE_AT +
						 (uint64_t)middle * ENTRY_BYTES,
					 words, sizeof(words)))
			return 0;
		uint64_t found = table + (uint64_t)(int64_t)(int32_t)words[0];

		if (found <= address) {
			start = found;
			entry = table + (uint64_t)(int64_t)(int32_t)words[1];
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return start && is_beyond(symbols, entry, start, address) ? 0 : start;
}

bool symbols_may_start(uint64_t target, uint64_t start, uint64_t pc)
{
	return start ? target == start : target <= pc && pc - target < FUNCTION_SPAN;
}

#if defined(__x86_64__)
/* Adds the operand of "push" or "sub". Returns the instruction's length, or 0 for others.
 * */
static size_t add_stack_room(const uint8_t *code, struct prologue *out)
{
	uint32_t bytes;

	if ((code[0] & 0xf8) == 0x50) {
		out->room += 8;
		return 1;
	}
	if (code[0] == 0x41 && (code[1] & 0xf8) == 0x50) {
		out->room += 8;
		return 2;
	}
	if (code[0] != 0x48 || (code[1] != 0x83 && code[1] != 0x81))
		return 0;
	memcpy(&bytes, code + 3, sizeof(bytes));
	if (code[1] == 0x83)
		bytes = (uint32_t)(int32_t)(int8_t)code[3];
	if (code[2] == 0xec) { /* sub */
		out->room += bytes;
		out->exact = true;
	} else if (code[2] == 0xe4) { /* and */
		out->slack += 0u - bytes;
	} else {
		return 0;
	}
	return code[1] == 0x83 ? 4 : 7;
}

/* Returns the length of an instruction that compilers schedule into the prologue: a copy
 * from one register to another, or a load of an address. Returns 0 for others. */
static size_t skippable_bytes(const uint8_t *code)
{
	size_t rex = (code[0] & 0xf0) == 0x40;
	uint8_t operation = code[rex];
	uint8_t operands = code[rex + 1];

	if ((operation == 0x89 || operation == 0x8b || operation == 0x31) &&
	    operands >= 0xc0)
		return rex + 2;
	if ((operation == 0x8d || operation == 0x8b) && (operands & 0xc7) == 0x05)
		return rex + 6;
	return 0;
}

bool symbols_prologue(struct symbols *symbols, uint64_t start, struct prologue *out)
{
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
	static const uint8_t frame[] = {0x48, 0x89, 0xe5}; /* mov %rsp,%rbp */
	uint8_t code[PROLOGUE_MAX + 8] = {0};
	size_t at = 0;
	bool framed = false;

	memset(out, 0, sizeof(*out));
	if (!start || !kernel_memory_exact(symbols->kernel, start, code, PROLOGUE_MAX))
		return false;
	if (memcmp(code, endbr, sizeof(endbr)) == 0)
		at += sizeof(endbr);
	if (code[at++] != 0x55) /* push %rbp */
		return false;
	for (size_t length = 1; length && at < PROLOGUE_MAX && !out->exact;
	     at += length) {
		if (!framed && memcmp(code + at, frame, sizeof(frame)) == 0) {
			framed = true;
			length = sizeof(frame);
			continue;
		}
		length = framed ? add_stack_room(code + at, out) : 0;
		if (!length)
			length = skippable_bytes(code + at);
	}
	return framed;
}
#else
bool symbols_prologue(struct symbols *symbols, uint64_t start, struct prologue *out)
{
	(void)symbols, (void)start;
	memset(out, 0, sizeof(*out));
	return false;
}
#endif
