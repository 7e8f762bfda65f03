/* SPDX-License-Identifier: MIT */
/* Go code that is not in the executable: plugins of a Go program, and Go libraries that a
 * program in another language has loaded (-buildmode=c-shared). */
#ifndef SOURCE_GO_LIBRARY_H
#define SOURCE_GO_LIBRARY_H

#include "source/go/elf.h"

#define GO_LIBRARIES_MAX 64u

/* Addresses where the files that are Go libraries by their build id start; but not one
 * that starts at `except`. */
size_t go_libraries_find(struct memory *mem, uint64_t except,
			 uint64_t bases[GO_LIBRARIES_MAX]);
/* What lies there. False: it makes no sense. */
bool go_library_read(struct go_elf *elf, struct memory *mem, uint64_t base);

#endif
