/* SPDX-License-Identifier: MIT */
/* Reads the parts of the executable that never change, through a cache that is kept from
 * look to look. */
#ifndef SOURCE_GO_HOLDS_CONSTANT_H
#define SOURCE_GO_HOLDS_CONSTANT_H

#include "source/go/module.h"

#define GO_CONSTANT_PAGES 512u

struct go_constants {
	struct memory *mem;
	const struct go_elf *elf;
	const struct go_module *module;
	uint64_t pages[GO_CONSTANT_PAGES]; /* number plus one of the page in each slot */
	uint8_t *bytes;                    /* NULL until needed */
};

void go_constants_init(struct go_constants *constants, struct memory *mem,
		       const struct go_elf *elf, const struct go_module *module);
void go_constants_release(struct go_constants *constants);
/* Returns true if the address is in the executable, but not in its variables. */
bool go_constants_has(const struct go_constants *constants, uint64_t address);
/* Returns false if not all of it can be read or is constant. */
bool go_constants_read(struct go_constants *constants, uint64_t address, void *out,
		       size_t bytes);

#endif
