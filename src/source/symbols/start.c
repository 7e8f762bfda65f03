/* SPDX-License-Identifier: MIT */
/* Finds the start of functions without a symbol, by the sorted table of the unwind
 * tables. */
#include <string.h>

#include "source/symbols/private.h"

#define TABLE_AT      12u /* after version, three encodings, a pointer and a count */
#define TABLE_FORMAT  0x3b031b01u /* the form that linkers write, little endian */
#define ENTRY_BYTES   8u
#define ENTRIES_MAX   (1u << 24)
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
