/* SPDX-License-Identifier: MIT */
/* If a mapped file is truncated or changed while it is read, the reader crashes or
 * worse. Therefore a file is mapped only if no user but root and ours may change it. */
#include "source/elf/open.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "source/elf/image.h"

#define CRC_BYTES_FOREIGN (256ll << 20)
#define CRC_BYTES_MAX     (2ll << 30)
#define CRC_STEP          (1u << 20)
#define UNWIND_CHECKED    (4u << 20) /* bytes of trusted files; takes milliseconds */
#define COPIES_KEPT       64u
#define NOTES_MAX         (64u << 10)
#define NAME_MAX_BYTES    255u
#define FOLDER_MAX        3500

struct elf_copy {
	dev_t dev;
	ino_t ino;
	off_t bytes;
	struct timespec changed, made;
	int fd; /* -1 if it cannot be read */
	struct elf_copy *next;
};

void elf_opener_init(struct elf_opener *opener)
{
	memset(opener, 0, sizeof(*opener));
	file_budget_init(&opener->budget);
}

void elf_opener_release(struct elf_opener *opener)
{
	while (opener->copies) {
		struct elf_copy *next = opener->copies->next;

		if (opener->copies->fd >= 0)
			close(opener->copies->fd);
		free(opener->copies);
		opener->copies = next;
	}
}

static struct elf_copy *find_copy(const struct elf_opener *opener, const struct stat *st)
{
	struct elf_copy *copy = opener->copies;

	while (copy && (copy->dev != st->st_dev || copy->ino != st->st_ino ||
			copy->bytes != st->st_size ||
			!clock_same_timespec(copy->changed, st->st_mtim) ||
			!clock_same_timespec(copy->made, st->st_ctim)))
		copy = copy->next;
	return copy;
}

static struct elf_source source_of(const struct target_file *file)
{
	return (struct elf_source){.fd = file->fd, .length = (uint64_t)file->st.st_size};
}

/* Keeps only the newest copies, because each holds a descriptor. */
static void keep_newest(struct elf_opener *opener)
{
	struct elf_copy *copy = opener->copies;

	for (size_t i = 1; copy && i < COPIES_KEPT; i++)
		copy = copy->next;
	while (copy && copy->next) {
		struct elf_copy *old = copy->next;

		copy->next = old->next;
		if (old->fd >= 0)
			close(old->fd);
		free(old);
	}
}

int elf_open(struct elf_opener *opener, const struct target_file *file, const char *path)
{
	struct elf_source source = source_of(file);
	struct elf_copy *copy;

	if (!file->foreign && elf_file_is_plain(&source) &&
	    elf_file_unwinds_plainly(&source, UNWIND_CHECKED))
		return file->fd;
	copy = find_copy(opener, &file->st);
	if (!copy) {
		copy = calloc(1, sizeof(*copy));
		if (!copy) {
			close(file->fd);
			return -1;
		}
		copy->dev = file->st.st_dev;
		copy->ino = file->st.st_ino;
		copy->bytes = file->st.st_size;
		copy->changed = file->st.st_mtim;
		copy->made = file->st.st_ctim;
		copy->fd = elf_image_make(&source, path, &opener->budget);
		copy->next = opener->copies;
		opener->copies = copy;
		keep_newest(opener);
	}
	close(file->fd);
	return copy->fd >= 0 ? fcntl(copy->fd, F_DUPFD_CLOEXEC, 0) : -1;
}

size_t elf_build_id(const uint8_t *notes, size_t length, uint8_t id[ELF_ID_MAX])
{
	while (length >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;

		memcpy(&note, notes, sizeof(note));
		size_t left = length - sizeof(note);
		uint64_t name = ((uint64_t)note.n_namesz + 3) & ~3ull;
		uint64_t text = ((uint64_t)note.n_descsz + 3) & ~3ull;

		if (name > left || note.n_descsz > left - name)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + sizeof(note), "GNU", 4) == 0 && note.n_descsz > 0 &&
		    note.n_descsz <= ELF_ID_MAX) {
			memcpy(id, notes + sizeof(note) + name, note.n_descsz);
			return note.n_descsz;
		}
		if (text > left - name)
			return 0;
		notes += sizeof(note) + name + text;
		length = left - (size_t)(name + text);
	}
	return 0;
}

static size_t file_build_id(const struct elf_source *source, uint8_t id[ELF_ID_MAX])
{
	struct elf_file file;
	size_t length = 0;
	uint8_t *notes = malloc(NOTES_MAX);

	if (!notes || !elf_file_read(&file, source)) {
		free(notes);
		return 0;
	}
	for (size_t i = 0; i < file.nr_sections && length == 0; i++) {
		const Elf64_Shdr *section = &file.sections[i];

		if (section->sh_type == SHT_NOTE && section->sh_size <= NOTES_MAX &&
		    elf_source_read(source, section->sh_offset, notes,
				    (size_t)section->sh_size))
			length = elf_build_id(notes, (size_t)section->sh_size, id);
	}
	elf_file_release(&file);
	free(notes);
	return length;
}

static bool has_crc(struct elf_opener *opener, const struct target_file *file,
		    uint32_t wanted)
{
	off_t most = file->foreign ? CRC_BYTES_FOREIGN : CRC_BYTES_MAX, at = 0;
	unsigned char *bytes = malloc(CRC_STEP);
	uLong sum = crc32(0, NULL, 0);
	ssize_t got = bytes && file->st.st_size <= most ? 1 : 0;

	while (got > 0 && at <= most) {
		int64_t begin_ns = clock_mono_ns();

		got = pread(file->fd, bytes, CRC_STEP, at);
		if (got > 0)
			sum = crc32(sum, bytes, (uInt)got);
		at += got > 0 ? got : 0;
		if (!file->foreign)
			continue;
		file_budget_spend(&opener->budget, begin_ns);
		if (!file_budget_has_time(&opener->budget))
			break;
	}
	free(bytes);
	return got == 0 && at > 0 && sum == wanted;
}

int elf_open_debug(struct elf_opener *opener, const struct target_file *file,
		   const char *path, const uint8_t *id, size_t id_length, uint32_t crc)
{
	struct elf_source source = source_of(file);
	uint8_t own[ELF_ID_MAX];
	size_t length = id_length ? file_build_id(&source, own) : 0;
	bool fits = length ? length == id_length && memcmp(own, id, length) == 0
			   : has_crc(opener, file, crc);

	if (fits)
		return elf_open(opener, file, path);
	close(file->fd);
	return -1;
}

bool elf_link_path(char *out, size_t size, const char *file, const char *link,
		   unsigned way, bool *inside)
{
	const char *slash = strrchr(file, '/');
	const char *name = strrchr(link, '/');
	int folder = slash ? (int)(slash - file) : 0;

	*inside = way < 2;
	name = name ? name + 1 : link;
	if (way > 2 || !slash || slash - file > FOLDER_MAX || !name[0] ||
	    strnlen(name, NAME_MAX_BYTES + 1) > NAME_MAX_BYTES ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	int length = snprintf(out, size, "%s%.*s/%s%s", way == 2 ? ELF_DEBUG_ROOT : "",
			      folder, file, way == 0 ? ".debug/" : "", name);

	/* A file cannot be its own debug information; an empty path is never found. */
	if (way == 1 && strcmp(name, slash + 1) == 0)
		out[0] = '\0';
	return length > 0 && (size_t)length < size;
}
