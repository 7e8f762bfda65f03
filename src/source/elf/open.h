/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/elf opens the files that a target names, and checks them before
 * libelf and libdw read them. It does not know the process that names them.
 *
 * Opens a file that a target named for libelf. One of root or our own user in our own mount
 * namespace is mapped as it is. Of any other a private copy of what is needed is made, within
 * the target's budget, and kept: libraries come and go.
 */
#ifndef SOURCE_ELF_OPEN_H
#define SOURCE_ELF_OPEN_H

#include "base/target_file.h"
#include "source/elf/budget.h"

#define ELF_ID_MAX     64u
#define ELF_DEBUG_ROOT "/usr/lib/debug"

struct elf_copy;
struct elf_opener {
	struct file_budget budget;
	struct elf_copy *copies; /* oldest last */
};

void elf_opener_init(struct elf_opener *opener);
void elf_opener_release(struct elf_opener *opener);
/* Closes file->fd, or returns it. A descriptor of the caller's; -1: not to be read. */
int elf_open(struct elf_opener *opener, const struct target_file *file, const char *path);
/* The same for debug information that a module of this build id (length 0: it has none)
 * names with this checksum: -1 if it is another module's. */
int elf_open_debug(struct elf_opener *opener, const struct target_file *file,
		   const char *path, const uint8_t *id, size_t id_length, uint32_t crc);

/* Where a debug link of the file may lie, as debuggers look: way from 0 on. False: no more
 * ways, or the names are none. *inside: the path is in the target's root, else in ours. */
bool elf_link_path(char *out, size_t size, const char *file, const char *link,
		   unsigned way, bool *inside);
/* The build id among notes, as a file holds them: its length, 0 if there is none. */
size_t elf_build_id(const uint8_t *notes, size_t length, uint8_t id[ELF_ID_MAX]);

#endif
