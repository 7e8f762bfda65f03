/* SPDX-License-Identifier: MIT */
/* The headers of an ELF file that nobody vouches for, read once and checked, and which of its
 * sections are needed to name addresses and to unwind. Bytes in, answer out: no state. */
#ifndef SOURCE_ELF_FILE_H
#define SOURCE_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SECTIONS_MAX 4096u
#define ELF_SEGMENTS_MAX 256u
#define ELF_SYMBOLS_MAX  (2u << 20)

/* Where the bytes are: a file, or memory where fd < 0. */
struct elf_source {
	int fd;
	const uint8_t *bytes;
	uint64_t length;
};

/* What sections are for, the most useful first: the budget is spent in this order. */
enum elf_group {
	ELF_LINKS,   /* notes, names of other files; small */
	ELF_EXPORTS, /* what it exports */
	ELF_UNWIND,
	ELF_SYMBOLS,
	ELF_MINI, /* symbols, compressed */
	ELF_DEBUG,
	ELF_GROUPS,
	ELF_UNUSED = ELF_GROUPS
};

struct elf_file {
	const struct elf_source *source;
	Elf64_Ehdr header;
	Elf64_Phdr *segments;
	Elf64_Shdr *sections;
	enum elf_group *groups; /* of the sections */
	char *names;
	size_t nr_sections, name_bytes;
	bool too_many; /* sections or segments: none are read */
	/* What a group takes once it is read and unpacked; UINT64_MAX: that is not credible. */
	uint64_t bytes[ELF_GROUPS];
};

/* False: it is no ELF file of this machine's kind. Where it is, release it. */
bool elf_file_read(struct elf_file *file, const struct elf_source *source);
void elf_file_release(struct elf_file *file);
bool elf_source_read(const struct elf_source *source, uint64_t at, void *out,
		     size_t bytes);
/* Whether libelf and libdw may be given the file as it is: it is ELF, and nothing in it is
 * unpacked to much more than it takes. For files of root and of our own user. */
bool elf_file_is_plain(const struct elf_source *source);
/* The same of its unwind tables, as far as they are no longer than most. */
bool elf_file_unwinds_plainly(const struct elf_source *source, uint64_t most);
#define ELF_UNWIND_PARTS 3u
/* The only section that is .eh_frame, .eh_frame_hdr or .debug_frame (part 0, 1, 2); 0: there
 * is none, or several. */
size_t elf_file_unwind_part(const struct elf_file *file, size_t part);
/* "" if it has none. */
const char *elf_file_name(const struct elf_file *file, size_t section);
bool elf_file_is_packed(const struct elf_file *file, size_t section);
/* What a section becomes that may be compressed; 0: that is not credible. */
uint64_t elf_file_unpacked_bytes(const struct elf_file *file, size_t section);
/* False: it does not become just that many bytes. unpack.c. */
bool elf_file_unpack(const struct elf_file *file, size_t section, uint8_t *out,
		     uint64_t bytes);
/* What a compressed section becomes; UINT64_MAX: no compiler's. start: its first bytes. */
uint64_t elf_unpacked_bytes(const Elf64_Shdr *section, const char *name,
			    const uint8_t start[sizeof(Elf64_Chdr)]);

#endif
