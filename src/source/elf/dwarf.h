/* SPDX-License-Identifier: MIT */
/* Whether debug information can be given to libdw, which keeps each unit that it passes and
 * each abbreviation of a unit's table. Bytes in, answer out. */
#ifndef SOURCE_ELF_DWARF_H
#define SOURCE_ELF_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* .debug_info or .debug_types, and .debug_abbrev. False: more units than a large program has,
 * or tables of abbreviations that overlap, so that all of them are larger than the section. */
bool elf_dwarf_check(const uint8_t *units, size_t length, const uint8_t *abbreviations,
		     size_t abbreviation_bytes);

#endif
