/* SPDX-License-Identifier: MIT */
/* See constant.h. Pages are read one by one, because the executable's file may not
 * answer; a page that could not be read is tried again. */
#include "source/go/holds/constant.h"

#include <stdlib.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES (1u << PAGE_SHIFT)

void go_constants_init(struct go_constants *constants, struct memory *mem,
		       const struct go_elf *elf, const struct go_module *module)
{
	memset(constants, 0, sizeof(*constants));
	constants->mem = mem;
	constants->elf = elf;
	constants->module = module;
}

void go_constants_release(struct go_constants *constants)
{
	free(constants->bytes);
	memset(constants, 0, sizeof(*constants));
}

bool go_constants_has(const struct go_constants *constants, uint64_t address)
{
	const struct go_elf *elf = constants->elf;

	for (size_t i = 0; i < 3; i++)
		if (address >= constants->module->data[i].start &&
		    address < constants->module->data[i].end)
			return false;
	/* What the loader has relocated is in a part that was writable. */
	for (size_t i = 0; i < elf->nr_segments; i++)
		if (address >= elf->segments[i].start &&
		    address < elf->segments[i].file_end)
			return true;
	return false;
}

/* Returns a copy of the page, or NULL. */
static const uint8_t *page_of(struct go_constants *constants, uint64_t page)
{
	size_t slot = (size_t)(page % GO_CONSTANT_PAGES);
	uint8_t *bytes;

	if (!constants->bytes)
		constants->bytes = malloc((size_t)GO_CONSTANT_PAGES * PAGE_BYTES);
	if (!constants->bytes)
		return NULL;
	bytes = constants->bytes + slot * PAGE_BYTES;
	if (constants->pages[slot] == page + 1)
		return bytes;
	constants->pages[slot] = 0;
	if (!memory_read(constants->mem, page << PAGE_SHIFT, bytes, PAGE_BYTES))
		return NULL;
	constants->pages[slot] = page + 1;
	return bytes;
}

bool go_constants_read(struct go_constants *constants, uint64_t address, void *out,
		       size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		uint64_t at = address + done, inside = at & (PAGE_BYTES - 1);
		size_t piece = bytes - done;
		const uint8_t *page;

		if (piece > PAGE_BYTES - inside)
			piece = (size_t)(PAGE_BYTES - inside);
		page = at >= address && go_constants_has(constants, at)
			       ? page_of(constants, at >> PAGE_SHIFT)
			       : NULL;
		if (!page)
			return false;
		memcpy((uint8_t *)out + done, page + inside, piece);
		done += piece;
	}
	return true;
}
