/* SPDX-License-Identifier: MIT */
/* Determines the Go version that built the target: from its build information in either
 * format, otherwise from the string that runtime.Version() returns. */
#include "source/go/module.h"

#include <stdlib.h>

#include "base/text.h"

#define INFO_BYTES     32u
#define INFO_IN_PLACE  2u /* flag: the text follows; since Go 1.18 */
#define CANDIDATES_MAX 20000u
#define SEARCH_BYTES   (64ull << 20)

struct version_search {
	struct memory *mem;
	const struct go_elf *elf;
	char *out;
	unsigned candidates;
};

/* "go1.26.8", "go1.27-devel_…", "go1.25.0 X:nosynchashtriemap" */
static bool take_version(const char *text, size_t length, char *out)
{
	size_t used = 0;

	if (length < 5 || !text_starts_with(text, "go1.") || !byte_is_digit(text[4]))
		return false;
	while (used < length && used < GO_VERSION_MAX - 1 && text[used] > ' ' &&
	       text[used] < 0x7f) {
		out[used] = text[used];
		used++;
	}
	out[used] = '\0';
	return true;
}

static bool read_go_string(struct memory *mem, uint64_t header, char *out)
{
	uint64_t words[2];
	char text[GO_VERSION_MAX];

	if (!memory_read(mem, header, words, sizeof(words)) || words[1] < 5 ||
	    words[1] > sizeof(text) || !memory_read(mem, words[0], text, words[1]))
		return false;
	return take_version(text, words[1], out);
}

static bool take_info(struct version_search *search, const uint8_t *bytes, size_t size)
{
	if (bytes[14] != 8 && !(bytes[15] & INFO_IN_PLACE))
		return false;
	if (!(bytes[15] & INFO_IN_PLACE))
		return read_go_string(search->mem, load_u64(bytes + 16), search->out);
	/* A length below 128 is one byte. */
	return size > INFO_BYTES + 1 && bytes[INFO_BYTES] < 0x80 &&
	       size - INFO_BYTES - 1 >= bytes[INFO_BYTES] &&
	       take_version((const char *)bytes + INFO_BYTES + 1, bytes[INFO_BYTES],
			    search->out);
}

static bool visit_info(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	for (size_t i = (0 - address) & 15; i + INFO_BYTES <= size; i += 16)
		if (bytes[i] == 0xff && memcmp(bytes + i, "\xff Go buildinf:", 14) == 0 &&
		    take_info(ctx, bytes + i, size - i))
			return true;
	return false;
}

static bool visit_strings(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct version_search *search = ctx;
	char text[GO_VERSION_MAX];

	for (size_t i = (0 - address) & 7; i + 16 <= size; i += 8) {
		uint64_t at = load_u64(bytes + i), length = load_u64(bytes + i + 8);

		if (length < 6 || length > 40 ||
		    !go_elf_contains(search->elf, at, false) ||
		    go_elf_contains(search->elf, at, true))
			continue;
		if (++search->candidates > CANDIDATES_MAX)
			return true;
		if (memory_read(search->mem, at, text, length) &&
		    take_version(text, length, search->out))
			return true;
	}
	return false;
}

static void scan_range(const struct go_range *range, struct memory *mem, size_t overlap,
		       memory_visit visit, struct version_search *search)
{
	uint64_t end = range->end;

	if (search->out[0] || range->start == 0)
		return;
	if (end - range->start > SEARCH_BYTES)
		end = range->start + SEARCH_BYTES;
	memory_scan(mem, range->start, end, overlap, visit, search);
}

const char *go_version_name(const struct go_module *module)
{
	return module->version[0] ? module->version : "unknown Go version";
}

/* Returns the number after "go1.", or 0 if there is none. A development version counts as
 * the next release. */
static unsigned go_version_minor(const char *version)
{
	unsigned long minor;

	if (!text_starts_with(version, "go1."))
		return 0;
	minor = strtoul(version + 4, NULL, 10);
	return minor < 1000 ? (unsigned)minor : 0;
}

void go_version_read(struct go_module *module, const struct go_elf *elf,
		     struct memory *mem)
{
	struct version_search search = {mem, elf, module->version, 0};

	scan_range(&elf->buildinfo, mem, 160, visit_info, &search);
	for (size_t i = 0; i < elf->nr_segments; i++) {
		struct go_range range = {elf->segments[i].start,
					 elf->segments[i].file_end};

		if (!elf->segments[i].executable)
			scan_range(&range, mem, 160, visit_info, &search);
	}
	for (size_t i = 0; i < 2; i++)
		scan_range(&module->data[i], mem, 16, visit_strings, &search);
	module->minor = go_version_minor(module->version);
}
