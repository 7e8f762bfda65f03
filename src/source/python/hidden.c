/* SPDX-License-Identifier: MIT */
/* Scans the variables of a program or library. */
#include "source/python/hidden.h"

#include <stdio.h>

#include "base/text.h"
#include "source/python/object.h"

#define SCAN_MOST       (16u << 20) /* bytes of a module */
#define CANDIDATES_MOST 16384u      /* words that look like a list of interpreters */
#define OB_TYPE         8u
#define TYPE_NAME       24u
#define NEXT_ID_MOST    (1u << 31)
#define VERSION_BYTES   24u

struct scan {
	struct memory *mem;
	const struct python_layout *layout;
	bool single; /* a list of one interpreter is looked for, or one of several */
	unsigned candidates;
	uint64_t found;
	uint32_t version;
};

static bool read_word(struct memory *mem, uint64_t address, uint64_t *word)
{
	return python_plausible(address) &&
	       memory_read(mem, address, word, sizeof(*word));
}

/* Its type is itself, and it is called "type". */
static bool visit_type(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct scan *scan = ctx;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t object = address + i - OB_TYPE, name;
		char text[sizeof("type")];

		if (load_u64(bytes + i) == object &&
		    read_word(scan->mem, object + TYPE_NAME, &name) &&
		    memory_read(scan->mem, name, text, sizeof(text)) &&
		    memcmp(text, "type", sizeof(text)) == 0) {
			scan->found = object;
			return true;
		}
	}
	return false;
}

/* "3.10.13 (main, …": a number, a dot, and so on. Of "3.13.0a1+" the end is skipped. */
static bool parse_version(const char *text, uint32_t *version)
{
	unsigned part[3] = {0, 0, 0};
	const char *at = text;

	for (int i = 0; i < 3; i++) {
		if (i > 0 && *at++ != '.')
			return false;
		if (!byte_is_digit(*at))
			return false;
		for (; byte_is_digit(*at) && part[i] < 256; at++)
			part[i] = part[i] * 10 + (unsigned)(*at - '0');
	}
	while (*at && *at != ' ' && at < text + 16)
		at++;
	*version = part[0] << 24 | part[1] << 16 | part[2] << 8;
	return at[0] == ' ' && at[1] == '(' && part[0] >= 2 && part[0] <= 3 &&
	       part[1] < 256 && part[2] < 256;
}

static bool visit_version(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct scan *scan = ctx;

	(void)address;
	for (size_t i = 0; i + VERSION_BYTES <= size; i += 8) {
		char text[VERSION_BYTES + 1];

		if (bytes[i + 1] != '.')
			continue;
		memcpy(text, bytes + i, VERSION_BYTES);
		text[VERSION_BYTES] = '\0';
		if (parse_version(text, &scan->version))
			return true;
	}
	return false;
}

static bool visit_table(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct scan *scan = ctx;

	for (size_t i = 0; i + 24 <= size; i += 8) {
		struct python_offsets offsets;

		if (python_offsets_read(&offsets, bytes + i, size - i)) {
			scan->found = address + i;
			return true;
		}
	}
	return false;
}

/* The first interpreter of the list, the main one, and the number of the next one follow
 * each other. */
static bool is_list(struct scan *scan, const uint8_t *bytes)
{
	const struct python_layout *layout = scan->layout;
	uint64_t head = load_u64(bytes), main = load_u64(bytes + 8), word;

	if ((head == main) != scan->single || !python_plausible(head) ||
	    !python_plausible(main) || load_u64(bytes + 16) == 0 ||
	    load_u64(bytes + 16) > NEXT_ID_MOST || scan->candidates++ > CANDIDATES_MOST)
		return false;
	return read_word(scan->mem, main + (uint64_t)layout->interp_id, &word) &&
	       word == 0 &&
	       read_word(scan->mem, head + (uint64_t)layout->interp_threads, &word) &&
	       read_word(scan->mem, word + (uint64_t)layout->tstate_interp, &word) &&
	       word == head;
}

static bool visit_list(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct scan *scan = ctx;

	for (size_t i = 0; i + 24 <= size; i += 8) {
		if (!is_list(scan, bytes + i))
			continue;
		scan->found = address + i - (uint64_t)scan->layout->runtime_interpreters;
		return true;
	}
	return false;
}

/* whole: also the variables that begin as 0. */
static bool scan_module(const struct python_module *module, struct scan *scan, bool whole,
			memory_visit visit, uint64_t *budget)
{
	for (size_t i = 0; i < module->nr_data; i++) {
		const struct python_data *data = &module->data[i];
		uint64_t start = (data->start + 7) & ~7ull;
		uint64_t bytes = whole ? data->bytes : data->initialised;

		if (bytes > *budget)
			bytes = *budget;
		*budget -= bytes;
		if (memory_scan(scan->mem, start, start + bytes, VERSION_BYTES, visit,
				scan))
			return true;
	}
	return false;
}

uint64_t python_hidden_type(const struct python_module *module, struct memory *mem,
			    uint64_t *budget)
{
	struct scan scan = {.mem = mem};

	scan_module(module, &scan, false, visit_type, budget);
	return scan.found;
}

bool python_hidden_version(const struct python_module *module, struct memory *mem,
			   uint32_t *version)
{
	struct scan scan = {.mem = mem};
	uint64_t budget = SCAN_MOST;
	bool found = scan_module(module, &scan, true, visit_version, &budget);

	*version = scan.version;
	return found;
}

uint64_t python_hidden_runtime(const struct python_module *module, struct memory *mem,
			       const struct python_layout *layout)
{
	struct scan scan = {.mem = mem, .layout = layout, .single = true};
	uint64_t budget = SCAN_MOST, again = SCAN_MOST;
	bool table = layout->minor >= PYTHON_MINOR_OFFSETS;

	if (scan_module(module, &scan, true, table ? visit_table : visit_list, &budget) ||
	    table)
		return scan.found;
	/* Tables of functions look similar, so this is tried last. */
	scan.single = false;
	scan_module(module, &scan, true, visit_list, &again);
	return scan.found;
}
