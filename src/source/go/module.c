/* SPDX-License-Identifier: MIT */
/* Finds pclntab by section or by its magic number, and moduledata as the word that points
 * to it, followed by six slices inside it. */
#include "source/go/module.h"

#include <errno.h>
#include <stdlib.h>

/* Indexes of words in moduledata; the same in every version since Go 1.16. */
#define WORD_NAMES      1u
#define WORD_UNITS      4u
#define WORD_FILES      7u
#define WORD_VALUES     10u
#define WORD_FUNCS      13u
#define WORD_INDEX      16u
#define WORD_MIN_PC     20u
#define WORD_MAX_PC     21u
#define WORD_TEXT       22u
#define WORD_NOPTRDATA  24u
#define WORD_DATA       26u
#define WORD_BSS        28u
#define WORD_NOPTRBSS   30u
#define WORD_GOFUNC_18  38u
#define WORD_GOFUNC_20  40u
#define MODULE_WORDS    48u

#define MAPS_MAX        (1u << 16)
#define MAP_BITS_MAX    (1u << 20)
#define TABLE_BYTES_MAX (512u << 20)
#define DATA_BYTES_MAX  (4ull << 30)
#define SEARCH_BYTES    (1ull << 30) /* per segment */

static bool era_of_magic(const uint8_t bytes[8], enum go_era *era)
{
	uint32_t magic = load_u32(bytes);

	/* Two zero bytes, instruction size 1, pointer size 8. */
	if (bytes[4] || bytes[5] || bytes[6] != 1 || bytes[7] != 8)
		return false;
	if (magic == 0xfffffffau)
		*era = GO_ERA_116;
	else if (magic == 0xfffffff0u)
		*era = GO_ERA_118;
	else if (magic == 0xfffffff1u)
		*era = GO_ERA_120;
	else
		return false;
	return true;
}

static bool era_at(struct memory *mem, uint64_t address, enum go_era *era)
{
	uint8_t bytes[8];

	return address && memory_read(mem, address, bytes, 8) && era_of_magic(bytes, era);
}

struct search {
	struct memory *mem;
	uint64_t table;
	uint64_t found;
	uint64_t words[MODULE_WORDS];
};

static bool visit_magic(void *ctx, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct search *search = ctx;
	enum go_era era;

	for (size_t i = (0 - address) & 7; i + 64 <= size; i += 8) {
		/* The header's first offset is its own size: 64 or 72 bytes. */
		if (bytes[i + 3] != 0xff || !era_of_magic(bytes + i, &era))
			continue;
		if (load_u64(bytes + i + 8) == 0 || load_u64(bytes + i + 8) > (1u << 26))
			continue;
		search->found = address + i;
		return true;
	}
	return false;
}

static uint64_t segment_bytes(const struct go_segment *segment)
{
	uint64_t bytes = segment->file_end - segment->start;

	return bytes < SEARCH_BYTES ? bytes : SEARCH_BYTES;
}

uint64_t go_module_find_table(const struct go_elf *elf, struct memory *mem)
{
	struct search search = {.mem = mem};
	enum go_era era;

	if (era_at(mem, elf->pclntab.start, &era))
		return elf->pclntab.start;
	/* A file with sections but none of Go is not a Go program. */
	if (elf->sections && !go_elf_is_go(elf))
		return 0;
	for (size_t i = 0; i < elf->nr_segments; i++) {
		const struct go_segment *segment = &elf->segments[i];

		if (memory_scan(mem, segment->start,
				segment->start + segment_bytes(segment), 64, visit_magic,
				&search))
			return search.found;
	}
	return 0;
}

/* Checks for six slices that are inside the table and full. */
static bool words_are_moduledata(const uint64_t *words, uint64_t table)
{
	for (size_t i = WORD_NAMES; i <= WORD_INDEX; i += 3) {
		uint64_t at = words[i], length = words[i + 1];

		if (length == 0 || length != words[i + 2] || length > TABLE_BYTES_MAX ||
		    at <= table || at - table > TABLE_BYTES_MAX)
			return false;
	}
	return true;
}

static bool visit_moduledata(void *ctx, uint64_t address, const uint8_t *bytes,
			     size_t size)
{
	struct search *search = ctx;

	for (size_t i = (0 - address) & 7; i + sizeof(search->words) <= size; i += 8) {
		if (load_u64(bytes + i) != search->table)
			continue;
		memcpy(search->words, bytes + i, sizeof(search->words));
		if (words_are_moduledata(search->words, search->table)) {
			search->found = address + i;
			return true;
		}
	}
	return false;
}

static bool find_moduledata(const struct go_elf *elf, struct memory *mem,
			    struct search *search)
{
	for (size_t i = 0; i < elf->nr_segments; i++) {
		const struct go_segment *segment = &elf->segments[i];

		if (segment->writable &&
		    memory_scan(mem, segment->start,
				segment->start + segment_bytes(segment),
				sizeof(search->words) - 8, visit_moduledata, search))
			return true;
	}
	return false;
}

