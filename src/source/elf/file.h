/* SPDX-License-Identifier: MIT */
/* Reads and checks the headers of an untrusted ELF file once, and selects the sections
 * that are needed to name addresses and to unwind. Works on bytes alone, without state.
 * */
#ifndef SOURCE_ELF_FILE_H
#define SOURCE_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SECTIONS_MAX 4096u
#define ELF_SEGMENTS_MAX 256u
#define ELF_SYMBOLS_MAX  (2u << 20)

/* Where the bytes are: in a file, or in memory if fd < 0. */
struct elf_source {
	int fd;
	const uint8_t *bytes;
	uint64_t length;
};

/* What sections are used for, most useful first. The budget is spent in this order. */
enum elf_group {
	ELF_LINKS,   /* notes and names of other files; small */
	ELF_EXPORTS, /* exported symbols */
	ELF_UNWIND,
	ELF_SYMBOLS,
	ELF_MINI, /* compressed symbols */
	ELF_DEBUG,
	ELF_PLACES, /* where variables are; of Go programs alone */
	ELF_GROUPS,
	ELF_UNUSED = ELF_GROUPS
};

struct elf_file {
	const struct elf_source *source;
	Elf64_Ehdr header;
	Elf64_Phdr *segments;
	Elf64_Shdr *sections;
	enum elf_group *groups; /* one per section */
	char *names;
	size_t nr_sections, name_bytes;
	bool too_many; /* sections or segments; none were read */
	/* Memory needed to read and decompress a group; UINT64_MAX if implausibly large.
	 * */
	uint64_t bytes[ELF_GROUPS];
};

/* Returns false if it is not an ELF file for this machine. If true, the caller releases
 * it. */
bool elf_file_read(struct elf_file *file, const struct elf_source *source);
void elf_file_release(struct elf_file *file);
bool elf_source_read(const struct elf_source *source, uint64_t at, void *out,
		     size_t bytes);
/* Returns true if libelf and libdw can safely read the file as it is: it is ELF, and
 * nothing in it decompresses to an implausible size. For files of root and of our own
 * user. */
bool elf_file_is_plain(const struct elf_source *source);
/* Returns true if the unwind tables of such a file are safe, too. Tables longer than
 * `most` bytes are not checked. */
bool elf_file_unwinds_plainly(const struct elf_source *source, uint64_t most);
#define ELF_UNWIND_PARTS 3u
/* Returns the index of the only .eh_frame, .eh_frame_hdr or .debug_frame section (part 0,
 * 1 or 2), or 0 if there is none or more than one. */
size_t elf_file_unwind_part(const struct elf_file *file, size_t part);
/* Returns "" if the section has no name. */
const char *elf_file_name(const struct elf_file *file, size_t section);
bool elf_file_is_packed(const struct elf_file *file, size_t section);
/* Returns the decompressed size of a section, compressed or not; 0 if implausible. */
uint64_t elf_file_unpacked_bytes(const struct elf_file *file, size_t section);
/* Decompresses a section; see unpack.c. Returns false unless the result has exactly
 * `bytes` bytes. */
bool elf_file_unpack(const struct elf_file *file, size_t section, uint8_t *out,
		     uint64_t bytes);

#endif
