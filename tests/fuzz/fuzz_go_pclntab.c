/* SPDX-License-Identifier: MIT */
/*
 * A hostile table of functions: every look-up must stay inside it and end. Input: a byte
 * for the layout, six lengths of two bytes, then the slices themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "source/go/pclntab.h"

#define TEXT 0x400000u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static struct go_bytes take(const uint8_t **bytes, size_t *size, size_t length)
{
	struct go_bytes slice = {*bytes, length < *size ? length : *size};

	*bytes += slice.size;
	*size -= slice.size;
	return slice;
}

static void look_at(struct go_pclntab *table, uint64_t pc)
{
	struct go_func func;
	int32_t value;
	int line;

	if (!go_func_find(table, pc, &func))
		return;
	require(func.entry <= pc && pc < func.end);
	require(strlen(go_func_name(table, func.name)) < GO_NAME_MAX);
	go_func_value(table, &func, func.pcsp, pc, &value);
	const char *file = go_func_line(table, &func, pc, &line);

	require(!file || strlen(file) < GO_NAME_MAX);
	require(line >= 0);
	require(go_func_inlined(table, &func, pc) >= -1);
	go_func_inline_tree(table, &func, TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct go_pclntab table = {
		.text = TEXT, .min_pc = TEXT, .max_pc = TEXT + (1u << 20)};
	uint16_t lengths[5];
	uint8_t *copy;

	if (size < 1 + sizeof(lengths))
		return 0;
	table.era = (enum go_era)(bytes[0] % 3);
	memcpy(lengths, bytes + 1, sizeof(lengths));
	bytes += 1 + sizeof(lengths);
	size -= 1 + sizeof(lengths);
	/* The block has the exact size, so that the sanitizer reports the first byte
	 * behind it. */
	copy = malloc(size ? size : 1);
	memcpy(copy, bytes, size);
	const uint8_t *at = copy;

	table.names = take(&at, &size, lengths[0]);
	table.units = take(&at, &size, lengths[1]);
	table.files = take(&at, &size, lengths[2]);
	table.values = take(&at, &size, lengths[3]);
	table.funcs = take(&at, &size, lengths[4]);
	table.index = take(&at, &size, size);
	table.nr_funcs = table.index.size / (table.era == GO_ERA_116 ? 16 : 8);
	if (table.nr_funcs > 0)
		table.nr_funcs--;
	table.steps_left = 100000;
	for (size_t i = 0; i < table.nr_funcs && i < 64; i++) {
		struct go_func func;

		if (!go_func_at(&table, i, &func))
			continue;
		look_at(&table, func.entry);
		look_at(&table, func.entry + 1);
		look_at(&table, func.end - 1);
	}
	free(copy);
	return 0;
}
