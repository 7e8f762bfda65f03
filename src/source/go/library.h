/* SPDX-License-Identifier: MIT */
/* Finds Go code outside the executable: plugins of a Go program, and Go libraries loaded
 * by a program in another language (-buildmode=c-shared). */
#ifndef SOURCE_GO_LIBRARY_H
#define SOURCE_GO_LIBRARY_H

#include "source/go/elf.h"

#define GO_LIBRARIES_MAX 64u

/* Finds the load addresses of files whose build id shows that they are Go libraries,
 * except the one at `except`. */
size_t go_libraries_find(struct memory *mem, uint64_t except,
			 uint64_t bases[GO_LIBRARIES_MAX]);
/* Reads the library at base. Returns false if it is not valid. */
bool go_library_read(struct go_elf *elf, struct memory *mem, uint64_t base);

#endif
