/* SPDX-License-Identifier: MIT */
/* See layout.h. The version table below only breaks ties: the values in live goroutines
 * decide, and if they contradict every layout, the target is rejected. */
#include "source/go/layout.h"

#include <stdlib.h>

#include "base/array.h"

#define GOID_FIRST  136u
#define GOID_LAST   192u
#define START_FIRST 256u
#define START_LAST  376u
#define GOID_MAX    (1ull << 53)
#define STACK_MAX   (4ull << 30)
#define ALLGS_MAX   (1ull << 26)
#define REFS_MAX    128u
#define LOOKED_AT   16u /* elements checked of a presumed list */
#define BP_FIRST    96u
#define BP_LAST     104u

/* Known layouts by the last minor version that has them. */
static const struct {
	unsigned last_minor, syscallsp, goid, parent, startpc, lockedm;
} known_layouts[] = {
	{16, 112, 152, 0, 296, 216},   {20, 112, 152, 0, 312, 232},
	{22, 112, 152, 272, 296, 208}, {24, 112, 160, 280, 304, 216},
	{25, 104, 152, 272, 296, 208}, {27, 104, 152, 280, 304, 208},
};

bool go_allgs_read(const struct go_allgs *allgs, struct memory *mem, uint64_t *first,
		   uint64_t *count)
{
	uint64_t words[3], length;

	if (allgs->first && allgs->length) {
		/* The runtime writes the pointer first, so the length is read first. */
		if (!memory_read(mem, allgs->length, &length, 8) ||
		    !memory_read(mem, allgs->first, first, 8))
			return false;
		*count = length;
		return *first && length > 0 && length <= ALLGS_MAX;
	}
	for (int try = 0; try < 4; try++) {
		uint64_t again[3];

		if (!memory_read(mem, allgs->slice, words, sizeof(words)) ||
		    !memory_read(mem, allgs->slice, again, sizeof(again)))
			return false;
		*first = words[0];
		*count = words[1];
		if (memcmp(words, again, sizeof(words)) == 0)
			break;
	}
	return words[0] && words[1] > 0 && words[1] <= words[2] && words[2] <= ALLGS_MAX;
}

/*
 * Collects the addresses that the code refers to PC-relative, each once: opcode, ModRM
 * with mod 0 and r/m 5, 32-bit displacement, and for some opcodes an immediate.
 * Instructions are not decoded in order, so the result may contain addresses that are not
 * real references.
 */
size_t go_layout_refs(const uint8_t *code, size_t bytes, uint64_t address, uint64_t *out,
		      size_t max)
{
	size_t nr = 0;

	for (size_t i = 0; i + 6 <= bytes && nr < max; i++) {
		size_t length = 6, k;
		uint64_t target;

		switch (code[i]) {
		case 0x39: /* cmp */
		case 0x3b:
		case 0x85: /* test */
		case 0x87: /* xchg */
		case 0x89: /* mov */
		case 0x8b:
		case 0x8d: /* lea */
			break;
		case 0x83: /* with an immediate byte */
			length = 7;
			break;
		case 0x81: /* with an immediate word */
		case 0xc7:
			length = 10;
			break;
		default:
			continue;
		}
		if ((code[i + 1] & 0xc7) != 0x05)
			continue;
		target = address + i + length +
			 (uint64_t)(int64_t)(int32_t)load_u32(code + i + 2);
		for (k = 0; k < nr && out[k] != target; k++)
			;
		if (k == nr)
			out[nr++] = target;
	}
	return nr;
}

static bool in_data(const struct go_module *module, uint64_t address)
{
	for (size_t i = 0; i < 3; i++)
		if (address >= module->data[i].start &&
		    address + 8 <= module->data[i].end)
			return true;
	return false;
}

/* The first elements of the list must look like goroutines: each has a stack or, once it
 * has ended, perhaps none. The very first one may have ended in a library, where
 * runtime.main returns, and in a program whose main function ends with runtime.Goexit. */
