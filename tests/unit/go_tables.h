/* SPDX-License-Identifier: MIT */
/* A small function table as the Go linker writes it, in the layout of any era. */
#ifndef GO_TABLES_H
#define GO_TABLES_H

#include <assert.h>
#include <string.h>

#include "source/go/pclntab.h"

#define TABLES_TEXT    0x401000ull
#define TABLES_FUNC    0x100u /* bytes of code of each function */
#define TABLES_INLINED 8u

struct tables {
	struct go_pclntab table;
	char names[2048];
	size_t nr_names;
	char files[512];
	size_t nr_files;
	uint32_t units[32];
	size_t nr_units;
	uint8_t values[4096];
	size_t nr_values;
	uint64_t func_words[256];
	size_t nr_func_bytes;
	uint64_t index_words[64];
	/* gofunc points to these: nodes of one tree. */
	uint8_t tree[TABLES_INLINED][GO_INLINED_MAX];
};

struct step {
	int32_t value;
	uint32_t until; /* offset into the function */
};

struct func_spec {
	const char *name;
	const char *file;
	uint8_t id;
	uint8_t flags;
	const struct step *sp; /* ends where until is TABLES_FUNC */
	const struct step *line;
	const struct step *inlined; /* NULL if there is none */
};

static inline uint32_t tables_name(struct tables *t, const char *name)
{
	size_t at = t->nr_names;

	strcpy(t->names + at, name);
	t->nr_names += strlen(name) + 1;
	return (uint32_t)at;
}

static inline void tables_varint(struct tables *t, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		t->values[t->nr_values++] = (uint8_t)(value | 0x80);
	t->values[t->nr_values++] = (uint8_t)value;
}

static inline uint32_t tables_values(struct tables *t, const struct step *steps)
{
	uint32_t start = (uint32_t)t->nr_values, pc = 0;
	int32_t value = -1;

	for (;; steps++) {
		int32_t delta = steps->value - value;

		tables_varint(t, (uint32_t)delta << 1 ^ (uint32_t)(delta >> 31));
		tables_varint(t, steps->until - pc);
		value = steps->value;
		pc = steps->until;
		if (pc >= TABLES_FUNC)
			break;
	}
	t->values[t->nr_values++] = 0;
	return start;
}

static inline void tables_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, 4);
}

static inline void tables_func(struct tables *t, size_t i, const struct func_spec *spec)
{
	static const struct step file[] = {{0, TABLES_FUNC}};
	enum go_era era = t->table.era;
	uint8_t *at = (uint8_t *)t->func_words + t->nr_func_bytes;
	size_t first = era == GO_ERA_116 ? 8 : 4; /* behind the entry */
	size_t id = era == GO_ERA_116 ? 40 : era == GO_ERA_118 ? 36 : 40;
	size_t bytes = id + 4, gap = first + 12;
	uint64_t entry = TABLES_TEXT + i * TABLES_FUNC;
	uint32_t name = tables_name(t, spec->name);

	if (era == GO_ERA_116)
		memcpy(at, &entry, 8);
	else
		tables_u32(at, (uint32_t)(entry - TABLES_TEXT));
	tables_u32(at + first, name);
	tables_u32(at + gap, tables_values(t, spec->sp));
	tables_u32(at + gap + 4, tables_values(t, file));
	tables_u32(at + gap + 8, tables_values(t, spec->line));
	tables_u32(at + gap + 12, spec->inlined ? 3 : 0);
	tables_u32(at + gap + 16, (uint32_t)t->nr_units);
	at[id] = spec->id;
	at[id + 1] = spec->flags;
	at[id + 3] = spec->inlined ? 4 : 0;
	t->units[t->nr_units++] = (uint32_t)t->nr_files;
	strcpy(t->files + t->nr_files, spec->file);
	t->nr_files += strlen(spec->file) + 1;
	if (spec->inlined) {
		tables_u32(at + bytes + 8, tables_values(t, spec->inlined));
		bytes += 12;
		if (era == GO_ERA_116) {
			uint64_t tree = (uint64_t)(uintptr_t)t->tree;

			bytes = (bytes + 7) & ~(size_t)7;
			memcpy(at + bytes + 24, &tree, 8);
			bytes += 32;
		} else {
			memset(at + bytes, 0xff, 12);
			tables_u32(at + bytes + 12, 0);
			bytes += 16;
		}
	}
	if (era == GO_ERA_116) {
		t->index_words[i * 2] = entry;
		t->index_words[i * 2 + 1] = t->nr_func_bytes;
		t->index_words[i * 2 + 2] = entry + TABLES_FUNC;
	} else {
		uint8_t *index = (uint8_t *)t->index_words + i * 8;

		tables_u32(index, (uint32_t)(entry - TABLES_TEXT));
		tables_u32(index + 4, (uint32_t)t->nr_func_bytes);
		tables_u32(index + 8, (uint32_t)(entry + TABLES_FUNC - TABLES_TEXT));
	}
	t->nr_func_bytes += (bytes + 7) & ~(size_t)7;
}

/* Node i of the tree: a call of `name` that was inlined at parent_pc. */
static inline void tables_inlined(struct tables *t, size_t i, const char *name,
				  uint32_t parent_pc)
{
	bool old = t->table.era != GO_ERA_120;
	size_t bytes = old ? 20 : 16;
	uint8_t *node = (uint8_t *)t->tree + i * bytes;

	tables_u32(node + (old ? 12 : 4), tables_name(t, name));
	tables_u32(node + (old ? 16 : 8), parent_pc);
}

static inline void tables_begin(struct tables *t, enum go_era era)
{
	memset(t, 0, sizeof(*t));
	t->table.era = era;
	t->nr_names = t->nr_values = t->nr_files = 1;
}

static inline void tables_end(struct tables *t, size_t nr_funcs)
{
	struct go_pclntab *table = &t->table;

	table->text = table->min_pc = TABLES_TEXT;
	table->max_pc = TABLES_TEXT + nr_funcs * TABLES_FUNC;
	table->address = (uint64_t)(uintptr_t)t->func_words;
	table->names = (struct go_bytes){(uint8_t *)t->names, t->nr_names};
	table->files = (struct go_bytes){(uint8_t *)t->files, t->nr_files};
	table->units = (struct go_bytes){(uint8_t *)t->units, t->nr_units * 4};
	table->values = (struct go_bytes){t->values, t->nr_values};
	table->funcs = (struct go_bytes){(uint8_t *)t->func_words, t->nr_func_bytes};
	table->index =
		(struct go_bytes){(uint8_t *)t->index_words,
				  (nr_funcs + 1) * (table->era == GO_ERA_116 ? 16 : 8)};
	table->nr_funcs = nr_funcs;
	table->steps_left = UINT64_MAX;
	assert(t->nr_names < sizeof(t->names) && t->nr_values < sizeof(t->values));
}

#endif
