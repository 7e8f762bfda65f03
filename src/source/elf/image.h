/* SPDX-License-Identifier: MIT */
/* Makes a private copy of an untrusted ELF file, with the sections that name addresses
 * and unwind, checked, and all others empty. No other process can truncate or change the
 * copy while libelf and libdw read it. */
#ifndef SOURCE_ELF_IMAGE_H
#define SOURCE_ELF_IMAGE_H

#include "source/elf/budget.h"
#include "source/elf/file.h"

/* The last byte of e_ident in a copy; it is 0 in files. */
#define ELF_IMAGE_MARK 'c'

/* Returns a sealed memfd, which the caller closes, or -1 if nothing can be read. path is
 * for the note about what exceeds the budget. */
int elf_image_make(const struct elf_source *source, const char *path,
		   struct file_budget *budget);
/* Returns an ELF file with empty debug information. */
int elf_image_empty(void);

#endif