/* Converts a slice of the target to a slice of our copy. */
static struct go_bytes slice_of(const struct go_module *module, const uint64_t *word,
				size_t element)
{
	struct go_bytes slice = {module->copy, 0};
	uint64_t offset = word[0] - module->pclntab, bytes = word[1] * element;

	if (offset <= module->copy_bytes && bytes <= module->copy_bytes - offset) {
		slice.at = module->copy + offset;
		slice.size = bytes;
	}
	return slice;
}

static int copy_table(struct go_module *module, const uint64_t *words, struct memory *mem,
		      struct err *e)
{
	struct go_pclntab *table = &module->table;
	size_t entry = table->era == GO_ERA_116 ? 16 : 8;
	uint64_t end = 0;

	for (size_t i = WORD_NAMES; i <= WORD_INDEX; i += 3) {
		size_t element = i == WORD_INDEX ? entry : i == WORD_UNITS ? 4 : 1;
		uint64_t slice_end = words[i] + words[i + 1] * element;

		if (slice_end > end)
			end = slice_end;
	}
	if (end - module->pclntab > TABLE_BYTES_MAX)
		return err_set(e, ERR_UNSUPPORTED,
			       "the function table of process %d is larger than 512 MB",
			       (int)mem->process.pid);
	module->copy_bytes = end - module->pclntab;
	module->copy = malloc(module->copy_bytes);
	if (!module->copy)
		return err_set(e, ERR_NOMEM,
			       "no memory for a function table of %zu bytes",
			       module->copy_bytes);
	if (!memory_read(mem, module->pclntab, module->copy, module->copy_bytes))
		return err_sys(e, mem->failed,
			       "cannot read the function table of process %d",
			       (int)mem->process.pid);
	table->names = slice_of(module, words + WORD_NAMES, 1);
	table->units = slice_of(module, words + WORD_UNITS, 4);
	table->files = slice_of(module, words + WORD_FILES, 1);
	table->values = slice_of(module, words + WORD_VALUES, 1);
	table->funcs = slice_of(module, words + WORD_FUNCS, 1);
	table->index = slice_of(module, words + WORD_INDEX, entry);
	table->address = words[WORD_FUNCS];
	table->text = words[WORD_TEXT];
	table->min_pc = words[WORD_MIN_PC];
	table->max_pc = words[WORD_MAX_PC];
	/* The last entry only ends the function before it; Go 1.16 has half an entry
	 * there. */
	table->nr_funcs = table->index.size / entry;
	if (table->nr_funcs > 0)
		table->nr_funcs--;
	table->steps_left = UINT64_MAX;
	return 0;
}

static bool range_makes_sense(const struct go_range *range)
{
	return range->start && range->end >= range->start &&
	       range->end - range->start <= DATA_BYTES_MAX;
}

static bool read_ranges(struct go_module *module, const uint64_t *words)
{
	module->data[0] =
		(struct go_range){words[WORD_NOPTRDATA], words[WORD_NOPTRDATA + 1]};
	module->data[1] = (struct go_range){words[WORD_DATA], words[WORD_DATA + 1]};
	module->data[2] = (struct go_range){words[WORD_BSS], words[WORD_NOPTRBSS + 1]};
	module->noptrbss =
		(struct go_range){words[WORD_NOPTRBSS], words[WORD_NOPTRBSS + 1]};
	for (size_t i = 0; i < 3; i++)
		if (!range_makes_sense(&module->data[i]))
			return false;
	if (!range_makes_sense(&module->noptrbss))
		module->noptrbss = (struct go_range){0};
	return true;
}

/* The first node of a function's tree must name a function and be inside it. */
static bool tree_makes_sense(const struct go_module *module, const struct go_func *func,
			     uint64_t tree, struct memory *mem)
{
	const struct go_bytes *names = &module->table.names;
	uint8_t bytes[GO_INLINED_MAX];
	struct go_inlined node;

	if (!memory_read(mem, tree, bytes, go_inlined_bytes(&module->table)))
		return false;
	go_inlined_parse(&module->table, bytes, &node);
	return node.name > 0 && node.name < names->size &&
	       names->at[node.name - 1] == 0 && names->at[node.name] != 0 &&
	       node.parent_pc >= 0 && (uint64_t)node.parent_pc < func->end - func->entry;
}

/* Returns true if a map of live words looks as the compiler writes it. */
static bool map_makes_sense(uint64_t map, struct memory *mem)
{
	uint8_t header[8]; /* the number of bitmaps, and of bits in each */

	return memory_read(mem, map, header, sizeof(header)) && load_u32(header) > 0 &&
	       load_u32(header) <= MAPS_MAX && load_u32(header + 4) <= MAP_BITS_MAX;
}

/* Returns how many of 64 functions are valid if gofunc is the base of their trees of
 * inlined calls. A program that was built without inlining has none, but maps. */
