/* SPDX-License-Identifier: MIT */
/* The runtime keeps its wait reasons in an array of strings, which begins with the same
 * three in every version. The numbers differ between versions, so only the texts are
 * used. */
#include "source/go/wait.h"

#include <string.h>

#define REASON_BYTES_MAX 64u
#define HEADER_BYTES     16u

struct reason_search {
	struct memory *mem;
	uint64_t found;
};

static bool text_is(struct memory *mem, uint64_t address, const char *text, size_t bytes)
{
	char have[32];

	return bytes <= sizeof(have) && memory_read(mem, address, have, bytes) &&
	       memcmp(have, text, bytes) == 0;
}

/* Lengths 0, 17 and 7: "", "GC assist marking", "IO wait". */
static bool visit_headers(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct reason_search *search = ctx;

	for (size_t i = (0 - address) & 7; i + 3 * HEADER_BYTES <= size; i += 8) {
		if (load_u64(bytes + i + 8) != 0 || load_u64(bytes + i + 24) != 17 ||
		    load_u64(bytes + i + 40) != 7 ||
		    !text_is(search->mem, load_u64(bytes + i + 16), "GC assist marking",
			     17) ||
		    !text_is(search->mem, load_u64(bytes + i + 32), "IO wait", 7))
			continue;
		search->found = address + i;
		return true;
	}
	return false;
}

/* Returns the number of reasons if the version is known; the memory after them may look
 * like more. */
static size_t reasons_of_version(unsigned minor)
{
	static const uint8_t counts[] = {27, 27, 27, 27, 32, 32, 37, 38, 44, 47, 47, 47};

	return minor >= 16 && minor < 16 + sizeof(counts) ? counts[minor - 16]
							  : GO_REASONS_MAX;
}

static bool text_makes_sense(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return bytes > 2;
}

static void read_list(struct go_reasons *reasons, struct memory *mem, uint64_t address,
		      size_t count, struct intern *intern)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t header[2];
		char text[REASON_BYTES_MAX];
		struct go_reason *reason = &reasons->list[i];

		if (!memory_read(mem, address + i * HEADER_BYTES, header,
				 sizeof(header)) ||
		    header[1] > sizeof(text) ||
		    !memory_read(mem, header[0], text, header[1]) ||
		    (i > 0 && !text_makes_sense(text, header[1])))
			break;
		reason->text = intern_text(intern, header[1] ? text : "waiting",
					   header[1] ? header[1] : 7);
		go_reason_explain(reason);
		reasons->nr = i + 1;
	}
}

bool go_reasons_read(struct go_reasons *reasons, const struct go_module *module,
		     struct memory *mem, struct intern *intern)
{
	struct reason_search search = {mem, 0};

	reasons->nr = 0;
	for (size_t i = 0; i < 2 && !search.found; i++)
		memory_scan(mem, module->data[i].start, module->data[i].end,
			    2 * HEADER_BYTES + 8, visit_headers, &search);
	if (search.found)
		read_list(reasons, mem, search.found, reasons_of_version(module->minor),
			  intern);
	return reasons->nr > 2;
}
