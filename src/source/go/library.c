/* SPDX-License-Identifier: MIT */
/* Everything is read from memory: the file of a library may be gone or be in another root
 * directory. */
#include "source/go/library.h"

#include <elf.h>
#include <stdlib.h>

#include "source/proc/process.h"

#define MAPS_MAX     (16u << 20)
#define FILES_MAX    4096u
#define HEADERS_MAX  64u
#define NOTES_MAX    4096u
#define GO_NOTE_TYPE 4u /* cmd/internal/buildid */

struct headers {
	Elf64_Ehdr file;
	Elf64_Phdr program[HEADERS_MAX];
	size_t nr;
	uint64_t bias;
};

static bool read_headers(struct headers *headers, struct memory *mem, uint64_t base)
{
	const Elf64_Ehdr *file = &headers->file;

	headers->nr = 0;
	if (!memory_read(mem, base, &headers->file, sizeof(headers->file)) ||
	    memcmp(file->e_ident, ELFMAG, SELFMAG) != 0 ||
	    file->e_ident[EI_CLASS] != ELFCLASS64 || file->e_machine != EM_X86_64 ||
	    file->e_phentsize != sizeof(Elf64_Phdr) || file->e_phnum == 0 ||
	    file->e_phnum > HEADERS_MAX || file->e_phoff > 65536 ||
	    !memory_read(mem, base + file->e_phoff, headers->program,
			 file->e_phnum * sizeof(Elf64_Phdr)))
		return false;
	headers->nr = file->e_phnum;
	for (size_t i = 0; i < headers->nr; i++) {
		if (headers->program[i].p_type != PT_LOAD)
			continue;
		headers->bias = base - (headers->program[i].p_vaddr & ~4095ull);
		return true;
	}
	return false;
}

static bool has_go_note(const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + 16 <= size;) {
		uint64_t name = load_u32(bytes + at), text = load_u32(bytes + at + 4);
		uint32_t type = load_u32(bytes + at + 8);

		if (type == GO_NOTE_TYPE && name == 4 &&
		    memcmp(bytes + at + 12, "Go\0", 4) == 0)
			return true;
		at += 12 + ((name + 3) & ~3ull) + ((text + 3) & ~3ull);
	}
	return false;
}

static bool is_go(const struct headers *headers, struct memory *mem)
{
	uint8_t notes[NOTES_MAX];

	for (size_t i = 0; i < headers->nr; i++) {
		const Elf64_Phdr *header = &headers->program[i];
		size_t size = header->p_filesz < sizeof(notes) ? header->p_filesz
							       : sizeof(notes);

		if (header->p_type != PT_NOTE)
			continue;
		size = memory_read_some(mem, header->p_vaddr + headers->bias, notes,
					size);
		if (has_go_note(notes, size))
			return true;
	}
	return false;
}

size_t go_libraries_find(struct memory *mem, uint64_t except,
			 uint64_t bases[GO_LIBRARIES_MAX])
{
	struct headers *headers = malloc(sizeof(*headers));
	size_t nr = 0, files = 0, at = 0;
	struct process_maps maps;
	struct proc_map map;

	process_maps_read(&maps, &mem->process, MAPS_MAX, NULL);
	while (headers && nr < GO_LIBRARIES_MAX && process_maps_next(&maps, &at, &map)) {
		if (!map.readable || map.offset != 0 || map.path_bytes == 0 ||
		    map.path[0] != '/' || map.start == except || files++ >= FILES_MAX)
			continue;
		if (read_headers(headers, mem, map.start) &&
		    headers->file.e_type == ET_DYN && is_go(headers, mem))
			bases[nr++] = map.start;
	}
	process_maps_release(&maps);
	free(headers);
	return nr;
}

bool go_library_read(struct go_elf *elf, struct memory *mem, uint64_t base)
{
	struct headers *headers = malloc(sizeof(*headers));
	bool fine = headers && read_headers(headers, mem, base);

	memset(elf, 0, sizeof(*elf));
	if (fine) {
		elf->bias = headers->bias;
		go_elf_segments(elf, headers->program, headers->nr);
	}
	free(headers);
	return fine && elf->nr_segments > 0;
}
