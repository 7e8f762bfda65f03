/* SPDX-License-Identifier: MIT */
/* Looks up entries in a copied pclntab. Nothing in it is trusted: every offset is checked
 * against the slice that it points into. */
#include "source/go/pclntab.h"

#include <string.h>

#define PCDATA_INLINE   2u
#define FUNCDATA_INLINE 3u
#define NO_FILE         UINT32_MAX
#define NO_FUNCDATA     UINT32_MAX
#define PCDATA_MAX      64u

/* Offsets of the fields in a function's record. */
struct func_layout {
	uint8_t name, pcsp, pcfile, pcline, nr_pcdata, unit, id, flags, nr_funcdata,
		bytes;
};

static const struct func_layout func_layouts[] = {
	[GO_ERA_116] = {8, 20, 24, 28, 32, 36, 40, 41, 43, 44},
	[GO_ERA_118] = {4, 16, 20, 24, 28, 32, 36, 37, 39, 40},
	[GO_ERA_120] = {4, 16, 20, 24, 28, 32, 40, 41, 43, 44},
};

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t u64_at(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Returns entry i of the index; i may be nr_funcs, which ends the last function. */
static uint64_t index_pc(const struct go_pclntab *table, size_t i)
{
	if (table->era == GO_ERA_116)
		return u64_at(table->index.at + i * 16);
	return table->text + u32_at(table->index.at + i * 8);
}

static uint64_t index_offset(const struct go_pclntab *table, size_t i)
{
	if (table->era == GO_ERA_116)
		return u64_at(table->index.at + i * 16 + 8);
	return u32_at(table->index.at + i * 8 + 4);
}

bool go_func_at(const struct go_pclntab *table, size_t i, struct go_func *func)
{
	const struct func_layout *layout = &func_layouts[table->era];
	uint64_t offset, tail;
	const uint8_t *at;

	if (i >= table->nr_funcs)
		return false;
	offset = index_offset(table, i);
	if (offset > table->funcs.size || table->funcs.size - offset < layout->bytes)
		return false;
	at = table->funcs.at + offset;
	func->entry = index_pc(table, i);
	func->end = index_pc(table, i + 1);
	func->name = u32_at(at + layout->name);
	func->pcsp = u32_at(at + layout->pcsp);
	func->pcfile = u32_at(at + layout->pcfile);
	func->pcline = u32_at(at + layout->pcline);
	func->unit = u32_at(at + layout->unit);
	func->nr_pcdata = u32_at(at + layout->nr_pcdata);
	func->args = (int32_t)u32_at(at + layout->name + 4);
	func->id = at[layout->id];
	func->flags = at[layout->flags];
	func->nr_funcdata = at[layout->nr_funcdata];
	if (func->nr_pcdata > PCDATA_MAX)
		return false;
	func->pcdata = offset + layout->bytes;
	tail = func->pcdata + func->nr_pcdata * 4ull;
	if (table->era ==
	    GO_ERA_116) /* pointers, aligned by their address in the target */
		tail += (table->address + tail) & 4;
	func->funcdata = tail;
	tail += func->nr_funcdata * (table->era == GO_ERA_116 ? 8ull : 4ull);
	return tail <= table->funcs.size;
}

bool go_func_find(const struct go_pclntab *table, uint64_t pc, struct go_func *func)
{
	size_t low = 0, high = table->nr_funcs;

	if (pc < table->min_pc || pc >= table->max_pc || high == 0)
		return false;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (index_pc(table, middle) <= pc)
			low = middle;
		else
			high = middle;
	}
	return index_pc(table, low) <= pc && pc < index_pc(table, low + 1) &&
	       go_func_at(table, low, func);
}

bool go_func_starts(const struct go_pclntab *table, uint64_t pc)
{
	struct go_func func;

	return go_func_find(table, pc, &func) && func.entry == pc;
}

bool go_func_by_name(const struct go_pclntab *table, const char *name,
		     struct go_func *func)
{
	for (size_t i = 0; i < table->nr_funcs; i++)
		if (go_func_at(table, i, func) &&
		    strcmp(go_func_name(table, func->name), name) == 0)
			return true;
	return false;
}

