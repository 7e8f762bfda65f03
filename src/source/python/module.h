/* SPDX-License-Identifier: MIT */
/* Finds the interpreter in a process: the program or library that has its state, and its
 * symbols. All of it is read from memory, so it does not matter whether the file is
 * stripped, gone, or in another root directory. */
#ifndef SOURCE_PYTHON_MODULE_H
#define SOURCE_PYTHON_MODULE_H

#include "source/proc/memory.h"

#define PYTHON_PATH_MAX 256u
#define PYTHON_DATA_MAX 4u

/* Variables of a module; the rest of them begins as 0. */
struct python_data {
	uint64_t start, initialised, bytes;
};

struct python_module {
	uint64_t base, bias;
	uint64_t runtime; /* address of _PyRuntime; 0 if it is not exported */
	uint64_t type;    /* if so: the address of the type of types */
	int named_minor; /* 11 if the file is called libpython3.11.so.1.0; 0 if unknown */
	bool named;      /* as an interpreter is, or the program itself */
	bool pypy;       /* another implementation of Python, instead */
	char path[PYTHON_PATH_MAX];
	struct python_data data[PYTHON_DATA_MAX];
	size_t nr_data;
	/* Tables of the dynamic section. */
	uint64_t symbols, names, name_bytes, gnu_hash;
};

/* Returns whether there is an interpreter: one of which `runtime` or `type` is known. */
bool python_module_find(struct python_module *module, struct memory *mem);
/* Returns the run-time address of an exported variable, or 0. */
uint64_t python_module_symbol(const struct python_module *module, struct memory *mem,
			      const char *name);

#endif