static bool looks_like_allgs(struct memory *mem, const uint64_t words[3])
{
	uint64_t gs[LOOKED_AT], stack[2];
	uint64_t count = words[1] < LOOKED_AT ? words[1] : LOOKED_AT;
	size_t stacks = 0;

	if (!words[0] || words[1] == 0 || words[1] > words[2] || words[2] > ALLGS_MAX ||
	    (words[0] & 7) != 0 || !memory_read(mem, words[0], gs, count * 8))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!gs[i] || (gs[i] & 7) != 0 ||
		    !memory_read(mem, gs[i], stack, sizeof(stack)))
			return false;
		if (stack[0] == 0 && stack[1] == 0)
			continue;
		if (stack[0] >= stack[1] || stack[1] - stack[0] > STACK_MAX)
			return false;
		stacks++;
	}
	return stacks > 0;
}

static bool allgs_from_refs(struct go_allgs *allgs, const struct go_module *module,
			    struct memory *mem, const uint64_t *refs, size_t nr_refs)
{
	uint64_t slice[3] = {0}, value;

	for (size_t i = 0; i < nr_refs && !allgs->slice; i++)
		if (in_data(module, refs[i]) &&
		    memory_read(mem, refs[i], slice, sizeof(slice)) &&
		    looks_like_allgs(mem, slice))
			allgs->slice = refs[i];
	if (!allgs->slice)
		return false;
	for (size_t i = 0; i < nr_refs; i++) {
		uint64_t ref = refs[i];

		/* The code also refers to the three words of the slice itself. */
		if (!in_data(module, ref) ||
		    (ref >= allgs->slice && ref < allgs->slice + 24) ||
		    !memory_read(mem, ref, &value, 8))
			continue;
		if (value == slice[0] && !allgs->first)
			allgs->first = ref;
		else if (value == slice[1] && !allgs->length)
			allgs->length = ref;
	}
	return true;
}

size_t go_layout_refs_of(const struct go_module *module, struct memory *mem,
			 const char *name, uint64_t *out, size_t max)
{
	uint8_t code[2048];
	uint64_t word;
	struct go_func func;
	size_t bytes, nr;

	if (!go_func_by_name(&module->table, name, &func))
		return 0;
	bytes = func.end - func.entry < sizeof(code) ? func.end - func.entry
						     : sizeof(code);
	bytes = memory_read_some(mem, func.entry, code, bytes);
	nr = go_layout_refs(code, bytes, func.entry, out, max / 2);
	/* A library uses a table of addresses. */
	for (size_t i = nr; i-- > 0;)
		if (!in_data(module, out[i]) && memory_read(mem, out[i], &word, 8) &&
		    in_data(module, word))
			out[nr++] = word;
	return nr;
}

static bool allgs_from_code(struct go_allgs *allgs, const struct go_module *module,
			    struct memory *mem, const char *name)
{
	uint64_t refs[REFS_MAX];
	size_t nr_refs = go_layout_refs_of(module, mem, name, refs, REFS_MAX);

	return allgs_from_refs(allgs, module, mem, refs, nr_refs);
}

static bool allgs_from_symbols(struct go_allgs *allgs, const struct go_elf *elf,
			       struct memory *mem)
{
	static const char *const names[] = {"runtime.allgs", "runtime.allgptr",
					    "runtime.allglen"};
	uint64_t found[3], words[3];

	if (!elf->symtab.start)
		return false;
	go_elf_symbols(elf, &mem->process, names, 3, found);
	if (!found[0] || !memory_read(mem, found[0], words, sizeof(words)) ||
	    !looks_like_allgs(mem, words))
		return false;
	*allgs = (struct go_allgs){found[0], found[1], found[2]};
	return true;
}

static bool find_allgs(struct go_layout *layout, const struct go_module *module,
		       const struct go_elf *elf, struct memory *mem)
{
	struct go_allgs *allgs = &layout->allgs;

	/* Two reads may differ while goroutines start. */
	for (int try = 0; try < 3; try++) {
		memset(allgs, 0, sizeof(*allgs));
		if (allgs_from_code(allgs, module, mem, "runtime.allgadd") &&
		    ((allgs->first && allgs->length) || try == 2))
			return true;
	}
	return allgs_from_symbols(allgs, elf, mem) ||
	       allgs_from_code(allgs, module, mem, "runtime.forEachG");
}

static bool read_sample(struct go_g_sample *sample, const struct go_allgs *allgs,
			struct memory *mem)
{
	uint64_t first, count, addresses[GO_SAMPLE_MAX];

