/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/elf opens the files that a target names, and checks them before
 * libelf and libdw read them. It must not know the process that names them.
 *
 * A file that belongs to root or our own user, in our own mount namespace, is mapped as
 * it is. For any other file, a private copy of the needed parts is made within the
 * target's budget. Copies are kept, because libraries are loaded and unloaded again.
 */
#ifndef SOURCE_ELF_OPEN_H
#define SOURCE_ELF_OPEN_H

#include "source/elf/budget.h"
#include "source/proc/target_file.h"

#define ELF_ID_MAX     64u
#define ELF_DEBUG_ROOT "/usr/lib/debug"

struct elf_copy;
struct elf_opener {
	struct file_budget budget;
	struct elf_copy *copies; /* newest first */
};

void elf_opener_init(struct elf_opener *opener);
void elf_opener_release(struct elf_opener *opener);
/* Opens a file for libelf. Closes file->fd or returns it. Returns a descriptor that the
 * caller closes, or -1 if the file cannot be read. */
int elf_open(struct elf_opener *opener, const struct target_file *file, const char *path);
/* Opens the debug information of a module with this build id (length 0: none), which
 * refers to it with this checksum. Returns -1 if the file belongs to another module. */
int elf_open_debug(struct elf_opener *opener, const struct target_file *file,
		   const char *path, const uint8_t *id, size_t id_length, uint32_t crc);

/* Builds a path where the file's debug link may be found, in the order in which debuggers
 * search; way counts from 0. Returns false if there are no more paths or a name is
 * invalid. Sets *inside if the path is relative to the target's root rather than ours. */
bool elf_link_path(char *out, size_t size, const char *file, const char *link,
		   unsigned way, bool *inside);
/* Finds the build id in note data. Returns its length, or 0 if there is none. */
size_t elf_build_id(const uint8_t *notes, size_t length, uint8_t id[ELF_ID_MAX]);

#endif
