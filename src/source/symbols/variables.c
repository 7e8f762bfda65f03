/* SPDX-License-Identifier: MIT */
#include "source/symbols/variables.h"

#include "source/symbols/private.h"

bool symbols_function(struct symbols *symbols, uint64_t address,
		      struct symbols_function *out)
{
	Dwfl_Module *mod = symbols_module(symbols, address);
	Dwarf_Die *unit = mod ? symbols_unit(symbols, mod, address, &out->bias) : NULL;
	Dwarf_Die scopes[2];

	if (!unit || symbols_scopes(symbols, unit, address - out->bias, scopes, 2) == 0)
		return false;
	out->unit = *unit;
	out->die = scopes[0];
	return true;
}

uint64_t symbols_epoch(const struct symbols *symbols)
{
	return symbols->epoch;
}