static unsigned score_gofunc(const struct go_module *module, uint64_t gofunc,
			     struct memory *mem)
{
	const struct go_pclntab *table = &module->table;
	unsigned trees = 0, maps = 0, trees_fit = 0, maps_fit = 0;
	struct go_func func;

	for (size_t i = 0; i < table->nr_funcs && trees < 64; i++) {
		uint64_t tree, map;

		if (!go_func_at(table, i, &func))
			continue;
		tree = go_func_inline_tree(table, &func, gofunc);
		map = maps < 64 ? go_func_data(table, &func, GO_FUNCDATA_LOCALS, gofunc)
				: 0;
		if (tree) {
			trees++;
			trees_fit += tree_makes_sense(module, &func, tree, mem);
		}
		if (map) {
			maps++;
			maps_fit += map_makes_sense(map, mem);
		}
	}
	return trees ? trees_fit * 64 / trees : maps ? maps_fit * 64 / maps : 0;
}

/*
 * Finds the base address of the trees of inlined calls. Since Go 1.26 it is the word
 * before the one that ends the table. A wrong word would give wrong names, so each
 * candidate is verified.
 */
static void find_gofunc(struct go_module *module, const uint64_t *words,
			struct memory *mem)
{
	size_t hint = module->table.era == GO_ERA_118 ? WORD_GOFUNC_18 : WORD_GOFUNC_20;
	uint64_t end = module->pclntab + module->copy_bytes;

	if (module->table.era == GO_ERA_116)
		return; /* trees are pointers in this version */
	for (size_t i = WORD_NOPTRBSS + 2; i + 1 < MODULE_WORDS; i++)
		if (words[i + 1] >= end && words[i + 1] - end < 64 && words[i] < end &&
		    words[i] > module->pclntab)
			hint = i;
	if (score_gofunc(module, words[hint], mem) >= 60) {
		module->gofunc = words[hint];
		return;
	}
	for (size_t i = WORD_NOPTRBSS + 2; i < MODULE_WORDS && !module->gofunc; i++)
		if (words[i] && score_gofunc(module, words[i], mem) >= 60)
			module->gofunc = words[i];
}

/* Finds the most frequent special id among functions without a source file. */
static void find_wrapper_id(struct go_module *module)
{
	struct go_pclntab *table = &module->table;
	uint32_t counts[256] = {0};
	struct go_func func;
	size_t step = table->nr_funcs / 20000 + 1, best = 0;

	for (size_t i = 0; i < table->nr_funcs; i += step) {
		const char *file;
		int line;

		if (!go_func_at(table, i, &func) || func.id == 0)
			continue;
		file = go_func_line(table, &func, func.entry, &line);
		if (file && strcmp(file, "<autogenerated>") == 0)
			counts[func.id]++;
	}
	for (size_t i = 1; i < 256; i++)
		if (counts[i] > counts[best])
			best = i;
	module->wrapper_id = (uint8_t)best;
}

int go_module_read(struct go_module *module, const struct go_elf *elf, struct memory *mem,
		   struct err *e)
{
	struct search search = {.mem = mem};
	int rc;

	memset(module, 0, sizeof(*module));
	module->pclntab = search.table = go_module_find_table(elf, mem);
	if (!era_at(mem, module->pclntab, &module->table.era))
		return err_set(e, ERR_UNSUPPORTED,
			       "process %d is not a Go program (1.16 or later, "
			       "x86-64)",
			       (int)mem->process.pid);
	if (!find_moduledata(elf, mem, &search))
		return err_set(e, ERR_UNSUPPORTED,
			       "process %d is a Go program without the tables "
			       "of Go 1.16 or later",
			       (int)mem->process.pid);
	module->moduledata = search.found;
	memcpy(module->words, search.words, sizeof(module->words));
	rc = copy_table(module, search.words, mem, e);
	if (rc)
		return rc;
	if (module->table.nr_funcs == 0 || !read_ranges(module, search.words))
		return err_set(e, ERR_UNSUPPORTED,
			       "the tables of Go process %d are invalid",
			       (int)mem->process.pid);
	find_gofunc(module, search.words, mem);
	find_wrapper_id(module);
	go_version_read(module, elf, mem);
	return 0;
}

void go_module_release(struct go_module *module)
{
	while (module->next) {
		struct go_module *next = module->next;

		module->next = next->next;
		free(next->copy);
		free(next);
	}
	free(module->copy);
	module->copy = NULL;
}

bool go_module_holds(const struct go_module *module, struct memory *mem)
{
	uint64_t words[GO_MODULE_WORDS];
	uint8_t magic[8];

	/* Another build has other sizes, even if it is loaded at the same address. */
	return module->copy &&
	       memory_read(mem, module->moduledata, words, sizeof(words)) &&
	       memcmp(words, module->words, sizeof(words)) == 0 &&
	       memory_read(mem, module->pclntab, magic, 8) &&
	       memcmp(magic, module->copy, 8) == 0;
}
