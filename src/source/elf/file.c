/* SPDX-License-Identifier: MIT */
/* Counts and offsets are checked against fixed limits before anything is allocated. */
#include "source/elf/file.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "source/elf/cfi.h"
#include "source/elf/mini.h"

#define NAME_BYTES_MAX (1u << 20)
#define LINK_BYTES_MAX (64u << 10)
/* Debug information compresses to between a third and a tenth of its size. */
#define PACKED_RATIO   32u
#define PACKED_SLACK   (1u << 20)
#define SYMBOLS_PLAIN  (4u << 20)
#define MINI_PLAIN     (64ull << 20)
#define NOT_CREDIBLE   UINT64_MAX
#define NATIVE_DATA                                                                      \
	(__BYTE_ORDER == __LITTLE_ENDIAN ? (unsigned)ELFDATA2LSB : (unsigned)ELFDATA2MSB)

bool elf_source_read(const struct elf_source *source, uint64_t at, void *out,
		     size_t bytes)
{
	uint8_t *to = out;

	if (at > source->length || bytes > source->length - at)
		return false;
	if (source->fd < 0) {
		memcpy(out, source->bytes + at, bytes);
		return true;
	}
	while (bytes > 0) {
		ssize_t got = pread(source->fd, to, bytes, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		/* The file has become shorter. */
		if (got <= 0)
			return false;
		to += got;
		at += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return true;
}

/* Returns the decompressed size of a section whose first bytes are `start`. UINT64_MAX
 * means that no compiler writes such a section. */
static uint64_t elf_unpacked_bytes(const Elf64_Shdr *section, const char *name,
				   const uint8_t start[sizeof(Elf64_Chdr)])
{
	uint64_t unpacked = section->sh_size;

	if (section->sh_flags & SHF_COMPRESSED) {
		Elf64_Chdr header;

		memcpy(&header, start, sizeof(header));
		unpacked = header.ch_size;
	} else if (text_starts_with(name, ".zdebug_")) {
		uint64_t size;

		memcpy(&size, start + 4, sizeof(size));
		unpacked =
			memcmp(start, "ZLIB", 4) == 0 ? be64toh(size) : section->sh_size;
	}
	return unpacked > section->sh_size &&
			       (unpacked - section->sh_size > UINT64_MAX / 2 ||
				unpacked / PACKED_RATIO >
					section->sh_size + PACKED_SLACK / PACKED_RATIO)
		       ? NOT_CREDIBLE
		       : unpacked;
}

/* Memory needed for the section, compressed plus decompressed. */
static uint64_t section_bytes(const struct elf_source *source, const Elf64_Shdr *section,
			      const char *name)
{
	uint8_t start[sizeof(Elf64_Chdr)] = {0};
	size_t length = section->sh_size < sizeof(start) ? (size_t)section->sh_size
							 : sizeof(start);

	if (section->sh_offset > source->length ||
	    section->sh_size > source->length - section->sh_offset)
		return NOT_CREDIBLE;
	if (!(section->sh_flags & SHF_COMPRESSED) && !text_starts_with(name, ".zdebug_"))
		return section->sh_size;
	if (!elf_source_read(source, section->sh_offset, start, length))
		return NOT_CREDIBLE;
	uint64_t unpacked = elf_unpacked_bytes(section, name, start);

	return unpacked == NOT_CREDIBLE ? NOT_CREDIBLE : unpacked + section->sh_size;
}

static const char *name_of(const struct elf_file *file, const Elf64_Shdr *section)
{
	return file->names && section->sh_name < file->name_bytes
		       ? file->names + section->sh_name
		       : "";
}

const char *elf_file_name(const struct elf_file *file, size_t section)
{
	return name_of(file, &file->sections[section]);
}

bool elf_file_is_packed(const struct elf_file *file, size_t section)
{
	return (file->sections[section].sh_flags & SHF_COMPRESSED) ||
	       text_starts_with(elf_file_name(file, section), ".zdebug_");
}

uint64_t elf_file_unpacked_bytes(const struct elf_file *file, size_t section)
{
	const Elf64_Shdr *header = &file->sections[section];
	uint64_t bytes = section_bytes(file->source, header, name_of(file, header));

	if (bytes == NOT_CREDIBLE)
		return 0;
	return elf_file_is_packed(file, section) ? bytes - header->sh_size : bytes;
}

static bool is_elf(const Elf64_Ehdr *header)
{
	const uint8_t *ident = header->e_ident;

	return memcmp(ident, ELFMAG, SELFMAG) == 0 &&
	       (ident[EI_CLASS] == ELFCLASS32 || ident[EI_CLASS] == ELFCLASS64) &&
	       (ident[EI_DATA] == ELFDATA2LSB || ident[EI_DATA] == ELFDATA2MSB) &&
	       ident[EI_VERSION] == EV_CURRENT;
}

static bool read_sections(struct elf_file *file)
{
	const Elf64_Ehdr *header = &file->header;
	Elf64_Shdr first;
	size_t count = header->e_shnum, names = header->e_shstrndx;

	if (header->e_shoff == 0 || header->e_shentsize != sizeof(first) ||
	    !elf_source_read(file->source, header->e_shoff, &first, sizeof(first)))
		return true;
	if (count == 0)
		count = first.sh_size < SIZE_MAX ? (size_t)first.sh_size : SIZE_MAX;
	if (names == SHN_XINDEX)
		names = first.sh_link;
	if (count > ELF_SECTIONS_MAX) {
		file->too_many = true;
		return true;
	}
	file->sections = calloc(count + 1, sizeof(*file->sections));
	file->groups = calloc(count + 1, sizeof(*file->groups));
	if (!file->sections || !file->groups)
		return false;
	for (size_t i = 0; i < count; i++)
		file->groups[i] = ELF_UNUSED;
	if (!elf_source_read(file->source, header->e_shoff, file->sections,
			     count * sizeof(*file->sections)))
		return true;
	file->nr_sections = count;
	if (names >= count || file->sections[names].sh_type != SHT_STRTAB ||
	    file->sections[names].sh_size > NAME_BYTES_MAX)
		return true;
	file->name_bytes = (size_t)file->sections[names].sh_size;
	file->names = calloc(1, file->name_bytes + 1);
	if (!file->names ||
	    !elf_source_read(file->source, file->sections[names].sh_offset, file->names,
			     file->name_bytes))
		file->name_bytes = 0;
	else
		file->groups[names] = ELF_LINKS;
	return true;
}

static bool read_segments(struct elf_file *file)
{
	const Elf64_Ehdr *header = &file->header;

	if (header->e_phnum > ELF_SEGMENTS_MAX) {
		file->too_many = true;
		file->header.e_phnum = 0;
		return true;
	}
	file->segments = calloc(header->e_phnum + 1u, sizeof(*file->segments));
	if (!file->segments)
		return false;
	if (header->e_phnum == 0 || header->e_phentsize != sizeof(*file->segments) ||
	    !elf_source_read(file->source, header->e_phoff, file->segments,
			     header->e_phnum * sizeof(*file->segments)))
		file->header.e_phnum = 0;
	return true;
}

static enum elf_group group_of(const Elf64_Shdr *section, const char *name)
{
	static const struct {
		const char *name;
		enum elf_group group;
	} names[] = {
		{".gnu_debuglink", ELF_LINKS},   {".gnu_debugaltlink", ELF_LINKS},
		{".eh_frame", ELF_UNWIND},       {".eh_frame_hdr", ELF_UNWIND},
		{".debug_frame", ELF_UNWIND},    {".gnu_debugdata", ELF_MINI},
		{".debug_info", ELF_DEBUG},      {".debug_types", ELF_DEBUG},
		{".debug_abbrev", ELF_DEBUG},    {".debug_aranges", ELF_DEBUG},
		{".debug_line", ELF_DEBUG},      {".debug_line_str", ELF_DEBUG},
		{".debug_str", ELF_DEBUG},       {".debug_str_offsets", ELF_DEBUG},
		{".debug_addr", ELF_DEBUG},      {".debug_ranges", ELF_DEBUG},
		{".debug_rnglists", ELF_DEBUG},  {".debug_loc", ELF_PLACES},
		{".debug_loclists", ELF_PLACES},
	};
	bool old = text_starts_with(name, ".zdebug_");

	switch (section->sh_type) {
	case SHT_NOTE:
		return ELF_LINKS;
	case SHT_DYNSYM:
		return ELF_EXPORTS;
	case SHT_SYMTAB:
	case SHT_SYMTAB_SHNDX:
		return ELF_SYMBOLS;
	case SHT_NULL:
	case SHT_NOBITS:
		return ELF_UNUSED;
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(name, names[i].name) == 0 ||
		    (old && strcmp(name + 2, names[i].name + 1) == 0))
			return names[i].group;
	return ELF_UNUSED;
}

/* Returns true if the section is plausible for its group. */
static bool makes_sense(const struct elf_file *file, const Elf64_Shdr *section,
			const char *name, enum elf_group group)
{
	bool packed = section->sh_flags & SHF_COMPRESSED;

	if (section->sh_type == SHT_SYMTAB || section->sh_type == SHT_DYNSYM)
		return !packed && section->sh_entsize == sizeof(Elf64_Sym) &&
		       section->sh_size / sizeof(Elf64_Sym) <= ELF_SYMBOLS_MAX &&
		       section->sh_link < file->nr_sections &&
		       file->sections[section->sh_link].sh_type == SHT_STRTAB &&
		       !(file->sections[section->sh_link].sh_flags & SHF_COMPRESSED);
	return (group == ELF_DEBUG || group == ELF_PLACES || !packed ||
		strcmp(name, ".debug_frame") == 0) &&
	       (group != ELF_LINKS || section->sh_size <= LINK_BYTES_MAX ||
		section->sh_type == SHT_STRTAB) &&
	       strlen(name) < 64;
}

static void add_bytes(struct elf_file *file, enum elf_group group, uint64_t bytes)
{
	uint64_t *sum = &file->bytes[group];

	*sum = bytes == NOT_CREDIBLE || *sum > UINT64_MAX / 2 || bytes > UINT64_MAX / 2
		       ? NOT_CREDIBLE
		       : *sum + bytes;
}

/* Returns true if the file has the function table of Go. */
static bool is_go(const struct elf_file *file)
{
	for (size_t i = 0; i < file->nr_sections; i++)
		if (text_ends_with(name_of(file, &file->sections[i]), ".gopclntab"))
			return true;
	return false;
}

static void choose_sections(struct elf_file *file)
{
	bool places = is_go(file);

	for (size_t i = 0; i < file->nr_sections; i++) {
		const Elf64_Shdr *section = &file->sections[i];
		const char *name = name_of(file, section);
		enum elf_group group = group_of(section, name);

		if (group == ELF_UNUSED || (group == ELF_PLACES && !places))
			continue;
		if (!makes_sense(file, section, name, group)) {
			/* One implausible link is no reason to drop the others. */
			if (group != ELF_LINKS)
				file->bytes[group] = NOT_CREDIBLE;
			continue;
		}
		file->groups[i] = group;
		if (section->sh_type == SHT_SYMTAB || section->sh_type == SHT_DYNSYM)
			file->groups[section->sh_link] = group;
	}
	/* A section that another one refers to may have no bytes. */
	for (size_t i = 0; i < file->nr_sections; i++)
		if (i == 0 || file->sections[i].sh_type == SHT_NULL ||
		    file->sections[i].sh_type == SHT_NOBITS)
			file->groups[i] = ELF_UNUSED;
	for (size_t i = 0; i < file->nr_sections; i++)
		if (file->groups[i] != ELF_UNUSED)
			add_bytes(file, file->groups[i],
				  section_bytes(file->source, &file->sections[i],
						name_of(file, &file->sections[i])));
}

bool elf_file_read(struct elf_file *file, const struct elf_source *source)
{
	memset(file, 0, sizeof(*file));
	file->source = source;
	if (!elf_source_read(source, 0, &file->header, sizeof(file->header)) ||
	    !is_elf(&file->header) || file->header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    file->header.e_ident[EI_DATA] != NATIVE_DATA ||
	    (file->header.e_type != ET_EXEC && file->header.e_type != ET_DYN))
		return false;
	if (!read_segments(file) || !read_sections(file)) {
		elf_file_release(file);
		return false;
	}
	choose_sections(file);
	return true;
}

void elf_file_release(struct elf_file *file)
{
	free(file->segments);
	free(file->sections);
	free(file->groups);
	free(file->names);
	memset(file, 0, sizeof(*file));
}

/* Reads a section header of either class, and the section's first bytes if it may be
 * compressed. */
static bool plain_section(const struct elf_source *source, const void *from, bool small,
			  Elf64_Shdr *section, uint8_t start[sizeof(Elf64_Chdr)])
{
	Elf32_Shdr narrow;
	Elf32_Chdr packed;
	Elf64_Chdr header = {0};

	if (small) {
		memcpy(&narrow, from, sizeof(narrow));
		*section = (Elf64_Shdr){
			.sh_name = narrow.sh_name,
			.sh_type = narrow.sh_type,
			.sh_flags = narrow.sh_flags,
			.sh_offset = narrow.sh_offset,
			.sh_size = narrow.sh_size,
			.sh_entsize = narrow.sh_entsize,
		};
	} else {
		memcpy(section, from, sizeof(*section));
	}
	memset(start, 0, sizeof(Elf64_Chdr));
	if (section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL ||
	    section->sh_size < sizeof(packed))
		return true;
	if (small && (section->sh_flags & SHF_COMPRESSED)) {
		if (!elf_source_read(source, section->sh_offset, &packed, sizeof(packed)))
			return false;
		header.ch_size = packed.ch_size;
		memcpy(start, &header, sizeof(header));
		return true;
	}
	return elf_source_read(source, section->sh_offset, start,
			       section->sh_size < sizeof(Elf64_Chdr)
				       ? (size_t)section->sh_size
				       : sizeof(Elf64_Chdr));
}

static bool is_plain_section(const Elf64_Shdr *section, const char *name,
			     const uint8_t start[sizeof(Elf64_Chdr)])
{
	if (section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL)
		return true;
	if (section->sh_type == SHT_SYMTAB || section->sh_type == SHT_DYNSYM)
		return section->sh_size / sizeof(Elf32_Sym) <= SYMBOLS_PLAIN * 3 / 2;
	return elf_unpacked_bytes(section, name, start) != NOT_CREDIBLE;
}

/* Returns true if the compressed symbols are no larger than those of a large program. */
static bool is_plain_mini(const struct elf_source *source, const Elf64_Shdr *section)
{
	uint8_t *packed = section->sh_size <= ELF_MINI_BYTES_MAX
				  ? malloc((size_t)section->sh_size + 1)
				  : NULL;
	bool plain = packed &&
		     elf_source_read(source, section->sh_offset, packed,
				     (size_t)section->sh_size) &&
		     elf_mini_bytes(packed, (size_t)section->sh_size) <= MINI_PLAIN;

	free(packed);
	return plain;
}

bool elf_file_is_plain(const struct elf_source *source)
{
	union {
		Elf32_Ehdr small;
		Elf64_Ehdr large;
	} header;
	uint8_t start[sizeof(Elf64_Chdr)];
	Elf64_Shdr section;
	char *names = NULL;
	uint8_t *table = NULL;

	if (!elf_source_read(source, 0, &header, sizeof(header)) ||
	    !is_elf(&header.large))
		return false;
	bool small = header.small.e_ident[EI_CLASS] == ELFCLASS32;
	uint64_t at = small ? header.small.e_shoff : header.large.e_shoff;
	size_t count = small ? header.small.e_shnum : header.large.e_shnum;
	size_t index = small ? header.small.e_shstrndx : header.large.e_shstrndx;
	size_t each = small ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr);

	/* No sections, or more than a 16-bit count can express. */
	if (at == 0 || count == 0)
		return at == 0;
	if (index >= count)
		return false;
	bool plain = false;

	table = calloc(count, each);
	names = calloc(1, NAME_BYTES_MAX + 1);
	if (!table || !names || !elf_source_read(source, at, table, count * each) ||
	    !plain_section(source, table + index * each, small, &section, start) ||
	    section.sh_size > NAME_BYTES_MAX ||
	    !elf_source_read(source, section.sh_offset, names, (size_t)section.sh_size))
		goto out;
	size_t name_bytes = (size_t)section.sh_size;

	plain = true;
	for (size_t i = 0; plain && i < count; i++) {
		plain = plain_section(source, table + i * each, small, &section, start);
		const char *name =
			section.sh_name < name_bytes ? names + section.sh_name : "";

		plain = plain && is_plain_section(&section, name, start) &&
			(strcmp(name, ".gnu_debugdata") != 0 ||
			 section.sh_type == SHT_NOBITS ||
			 is_plain_mini(source, &section));
	}
out:
	free(table);
	free(names);
	return plain;
}

size_t elf_file_unwind_part(const struct elf_file *file, size_t part)
{
	static const char *const names[ELF_UNWIND_PARTS] = {".eh_frame", ".eh_frame_hdr",
							    ".debug_frame"};
	size_t found = 0;

	for (size_t i = 1; i < file->nr_sections; i++) {
		if (file->groups[i] != ELF_UNWIND ||
		    strcmp(name_of(file, &file->sections[i]), names[part]) != 0)
			continue;
		if (found)
			return 0;
		found = i;
	}
	return found;
}

bool elf_file_unwinds_plainly(const struct elf_source *source, uint64_t most)
{
	struct elf_cfi parts[ELF_UNWIND_PARTS];
	uint8_t *bytes[ELF_UNWIND_PARTS] = {NULL, NULL, NULL};
	struct elf_file file;
	bool plain = true;

	/* A file that is not ELF for this machine is never unwound. */
	if (!elf_file_read(&file, source))
		return true;
	memset(parts, 0, sizeof(parts));
	for (size_t i = 0; i < ELF_UNWIND_PARTS; i++) {
		size_t at = elf_file_unwind_part(&file, i);

		if (at == 0 || !file.sections)
			continue;
		const Elf64_Shdr *section = &file.sections[at];

		if ((section->sh_flags & SHF_COMPRESSED) || section->sh_size > most)
			continue;
		bytes[i] = malloc((size_t)section->sh_size + 1);
		if (!bytes[i] || !elf_source_read(source, section->sh_offset, bytes[i],
						  (size_t)section->sh_size))
			continue;
		parts[i].bytes = bytes[i];
		parts[i].length = (size_t)section->sh_size;
		parts[i].address = section->sh_addr;
	}
	elf_cfi_check(&parts[0], &parts[1], &parts[2]);
	/* libdw checks a .eh_frame_hdr of an unusual format as carefully as we do. */
	for (size_t i = 0; i < ELF_UNWIND_PARTS; i++)
		plain = plain && (i == 1 || !bytes[i] || parts[i].sane);
	for (size_t i = 0; i < ELF_UNWIND_PARTS; i++)
		free(bytes[i]);
	elf_file_release(&file);
	return plain;
}
