/* SPDX-License-Identifier: MIT */
/* Whether unwind tables can be given to libdw: it makes room for as many registers as they
 * name, again for every state that they remember. Bytes in, answer out. */
#ifndef SOURCE_ELF_CFI_H
#define SOURCE_ELF_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A section. */
struct elf_cfi {
	const uint8_t *bytes; /* NULL: there is none */
	size_t length;
	uint64_t address;
	bool sane; /* the answer; false too if there is none */
};

/* .eh_frame, the sorted table .eh_frame_hdr, which may refer to the beginnings of its entries
 * only, and .debug_frame. */
void elf_cfi_check(struct elf_cfi *frame, struct elf_cfi *table, struct elf_cfi *debug);

#endif
