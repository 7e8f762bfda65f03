/* SPDX-License-Identifier: MIT */
/* The section table keeps its indexes, because symbols refer to them; sections that are
 * not copied become empty. Program headers keep only their addresses. */
#include "source/elf/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "source/elf/cfi.h"
#include "source/elf/dwarf.h"
#include "source/elf/mini.h"

#define ALIGNMENT      16u
#define STEP_BYTES     (4u << 20)
#define FLAT_BYTES_MAX (32u << 20)
#define MINI_COPIES    4u /* of the compressed symbols: ours, and two that libdwfl makes */

/* The compressed symbols, in their new xz stream. */
struct mini {
	size_t index; /* of the section; 0 if none */
	uint8_t *bytes;
	size_t length;
};

static uint64_t aligned(uint64_t at)
{
	return (at + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

/* Makes the image immutable; returns -1 if that is not possible. */
static int seal(int fd, uint8_t *image, size_t length)
{
	munmap(image, length);
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		return fd;
	close(fd);
	return -1;
}

static int new_image(size_t length, uint8_t **image)
{
	int fd = memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	*image = ftruncate(fd, (off_t)length) == 0
			 ? mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
			 : MAP_FAILED;
	if (*image != MAP_FAILED)
		return fd;
	close(fd);
	return -1;
}

/* Copies in steps, as long as the budget has time. */
static bool copy_bytes(const struct elf_source *source, uint64_t at, uint8_t *to,
		       uint64_t bytes, struct file_budget *budget)
{
	while (bytes > 0) {
		size_t step = bytes < STEP_BYTES ? (size_t)bytes : STEP_BYTES;
		int64_t begin_ns = clock_mono_ns();
		bool read = elf_source_read(source, at, to, step);

		file_budget_spend(budget, begin_ns);
		if (!read || !file_budget_has_time(budget))
			return false;
		at += step;
		to += step;
		bytes -= step;
	}
	return true;
}

/* Without sections, the end of the unwind tables is unknown, so they cannot be checked.
 * */
static void hide_unwind_tables(const Elf64_Ehdr *header, uint8_t *image, uint64_t length)
{
	for (size_t i = 0; i < header->e_phnum; i++) {
		uint64_t at = header->e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr segment;

		if (at > length || length - at < sizeof(segment))
			return;
		memcpy(&segment, image + at, sizeof(segment));
		if (segment.p_type != PT_GNU_EH_FRAME)
			continue;
		segment.p_offset = segment.p_filesz = 0;
		memcpy(image + at, &segment, sizeof(segment));
	}
}

/* For a file without section headers: copies the beginning of the file as it is. libdwfl
 * finds the exported symbols by the program headers. */
static int make_flat(const struct elf_file *file, const char *path,
		     struct file_budget *budget)
{
	uint64_t length = file->source->length < FLAT_BYTES_MAX ? file->source->length
								: FLAT_BYTES_MAX;
	Elf64_Ehdr header = file->header;
	uint8_t *image;

	if (!file_budget_take(budget, length)) {
		file_budget_say(budget, "symbols", path,
				"the files of the process are too large");
		return -1;
	}
	int fd = new_image((size_t)length, &image);

	if (fd < 0)
		return -1;
	if (!copy_bytes(file->source, 0, image, length, budget)) {
		munmap(image, (size_t)length);
		close(fd);
		return -1;
	}
	header.e_ident[EI_NIDENT - 1] = ELF_IMAGE_MARK;
	header.e_shoff = 0;
	header.e_shnum = 0;
	header.e_shstrndx = 0;
	memcpy(image, &header, sizeof(header));
	hide_unwind_tables(&header, image, length);
	return seal(fd, image, (size_t)length);
}

static void drop_group(struct elf_file *file, size_t group)
{
	for (size_t i = 0; i < file->nr_sections; i++)
		if (file->groups[i] == group)
			file->groups[i] = ELF_UNUSED;
}

/* Limits the size to what was taken from the budget, whatever the file says now. */
static uint64_t unpacked_bytes(const struct elf_file *file, size_t section)
{
	uint64_t bytes = elf_file_unpacked_bytes(file, section);

	return bytes <= file->bytes[file->groups[section]] ? bytes : 0;
}

/* Assigns an offset to each section. Returns the offset of the section table. */
static uint64_t assign_offsets(const struct elf_file *file, const struct mini *mini,
			       Elf64_Shdr *sections)
{
	uint64_t at =
		aligned(sizeof(Elf64_Ehdr) + file->header.e_phnum * sizeof(Elf64_Phdr));

	for (size_t i = 0; i < file->nr_sections; i++) {
		sections[i] = file->sections[i];
		if (file->groups[i] == ELF_UNUSED) {
			if (sections[i].sh_type != SHT_NULL)
				sections[i].sh_type = SHT_NOBITS;
			sections[i].sh_offset = 0;
			sections[i].sh_flags &= ~(uint64_t)SHF_COMPRESSED;
			continue;
		}
		if (i == mini->index)
			sections[i].sh_size = mini->length;
		else if (elf_file_is_packed(file, i))
			sections[i].sh_size = unpacked_bytes(file, i);
		sections[i].sh_offset = at;
		sections[i].sh_addralign = sections[i].sh_addralign ? ALIGNMENT : 0;
		at = aligned(at + sections[i].sh_size);
	}
	return at;
}

/* Empties unwind tables that would be too expensive for libdw. */
static void check_unwind(const struct elf_file *file, Elf64_Shdr *sections,
			 const uint8_t *image, struct file_budget *budget)
{
	int64_t begin_ns = clock_mono_ns();
	struct elf_cfi parts[ELF_UNWIND_PARTS];
	size_t at[ELF_UNWIND_PARTS];

	memset(parts, 0, sizeof(parts));
	for (size_t i = 0; i < ELF_UNWIND_PARTS; i++) {
		at[i] = elf_file_unwind_part(file, i);
		/* The section could not be copied. */
		if (at[i] == 0 || sections[at[i]].sh_type == SHT_NOBITS)
			continue;
		parts[i].bytes = image + sections[at[i]].sh_offset;
		parts[i].length = (size_t)sections[at[i]].sh_size;
		parts[i].address = sections[at[i]].sh_addr;
	}
	elf_cfi_check(&parts[0], &parts[1], &parts[2]);
	for (size_t i = 0; i < file->nr_sections; i++)
		if (file->groups[i] == ELF_UNWIND && !(i == at[0] && parts[0].sane) &&
		    !(i == at[1] && parts[1].sane) && !(i == at[2] && parts[2].sane))
			sections[i].sh_type = SHT_NOBITS;
	file_budget_spend(budget, begin_ns);
}

/* Returns the only section of this name, including its .zdebug form, or 0 if there is
 * none or more than one. */
static size_t debug_section(const struct elf_file *file, const Elf64_Shdr *sections,
			    const char *name)
{
	size_t found = 0;

	for (size_t i = 1; i < file->nr_sections; i++) {
		const char *own = elf_file_name(file, i);

		if (file->groups[i] != ELF_DEBUG || sections[i].sh_type == SHT_NOBITS ||
		    (strcmp(own, name) != 0 &&
		     (!text_starts_with(own, ".z") || strcmp(own + 2, name + 1) != 0)))
			continue;
		if (found)
			return 0;
		found = i;
	}
	return found;
}

/* Empties the debug information if one of the two essential sections is missing, or if
 * libdw should not read its units. Returns false in the latter case. */
static bool check_debug(const struct elf_file *file, Elf64_Shdr *sections,
			const uint8_t *image, struct file_budget *budget)
{
	static const char *const units[] = {".debug_info", ".debug_types"};
	int64_t begin_ns = clock_mono_ns();
	size_t table = debug_section(file, sections, ".debug_abbrev");
	bool there = table && debug_section(file, sections, units[0]), sane = there;

	for (size_t i = 0; i < ARRAY_COUNT(units) && sane; i++) {
		size_t at = debug_section(file, sections, units[i]);

		sane = !at || elf_dwarf_check(image + sections[at].sh_offset,
					      (size_t)sections[at].sh_size,
					      image + sections[table].sh_offset,
					      (size_t)sections[table].sh_size);
	}
	for (size_t i = 0; i < file->nr_sections; i++)
		if (!sane && file->groups[i] == ELF_DEBUG)
			sections[i].sh_type = SHT_NOBITS;
	file_budget_spend(budget, begin_ns);
	return sane || !there;
}

static void copy_sections(const struct elf_file *file, const struct mini *mini,
			  Elf64_Shdr *sections, uint8_t *image,
			  struct file_budget *budget)
{
	for (size_t i = 0; i < file->nr_sections; i++) {
		uint8_t *to = image + sections[i].sh_offset;
		uint64_t at = file->sections[i].sh_offset, bytes = sections[i].sh_size;
		bool done = true;

		if (file->groups[i] == ELF_UNUSED)
			continue;
		if (i == mini->index)
			memcpy(to, mini->bytes, mini->length);
		else if (!elf_file_is_packed(file, i))
			done = copy_bytes(file->source, at, to, bytes, budget);
		else
			done = file_budget_has_time(budget) &&
			       elf_file_unpack(file, i, to, bytes);
		sections[i].sh_flags &= ~(uint64_t)SHF_COMPRESSED;
		if (!done)
			sections[i].sh_type = SHT_NOBITS;
	}
}

/* Writes the names by which the sections were chosen; ".zdebug_info" becomes
 * ".debug_info". */
static void put_names(const struct elf_file *file, Elf64_Shdr *sections, size_t index,
		      uint8_t *image)
{
	char *names = (char *)image + sections[index].sh_offset;

	if (!index || file->groups[index] == ELF_UNUSED ||
	    sections[index].sh_size != file->name_bytes)
		return;
	memcpy(names, file->names, file->name_bytes);
	for (size_t i = 1; i < file->nr_sections; i++) {
		if (file->groups[i] == ELF_UNUSED ||
		    !text_starts_with(elf_file_name(file, i), ".zdebug_"))
			continue;
		names[++sections[i].sh_name] = '.';
	}
}

static void put_headers(const struct elf_file *file, Elf64_Shdr *sections, uint64_t table,
			uint8_t *image)
{
	Elf64_Ehdr header = file->header;

	header.e_ident[EI_NIDENT - 1] = ELF_IMAGE_MARK;
	header.e_phoff = header.e_phnum ? sizeof(header) : 0;
	header.e_shoff = table;
	header.e_shnum = (Elf64_Half)file->nr_sections;
	if (header.e_shstrndx >= file->nr_sections || !file->name_bytes)
		header.e_shstrndx = 0;
	memcpy(image, &header, sizeof(header));
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment = file->segments[i];

		segment.p_offset = 0;
		segment.p_filesz = 0;
		memcpy(image + sizeof(header) + i * sizeof(segment), &segment,
		       sizeof(segment));
	}
	put_names(file, sections, header.e_shstrndx, image);
	memcpy(image + table, sections, file->nr_sections * sizeof(*sections));
}

/* Writes an ELF file that contains only the symbols of the one in bytes, as an xz stream.
 * */
static bool pack_symbols(const uint8_t *bytes, size_t length, struct mini *mini,
			 struct file_budget *budget)
{
	const struct elf_source source = {.fd = -1, .bytes = bytes, .length = length};
	const struct mini none = {.index = 0};
	Elf64_Shdr *sections = NULL;
	uint8_t *image = NULL;
	struct elf_file file;

	if (!elf_file_read(&file, &source))
		return false;
	for (size_t group = 0; group < ELF_GROUPS; group++)
		if (group != ELF_SYMBOLS && group != ELF_LINKS)
			drop_group(&file, group);
	if (file.bytes[ELF_LINKS] > length || file.bytes[ELF_SYMBOLS] > length ||
	    file.nr_sections == 0)
		goto out;
	sections = calloc(file.nr_sections, sizeof(*sections));
	if (!sections)
		goto out;
	uint64_t table = assign_offsets(&file, &none, sections);
	size_t all = (size_t)table + file.nr_sections * sizeof(*sections);

	image = calloc(1, all);
	mini->bytes = image ? malloc(elf_mini_store_bytes(all)) : NULL;
	if (mini->bytes) {
		copy_sections(&file, &none, sections, image, budget);
		put_headers(&file, sections, table, image);
		mini->length = elf_mini_store(image, all, mini->bytes);
	}
out:
	free(image);
	free(sections);
	elf_file_release(&file);
	return mini->bytes != NULL;
}

/* libdwfl would decompress the symbols whatever their size, and again any symbols that
 * are compressed inside them. */
static bool repack_symbols(const struct elf_file *file, struct mini *mini,
			   struct file_budget *budget)
{
	const Elf64_Shdr *section;
	uint8_t *packed = NULL, *bytes = NULL;
	bool done = false;

	while (mini->index < file->nr_sections && file->groups[mini->index] != ELF_MINI)
		mini->index++;
	if (mini->index == file->nr_sections ||
	    file->sections[mini->index].sh_size > ELF_MINI_BYTES_MAX)
		return false;
	section = &file->sections[mini->index];
	packed = malloc((size_t)section->sh_size + 1);
	if (!packed || !copy_bytes(file->source, section->sh_offset, packed,
				   section->sh_size, budget))
		goto out;
	uint64_t length = elf_mini_bytes(packed, (size_t)section->sh_size);

	if (length > ELF_MINI_BYTES_MAX ||
	    !file_budget_take(budget, MINI_COPIES * length))
		goto out;
	bytes = malloc((size_t)length + 1);
	done = bytes &&
	       elf_mini_unpack(packed, (size_t)section->sh_size, bytes, (size_t)length) &&
	       pack_symbols(bytes, (size_t)length, mini, budget);
out:
	free(packed);
	free(bytes);
	return done;
}

/* Takes what fits into the budget, most useful first, and drops the rest. */
static void drop_over_budget(struct elf_file *file, struct mini *mini, const char *path,
			     struct file_budget *budget)
{
	static const char *const names[ELF_GROUPS] = {
		[ELF_LINKS] = "links",
		[ELF_EXPORTS] = "symbols",
		[ELF_UNWIND] = "unwind tables",
		[ELF_SYMBOLS] = "symbols",
		[ELF_MINI] = "symbols",
		[ELF_DEBUG] = "debug information",
		[ELF_PLACES] = "places of variables",
	};
	char why[96] = "the size is implausible";

	for (size_t group = 0; group < ELF_GROUPS; group++) {
		uint64_t bytes = file->bytes[group];

		if (bytes == 0 ||
		    (file_budget_take(budget, bytes) &&
		     (group != ELF_MINI || repack_symbols(file, mini, budget))))
			continue;
		if (bytes != UINT64_MAX)
			snprintf(why, sizeof(why),
				 "it would exceed the limit of %u MB for the files of "
				 "the process",
				 (unsigned)(FILE_BUDGET_SAMPLE_BYTES >> 20));
		file_budget_say(budget, names[group], path, why);
		file->bytes[group] = 0;
		drop_group(file, group);
	}
	if (!mini->bytes)
		mini->index = 0;
}

static int make_sections(struct elf_file *file, const char *path,
			 struct file_budget *budget)
{
	Elf64_Shdr *sections = calloc(file->nr_sections, sizeof(*sections));
	struct mini mini = {.index = 0};
	uint8_t *image;
	int fd = -1;

	if (!sections)
		return -1;
	drop_over_budget(file, &mini, path, budget);
	uint64_t table = assign_offsets(file, &mini, sections);
	size_t length = (size_t)table + file->nr_sections * sizeof(*sections);

	fd = new_image(length, &image);
	if (fd >= 0) {
		copy_sections(file, &mini, sections, image, budget);
		check_unwind(file, sections, image, budget);
		if (!check_debug(file, sections, image, budget))
			file_budget_say(budget, "debug information", path,
					"the size is implausible");
		put_headers(file, sections, table, image);
		fd = seal(fd, image, length);
	}
	free(mini.bytes);
	free(sections);
	return fd;
}

int elf_image_make(const struct elf_source *source, const char *path,
		   struct file_budget *budget)
{
	struct elf_file file;
	int fd = -1;

	if (!file_budget_has_time(budget) || !file_budget_take_file(budget)) {
		file_budget_say(
			budget, "symbols", path,
			file_budget_has_time(budget)
				? "the process has too many files"
				: "the files of the process take too long to read");
		return -1;
	}
	if (!elf_file_read(&file, source))
		return -1;
	if (file.too_many)
		file_budget_say(budget, "symbols", path,
				"it has more sections than any linker creates");
	fd = file.nr_sections && !file.too_many ? make_sections(&file, path, budget)
						: make_flat(&file, path, budget);
	elf_file_release(&file);
	return fd;
}

int elf_image_empty(void)
{
	static const char names[] = "\0.shstrtab\0.debug_line";
	struct {
		Elf64_Ehdr header;
		Elf64_Shdr sections[3];
		char names[24];
		uint8_t line[8];
	} whole = {
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				       ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_DYN,
			   .e_version = EV_CURRENT,
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = 3,
			   .e_shstrndx = 1},
	};
	uint8_t *image;

	memcpy(whole.names, names, sizeof(names));
	if (__BYTE_ORDER != __LITTLE_ENDIAN)
		whole.header.e_ident[EI_DATA] = ELFDATA2MSB;
	whole.header.e_shoff = (uint64_t)((uint8_t *)whole.sections - (uint8_t *)&whole);
	whole.sections[1] = (Elf64_Shdr){
		.sh_name = 1,
		.sh_type = SHT_STRTAB,
		.sh_offset = (uint64_t)((uint8_t *)whole.names - (uint8_t *)&whole),
		.sh_size = sizeof(names),
	};
	whole.sections[2] = (Elf64_Shdr){
		.sh_name = 11,
		.sh_type = SHT_PROGBITS,
		.sh_offset = (uint64_t)((uint8_t *)whole.line - (uint8_t *)&whole),
		.sh_size = sizeof(whole.line),
	};
	int fd = new_image(sizeof(whole), &image);

	if (fd < 0)
		return -1;
	memcpy(image, &whole, sizeof(whole));
	return seal(fd, image, sizeof(whole));
}
