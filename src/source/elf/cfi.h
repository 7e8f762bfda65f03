/* SPDX-License-Identifier: MIT */
/* Checks whether unwind tables are safe for libdw, which allocates space for as many
 * registers as they name, once per remembered state. Works on bytes alone, without state.
 * */
#ifndef SOURCE_ELF_CFI_H
#define SOURCE_ELF_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A section. */
struct elf_cfi {
	const uint8_t *bytes; /* NULL if the file has no such section */
	size_t length;
	uint64_t address;
	bool sane; /* the result; false if the section is missing */
};

/* Checks .eh_frame, the sorted table .eh_frame_hdr, which may refer only to the start of
 * entries in .eh_frame, and .debug_frame. */
void elf_cfi_check(struct elf_cfi *frame, struct elf_cfi *table, struct elf_cfi *debug);

#endif
