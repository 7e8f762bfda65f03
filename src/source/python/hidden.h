/* SPDX-License-Identifier: MIT */
/*
 * Finds an interpreter whose symbols are not exported, as in a program that was linked
 * with libpython3.x.a and stripped: by what its variables contain. Everything is read
 * from memory, and verified before it is believed.
 */
#ifndef SOURCE_PYTHON_HIDDEN_H
#define SOURCE_PYTHON_HIDDEN_H

#include "source/python/layout.h"
#include "source/python/module.h"

/* Returns the address of the type of types, which every CPython has among the initialised
 * variables of this module, or 0. *budget is the number of bytes that may be read, and is
 * reduced by those that were. */
uint64_t python_hidden_type(const struct python_module *module, struct memory *mem,
			    uint64_t *budget);
/* Sets *version to 0x030a0d00 for 3.10.13, from the text that a running interpreter keeps
 * for sys.version; 2.7 has one too. Returns false if there is none. */
bool python_hidden_version(const struct python_module *module, struct memory *mem,
			   uint32_t *version);
/* Returns the address of the state of the interpreters, or 0: from 3.13 on it begins with
 * a table, before, the list in it leads to threads that belong to it. layout is of the
 * release; not used from 3.13 on. */
uint64_t python_hidden_runtime(const struct python_module *module, struct memory *mem,
			       const struct python_layout *layout);

#endif
