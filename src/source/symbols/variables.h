/* SPDX-License-Identifier: MIT */
/* Gives the debug information of one function to those who read its variables. What
 * comes from it is as untrusted as the file. */
#ifndef SOURCE_SYMBOLS_VARIABLES_H
#define SOURCE_SYMBOLS_VARIABLES_H

#include <elfutils/libdw.h>

#include "source/symbols/symbols.h"

struct symbols_function {
	Dwarf_Die die; /* DW_TAG_subprogram */
	Dwarf_Die unit;
	Dwarf_Addr bias; /* what was added to the addresses in the debug information */
};

/* Finds the function that contains an address. Opens and decompresses the file's debug
 * information when first called for its module. Returns false if there is none. */
bool symbols_function(struct symbols *symbols, uint64_t address,
		      struct symbols_function *out);
/* Changes when what symbols_function() returned may have become invalid. */
uint64_t symbols_epoch(const struct symbols *symbols);

#endif
