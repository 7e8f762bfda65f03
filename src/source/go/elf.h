/* SPDX-License-Identifier: MIT */
/* Reads the executable of a process from memory: its segments, and its section table if
 * there is one. Linux, ELF64, little-endian, x86-64 only. */
#ifndef SOURCE_GO_ELF_H
#define SOURCE_GO_ELF_H

#include <elf.h>

#include "base/err.h"
#include "source/proc/memory.h"

#define GO_SEGMENTS_MAX 64

struct go_segment {
	uint64_t start;
	uint64_t file_end; /* end of the initialised bytes */
	uint64_t end;
	bool writable;
	bool executable;
};

struct go_range {
	uint64_t start;
	uint64_t end;
};

struct go_elf {
	uint64_t bias;
	struct go_segment segments[GO_SEGMENTS_MAX];
	size_t nr_segments;
	bool sections;           /* the file has a readable section table */
	struct go_range pclntab; /* from the section; start is 0 if none */
	struct go_range buildinfo;
	struct go_range symtab; /* file offsets */
	struct go_range strtab;
};

int go_elf_read(struct go_elf *elf, struct memory *mem, struct err *e);
/* Sets the segments from the program headers; elf->bias must be set. */
void go_elf_segments(struct go_elf *elf, const Elf64_Phdr *headers, size_t nr_headers);
/* Returns true if the section table alone shows that it is a Go program; cheap. */
bool go_elf_is_go(const struct go_elf *elf);
bool go_elf_contains(const struct go_elf *elf, uint64_t address, bool writable);
/* Gets the run-time addresses of data symbols from the file's symbol table; 0 for a
 * missing one. At most 8 names. */
void go_elf_symbols(const struct go_elf *elf, const struct process *process,
		    const char *const *names, size_t count, uint64_t *addresses);

#endif
