/* SPDX-License-Identifier: MIT */
/*
 * A file that a target names as its program, library or debug information: which parts of
 * it are needed, the private copy that is made of it, build IDs, and names of other files
 * in it. Input: a byte that chooses, then the file; or notes; or two names with a zero
 * between them.
 */
// max_len: 16384
#include <fcntl.h>
#include <libelf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/elf/image.h"
#include "source/elf/open.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* The copy can be read in turn, and holds no more than the file. */
static void check_image(int fd, struct file_budget *budget)
{
	struct elf_source source = {.fd = fd};
	struct elf_file file;
	struct stat st;

	require(fstat(fd, &st) == 0 && st.st_size > 0);
	source.length = (uint64_t)st.st_size;
	require(elf_file_read(&file, &source));
	elf_file_release(&file);
	require(budget->all_bytes <= FILE_BUDGET_ALL_BYTES);
}

/* What libelf reads in the copy. */
static void walk(int fd)
{
	Elf *elf;
	Elf_Scn *section = NULL;
	size_t names = 0;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_getshdrstrndx(elf, &names) != 0) {
		elf_end(elf);
		return;
	}
	while ((section = elf_nextscn(elf, section))) {
		Elf64_Shdr *header = elf64_getshdr(section);

		if (header)
			elf_strptr(elf, names, header->sh_name);
		elf_getdata(section, NULL);
	}
	elf_end(elf);
}

static void read_file(const uint8_t *bytes, size_t size)
{
	struct elf_source source = {.fd = -1, .bytes = bytes, .length = size};
	struct file_budget budget;
	struct elf_file file;
	int image;

	elf_file_is_plain(&source);
	if (elf_file_read(&file, &source)) {
		require(file.nr_sections <= ELF_SECTIONS_MAX);
		for (size_t i = 0; i < file.nr_sections; i++)
			require(file.groups[i] <= ELF_UNUSED);
		elf_file_release(&file);
	}
	file_budget_init(&budget);
	file_budget_begin_sample(&budget);
	image = elf_image_make(&source, "/lib/x.so", &budget);
	require(strlen(budget.note) < FILE_BUDGET_TEXT);
	if (image < 0)
		return;
	check_image(image, &budget);
	walk(image);
	close(image);
}

static void read_notes(const uint8_t *bytes, size_t size)
{
	uint8_t id[ELF_ID_MAX];

	require(elf_build_id(bytes, size, id) <= ELF_ID_MAX);
}

static void read_link(const char *file, const char *link)
{
	char path[4096];
	bool inside;

	/* Other files are not modules. */
	if (file[0] != '/')
		return;
	for (unsigned way = 0;
	     way < 16 && elf_link_path(path, sizeof(path), file, link, way, &inside);
	     way++)
		require((path[0] == '/' || !path[0]) && strlen(path) < sizeof(path));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *copy;
	size_t name;

	if (size < 2)
		return -1;
	/* The block has the exact size, so that a read one byte too far is found. */
	copy = malloc(size);
	memcpy(copy, bytes + 1, size - 1);
	copy[size - 1] = '\0';
	name = strlen((const char *)copy) + 1;
	if (bytes[0] == 'f')
		read_file(copy, size - 1);
	else if (bytes[0] == 'n')
		read_notes(copy, size - 1);
	else if (bytes[0] == 'l' && name < size)
		read_link((const char *)copy, (const char *)copy + name);
	free(copy);
	return 0;
}