/* Returns a text of at most GO_NAME_MAX bytes that ends inside the slice, or NULL. */
static const char *text_at(const struct go_bytes *slice, uint32_t offset)
{
	size_t left;

	if (offset >= slice->size)
		return NULL;
	left = slice->size - offset;
	if (left > GO_NAME_MAX)
		left = GO_NAME_MAX;
	return memchr(slice->at + offset, 0, left) ? (const char *)slice->at + offset
						   : NULL;
}

const char *go_func_name(const struct go_pclntab *table, uint32_t name)
{
	const char *text = text_at(&table->names, name);

	return text ? text : "";
}

/* Reads a LEB128 number of at most 32 bits. */
static bool read_varint(const uint8_t **at, const uint8_t *end, uint32_t *value)
{
	uint32_t result = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		if (*at >= end)
			return false;
		uint8_t byte = *(*at)++;

		result |= shift < 32 ? (uint32_t)(byte & 0x7f) << shift : 0;
		if (!(byte & 0x80)) {
			*value = result;
			return true;
		}
	}
	return false;
}

bool go_func_value(struct go_pclntab *table, const struct go_func *func, uint32_t offset,
		   uint64_t pc, int32_t *value)
{
	const uint8_t *at, *end = table->values.at + table->values.size;
	uint64_t now = func->entry;
	uint32_t current = UINT32_MAX, delta;
	bool first = true;

	if (offset == 0 || offset >= table->values.size)
		return false;
	for (at = table->values.at + offset; table->steps_left > 0; first = false) {
		table->steps_left--;
		if (!read_varint(&at, end, &delta) || (delta == 0 && !first))
			return false;
		current += delta & 1 ? ~(delta >> 1) : delta >> 1; /* zigzag */
		if (!read_varint(&at, end, &delta))
			return false;
		now += delta;
		if (pc < now) {
			*value = (int32_t)current;
			return true;
		}
	}
	return false;
}

const char *go_func_line(struct go_pclntab *table, const struct go_func *func,
			 uint64_t pc, int *line)
{
	int32_t file_number, number;
	uint64_t unit;
	uint32_t file;

	*line = 0;
	if (!go_func_value(table, func, func->pcfile, pc, &file_number) ||
	    file_number < 0)
		return NULL;
	unit = ((uint64_t)func->unit + (uint32_t)file_number) * 4;
	if (unit + 4 > table->units.size)
		return NULL;
	file = u32_at(table->units.at + unit);
	if (file == NO_FILE)
		return NULL;
	if (go_func_value(table, func, func->pcline, pc, &number) && number > 0)
		*line = number;
	return text_at(&table->files, file);
}

int32_t go_func_pcdata(struct go_pclntab *table, const struct go_func *func,
		       unsigned which, uint64_t pc)
{
	int32_t value;
	uint32_t offset;

	if (func->nr_pcdata <= which)
		return -1;
	offset = u32_at(table->funcs.at + func->pcdata + 4ull * which);
	return go_func_value(table, func, offset, pc, &value) && value >= 0 ? value : -1;
}

uint64_t go_func_data(const struct go_pclntab *table, const struct go_func *func,
		      unsigned which, uint64_t gofunc)
{
	uint32_t offset;

	if (func->nr_funcdata <= which)
		return 0;
	if (table->era == GO_ERA_116)
		return u64_at(table->funcs.at + func->funcdata + 8ull * which);
	offset = u32_at(table->funcs.at + func->funcdata + 4ull * which);
	return offset == NO_FUNCDATA || gofunc == 0 ? 0 : gofunc + offset;
}

int32_t go_func_inlined(struct go_pclntab *table, const struct go_func *func, uint64_t pc)
{
	return go_func_pcdata(table, func, PCDATA_INLINE, pc);
}

uint64_t go_func_inline_tree(const struct go_pclntab *table, const struct go_func *func,
			     uint64_t gofunc)
{
	return go_func_data(table, func, FUNCDATA_INLINE, gofunc);
}

size_t go_inlined_bytes(const struct go_pclntab *table)
{
	return table->era == GO_ERA_120 ? 16 : 20;
}

void go_inlined_parse(const struct go_pclntab *table, const uint8_t bytes[GO_INLINED_MAX],
		      struct go_inlined *out)
{
	bool old = table->era != GO_ERA_120;

	out->id = bytes[old ? 2 : 0];
	out->name = u32_at(bytes + (old ? 12 : 4));
	out->parent_pc = (int32_t)u32_at(bytes + (old ? 16 : 8));
}