	sample->nr = 0;
	if (!go_allgs_read(allgs, mem, &first, &count))
		return false;
	if (count > GO_SAMPLE_MAX)
		count = GO_SAMPLE_MAX;
	if (!memory_read(mem, first, addresses, count * 8))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint8_t *bytes = sample->bytes[sample->nr];

		/* The memory after a g at the very end of the heap may be unmapped. */
		memset(bytes, 0, GO_G_BYTES_MAX);
		if (memory_read_some(mem, addresses[i], bytes, GO_G_BYTES_MAX) >= 360)
			sample->nr++;
		else if (i == 0)
			return false;
	}
	return true;
}

static bool status_is_known(uint32_t status)
{
	status &= ~(uint32_t)GO_STATUS_SCAN;
	return status <= GO_STATUS_DEADEXTRA && status != 5 && status != 7;
}

static bool is_dead(uint32_t status)
{
	status &= ~(uint32_t)GO_STATUS_SCAN;
	return status == GO_STATUS_DEAD || status == GO_STATUS_IDLE ||
	       status == GO_STATUS_DEADEXTRA;
}

/* The status is the word before the id. The first goroutine may have ended and be reused
 * if the main function has ended. */
static bool goid_fits(const struct go_g_sample *sample, unsigned offset, bool ended)
{
	size_t live = 0;

	if (!ended && load_u64(sample->bytes[0] + offset) != 1)
		return false;
	for (size_t i = 0; i < sample->nr; i++) {
		uint64_t goid = load_u64(sample->bytes[i] + offset);
		uint32_t status = load_u32(sample->bytes[i] + offset - 8);

		if (!status_is_known(status) || goid >= GOID_MAX)
			return false;
		if (is_dead(status))
			continue;
		if (goid == 0)
			return false;
		live++;
		for (size_t k = 0; k < i; k++)
			if (load_u64(sample->bytes[k] + offset) == goid &&
			    !is_dead(load_u32(sample->bytes[k] + offset - 8)))
				return false;
	}
	return live > 0;
}

static size_t known_row(unsigned minor)
{
	size_t i = 0, last = ARRAY_COUNT(known_layouts) - 1;

	while (i < last && minor > known_layouts[i].last_minor)
		i++;
	return i;
}

/* Returns the offset of this version if it matches, otherwise the only one that does, or
 * 0. */
static unsigned find_goid(const struct go_g_sample *sample, unsigned minor, bool ended)
{
	unsigned hint = known_layouts[known_row(minor)].goid, found = 0;

	if (minor > 0 && goid_fits(sample, hint, ended))
		return hint;
	for (unsigned offset = GOID_FIRST; offset <= GOID_LAST && !ended; offset += 8) {
		if (!goid_fits(sample, offset, false))
			continue;
		if (found)
			return 0;
		found = offset;
	}
	return found;
}

/* Returns true for code of a plugin, and for a goroutine created by a call from C, which
 * has no start function. */
static bool is_elsewhere(const struct go_pclntab *table, uint64_t pc)
{
	return pc == 0 || pc < table->min_pc || pc >= table->max_pc;
}

/* The first goroutine starts at runtime.main; the others start at the entry of a
 * function. */
static unsigned find_startpc(const struct go_g_sample *sample,
			     const struct go_pclntab *table, uint64_t main_entry,
			     unsigned goid, unsigned minor)
{
	unsigned hint = known_layouts[known_row(minor)].startpc;

	for (unsigned offset = START_FIRST; offset <= START_LAST; offset += 8) {
		size_t live = 0, fit = 0;

		if (main_entry ? load_u64(sample->bytes[0] + offset) != main_entry
			       : offset != hint)
			continue;
		for (size_t i = 0; i < sample->nr; i++) {
			uint64_t pc = load_u64(sample->bytes[i] + offset);

			if (is_dead(load_u32(sample->bytes[i] + goid - 8)) ||
			    is_elsewhere(table, pc))
				continue;
			live++;
			fit += go_func_starts(table, pc);
		}
		if (fit > 0 && fit * 10 >= live * 9)
			return offset;
	}
	return 0;
}

