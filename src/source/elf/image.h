/* SPDX-License-Identifier: MIT */
/* A private copy of what is needed of an ELF file that somebody else may change or has made
 * to harm its reader: the sections that name addresses and unwind, checked, all others
 * empty. Nobody can shorten or change it while libelf and libdw read it. */
#ifndef SOURCE_ELF_IMAGE_H
#define SOURCE_ELF_IMAGE_H

#include "source/elf/budget.h"
#include "source/elf/file.h"

/* The last byte of a copy's e_ident, which is 0 in files. */
#define ELF_IMAGE_MARK 'c'

/* A sealed memfd, the caller's; -1: nothing of it can be read. path: for the note of what
 * does not fit into the budget. */
int elf_image_make(const struct elf_source *source, const char *path,
		   struct file_budget *budget);
/* An ELF file with debug information that says nothing. */
int elf_image_empty(void);

#endif
