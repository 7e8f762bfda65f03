/* SPDX-License-Identifier: MIT */
/* Checks whether debug information is safe for libdw, which keeps every unit it passes
 * and every abbreviation of a unit's table. Works on bytes alone, without state. */
#ifndef SOURCE_ELF_DWARF_H
#define SOURCE_ELF_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes .debug_info or .debug_types, and .debug_abbrev. Returns false if there are more
 * units than a large program has, or if abbreviation tables overlap, so that their total
 * size exceeds the section. */
bool elf_dwarf_check(const uint8_t *units, size_t length, const uint8_t *abbreviations,
		     size_t abbreviation_bytes);

#endif