/* The saved frame pointer points into the goroutine's stack; syscallsp follows it. */
static unsigned find_syscallsp(const struct go_g_sample *sample, unsigned goid,
			       unsigned minor)
{
	for (unsigned offset = BP_FIRST; offset <= BP_LAST; offset += 8) {
		size_t parked = 0, fit = 0;

		for (size_t i = 0; i < sample->nr; i++) {
			const uint8_t *g = sample->bytes[i];
			uint32_t status =
				load_u32(g + goid - 8) & ~(uint32_t)GO_STATUS_SCAN;
			uint64_t bp = load_u64(g + offset);

			if (status != GO_STATUS_WAITING)
				continue;
			parked++;
			fit += bp > load_u64(g + GO_G_SP) &&
			       bp < load_u64(g + GO_G_STACK_HI);
		}
		if (parked > 0 && fit * 4 >= parked * 3)
			return offset + 8;
	}
	return known_layouts[known_row(minor)].syscallsp;
}

/* The creator's id precedes gopc. It must be an id that has been assigned, and not always
 * 0. */
static bool parent_fits(const struct go_g_sample *sample, unsigned offset, unsigned goid)
{
	uint64_t highest = 0;
	bool some = false;

	for (size_t i = 0; i < sample->nr; i++)
		if (load_u64(sample->bytes[i] + goid) > highest)
			highest = load_u64(sample->bytes[i] + goid);
	for (size_t i = 0; i < sample->nr; i++) {
		uint64_t parent = load_u64(sample->bytes[i] + offset);

		if (is_dead(load_u32(sample->bytes[i] + goid - 8)))
			continue;
		/* A short-lived creator may be newer than all goroutines of the
		 * sample. */
		if (parent > highest + (1u << 20) ||
		    (load_u64(sample->bytes[i] + goid) == 1 && parent != 0))
			return false;
		some |= parent != 0;
	}
	return some;
}

static const char *verify_layout(const struct go_g_layout *g,
				 const struct go_g_sample *sample,
				 const struct go_pclntab *table)
{
	size_t parked = 0, on_stack = 0, in_code = 0, created = 0, live = 0;

	for (size_t i = 0; i < sample->nr; i++) {
		const uint8_t *bytes = sample->bytes[i];
		uint64_t sp = load_u64(bytes + GO_G_SP), pc = load_u64(bytes + GO_G_PC);
		uint64_t gopc = load_u64(bytes + g->gopc);
		struct go_func func;

		if (is_dead(load_u32(bytes + g->status)))
			continue;
		if (!is_elsewhere(table, gopc)) {
			live++;
			created += go_func_find(table, gopc, &func);
		}
		if (go_g_status(bytes, g) != GO_STATUS_WAITING)
			continue;
		parked++;
		on_stack += sp >= load_u64(bytes + GO_G_STACK_LO) &&
			    sp < load_u64(bytes + GO_G_STACK_HI);
		/* Plugins have their own copy of runtime code. */
		in_code += is_elsewhere(table, pc) || go_func_find(table, pc, &func);
	}
	if (live == 0 || created * 10 < live * 9)
		return "they were not created by functions";
	if (on_stack * 10 < parked * 9)
		return "their stack pointers are outside their stacks";
	if (in_code * 10 < parked * 9)
		return "they are not parked in functions";
	return NULL;
}

const char *go_layout_derive(struct go_g_layout *g, const struct go_g_sample *sample,
			     const struct go_pclntab *table, uint64_t main_entry,
			     unsigned minor)
{
	memset(g, 0, sizeof(*g));
	if (sample->nr == 0)
		return "there are none";
	g->goid = find_goid(sample, minor, main_entry == 0);
	if (!g->goid)
		return "their ids are not where any known version keeps them";
	g->startpc = find_startpc(sample, table, main_entry, g->goid, minor);
	if (!g->startpc)
		return "their start functions are not where any known version keeps them";
	g->syscallsp = find_syscallsp(sample, g->goid, minor);
	g->status = g->goid - 8;
	g->waitsince = g->goid + 16;
	g->waitreason = g->goid + 24;
	g->gopc = g->startpc - 16;
	g->ancestors = g->startpc - 8;
	g->waiting = g->startpc + 16;
	g->labels = g->waiting + 32;
	g->timer = g->labels + 8;
	g->bytes = g->timer + 8;
	if ((minor == 0 || minor >= 21) && parent_fits(sample, g->gopc - 8, g->goid))
		g->parent = g->gopc - 8;
	return g->bytes <= GO_G_BYTES_MAX ? verify_layout(g, sample, table)
					  : "they are too large";
}

