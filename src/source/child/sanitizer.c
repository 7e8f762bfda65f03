/* SPDX-License-Identifier: MIT */
/* A program with a sanitizer refers to the sanitizer's library or functions by name, and
 * the strings of its dynamic section contain both. */
#include "source/child/sanitizer.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/proc/process.h"
#include "source/proc/target_file.h"

#define STRINGS_MAX (8u << 20)
#define DYNAMIC_MAX 512u
#define PARTS_MAX   64u

struct image {
	int fd;
	ElfW(Phdr) parts[PARTS_MAX];
	size_t nr_parts;
};

static bool read_at(int fd, void *bytes, size_t length, uint64_t at)
{
	return at <= INT64_MAX && pread(fd, bytes, length, (off_t)at) == (ssize_t)length;
}

static bool read_parts(struct image *image)
{
	const int class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	ElfW(Ehdr) header;

	if (!read_at(image->fd, &header, sizeof(header), 0) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != class ||
	    header.e_phentsize != sizeof(image->parts[0]))
		return false;
	image->nr_parts = header.e_phnum < PARTS_MAX ? header.e_phnum : PARTS_MAX;
	return read_at(image->fd, image->parts, image->nr_parts * sizeof(image->parts[0]),
		       header.e_phoff);
}

/* Converts an address of the program to an offset in its file, or UINT64_MAX. */
static uint64_t file_offset(const struct image *image, uint64_t address)
{
	for (size_t i = 0; i < image->nr_parts; i++) {
		const ElfW(Phdr) *part = &image->parts[i];

		if (part->p_type == PT_LOAD && address >= part->p_vaddr &&
		    address - part->p_vaddr < part->p_filesz)
			return part->p_offset + (address - part->p_vaddr);
	}
	return UINT64_MAX;
}

/* Finds offset and size of the dynamic strings. */
static bool find_strings(const struct image *image, uint64_t *at, size_t *bytes)
{
	ElfW(Dyn) entries[DYNAMIC_MAX];
	size_t count = 0;

	*bytes = 0;
	*at = UINT64_MAX;
	for (size_t i = 0; i < image->nr_parts; i++) {
		const ElfW(Phdr) *part = &image->parts[i];

		if (part->p_type != PT_DYNAMIC)
			continue;
		count = part->p_filesz / sizeof(entries[0]);
		count = count < DYNAMIC_MAX ? count : DYNAMIC_MAX;
		if (!read_at(image->fd, entries, count * sizeof(entries[0]),
			     part->p_offset))
			count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (entries[i].d_tag == DT_STRTAB)
			*at = file_offset(image, entries[i].d_un.d_ptr);
		else if (entries[i].d_tag == DT_STRSZ)
			*bytes = entries[i].d_un.d_val < STRINGS_MAX
					 ? entries[i].d_un.d_val
					 : STRINGS_MAX;
	}
	return *at != UINT64_MAX && *bytes > 0;
}

/* Returns true if the file's strings contain one of the words (NULL-terminated). Closes
 * fd. */
static bool file_names(int fd, const char *const *words)
{
	struct image image = {.fd = fd};
	bool found = false;
	char *text = NULL;
	size_t bytes = 0;
	uint64_t at;

	if (image.fd < 0)
		return false;
	if (read_parts(&image) && find_strings(&image, &at, &bytes))
		text = malloc(bytes);
	if (text && read_at(image.fd, text, bytes, at))
		for (; *words && !found; words++)
			found = memmem(text, bytes, *words, strlen(*words)) != NULL;
	free(text);
	close(image.fd);
	return found;
}

bool sanitizer_traces(pid_t pid)
{
	static const char *const words[] = {"libasan.so",       "liblsan.so",
					    "libclang_rt.asan", "__asan_init",
					    "__lsan_",          NULL};
	struct process process = process_named(pid);
	struct target_file file;

	return target_file_open_exe(&file, &process) && file_names(file.fd, words);
}

bool sanitizer_comes_first(const char *path)
{
	static const char *const words[] = {"libasan.so", "libclang_rt.asan", NULL};

	return file_names(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK),
			  words);
}