/* Sets offsets of fields in other objects. Users verify the values that they read
 * there. */
static void choose_objects(struct go_layout *layout, unsigned minor)
{
	struct go_g_layout *g = &layout->g;

	for (size_t i = 0; minor == 0 && i < ARRAY_COUNT(known_layouts); i++)
		if (known_layouts[i].syscallsp == g->syscallsp &&
		    known_layouts[i].goid == g->goid &&
		    known_layouts[i].startpc == g->startpc)
			minor = known_layouts[i].last_minor;
	g->lockedm = known_layouts[known_row(minor)].lockedm;
	layout->procid = minor >= 25 ? 64 : 72;
	layout->sudog_elem = minor >= 26 ? 32 : 24;
	layout->sudog_link = minor >= 26 ? 72 : 64;
	layout->sudog_chan = minor >= 26 ? 96 : 80;
	layout->cond_elem = minor >= 26;
	layout->chan_recvq = minor >= 23 ? 64 : 56;
	layout->poll_lock = minor > 0 && minor <= 17;
}

/* Offset of the count of how often a g left the running state, from its wait reason. */
static const struct {
	unsigned first_minor, last_minor, offset;
} turns_rows[] = {{17, 20, 13}, {21, 21, 12}, {22, 27, 15}};

unsigned go_g_turns(const struct go_g_layout *layout, unsigned minor)
{
	for (size_t i = 0; i < ARRAY_COUNT(turns_rows); i++)
		if (minor >= turns_rows[i].first_minor &&
		    minor <= turns_rows[i].last_minor)
			return layout->waitreason + turns_rows[i].offset;
	return 0;
}

int go_layout_read(struct go_layout *layout, const struct go_module *module,
		   const struct go_elf *elf, struct memory *mem, struct err *e)
{
	static const char advice[] = "watch its threads with --source native";
	const char *version = go_version_name(module);
	struct go_g_sample *sample;
	const char *wrong;
	struct go_func func;
	bool ended = module->library;

	memset(layout, 0, sizeof(*layout));
	if (!go_func_by_name(&module->table, "runtime.main", &func))
		return err_set(e, ERR_UNSUPPORTED,
			       "process %d (%s) has no runtime.main; %s",
			       (int)mem->process.pid, version, advice);
	layout->main_entry = func.entry;
	if (!find_allgs(layout, module, elf, mem))
		return err_set(e, ERR_UNSUPPORTED,
			       "the goroutines of process %d (%s) cannot be "
			       "found; %s",
			       (int)mem->process.pid, version, advice);
	sample = calloc(1, sizeof(*sample));
	if (!sample)
		return err_set(e, ERR_NOMEM, "no memory for the goroutines of process %d",
			       (int)mem->process.pid);
	/* A goroutine may start or end while the sample is read. */
	for (int try = 0; try < 4; try++) {
		/* Last attempt: the first goroutine is not main, which ended with
		 * runtime.Goexit. */
		ended |= try == 3 && module->minor > 0;
		wrong = read_sample(sample, &layout->allgs, mem)
				? go_layout_derive(&layout->g, sample, &module->table,
						   ended ? 0 : layout->main_entry,
						   module->minor)
				: "they cannot be read";
		if (!wrong)
			break;
	}
	free(sample);
	if (wrong)
		return err_set(e, ERR_UNSUPPORTED,
			       "the goroutines of process %d (%s) do not look "
			       "as expected: %s; %s",
			       (int)mem->process.pid, version, wrong, advice);
	choose_objects(layout, module->minor);
	layout->turns = module->table.era != GO_ERA_116 ||
			layout->g.startpc != known_layouts[0].startpc;
	layout->turn = go_g_turns(&layout->g, module->minor);
	if (layout->turn >= layout->g.bytes)
		layout->turn = 0;
	return 0;
}
